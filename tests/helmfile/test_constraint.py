"""Ranges as Helm decides them. The verdicts of constraints.tsv are those of the library that Helm uses."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.helmfile.constraint import MAX_LENGTH, parse_constraint, satisfies
from tests.helmfile import semver_table

VERSIONS = st.builds(
    "{}.{}.{}{}".format, *[st.integers(0, 3)] * 3, st.sampled_from(("", "", "-0", "-rc.1", "-gke.100", "+k3s1"))
)
RANGES = st.builds("{}{}".format, st.sampled_from(("", "!=", ">", "<", ">=", "<=", "~", "^")), VERSIONS)


def test_every_verdict_of_the_table() -> None:
    verdicts = list(semver_table.read())
    assert len(verdicts) == len(semver_table.constraints()) * len(semver_table.VERSIONS) > 25_000
    assert len({(one.modern, one.legacy) for one in verdicts}) >= 3
    wrong = [
        one
        for one in verdicts
        if (satisfies(one.constraint, one.version), satisfies(one.constraint, one.version, legacy=True)) != one[2:]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("constraint", "version", "modern", "legacy"),
    [
        # The suffix of a provider is a prerelease to Helm, that of k3s is not.
        (">=1.19.0", "v1.28.3-gke.100", False, False),
        (">=1.19.0-0", "v1.28.3-gke.100", True, True),
        (">=1.19.0", "v1.28.3+k3s1", True, True),
        # One `-0` is enough since 3.4; before, each comparison needs its own.
        (">=1.19.0-0 <1.30.0", "v1.28.3-eks-4096722", True, False),
        (">=1.19.0-0 <1.30.0", "1.30.0-gke.1", True, False),
        ("1.28", "1.28.9", True, True),
        (">1.28", "1.28.9", False, False),
        ("<=1.28", "1.28.9", True, True),
        ("", "1.28.0", False, False),
        (">=1.20.0 - 1.28.0", "1.25.0", False, False),
    ],
)
def test_what_surprises(constraint: str, version: str, modern: bool, legacy: bool) -> None:
    assert satisfies(constraint, version) is modern
    assert satisfies(constraint, version, legacy=True) is legacy


@given(RANGES, RANGES, VERSIONS, st.booleans())
def test_either_of_two_ranges(one: str, other: str, version: str, legacy: bool) -> None:
    either = satisfies(one, version, legacy=legacy) or satisfies(other, version, legacy=legacy)
    assert satisfies(f"{one} || {other}", version, legacy=legacy) is either


@given(RANGES, RANGES, VERSIONS)
def test_both_of_two_ranges_in_whatever_order(one: str, other: str, version: str) -> None:
    both = satisfies(one, version, legacy=True) and satisfies(other, version, legacy=True)
    assert satisfies(f"{one}, {other}", version, legacy=True) is both
    for legacy in (True, False):
        assert satisfies(f"{one} {other}", version, legacy=legacy) is satisfies(
            f"{other} {one}", version, legacy=legacy
        )


@given(RANGES, VERSIONS)
def test_what_old_rules_take_new_ones_take(constraint: str, version: str) -> None:
    if satisfies(constraint, version, legacy=True) and not constraint.startswith("!="):
        assert satisfies(constraint, version)


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_is_too_odd(constraint: str, version: str) -> None:
    assert satisfies(constraint, version) in (True, False)


@pytest.mark.parametrize("piece", [" ", "1", "1.", "x", ">=", "1 - ", "1 ", ",", "|", "||", "-1", "1 ,"])
def test_long_texts_take_no_time(piece: str) -> None:
    started = time.perf_counter()
    parse_constraint((piece * MAX_LENGTH)[:MAX_LENGTH])
    parse_constraint((piece * MAX_LENGTH)[: MAX_LENGTH - 1] + "!")
    assert time.perf_counter() - started < 2
    assert parse_constraint("1" + " " * MAX_LENGTH) is None
