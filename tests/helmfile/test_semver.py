"""Versions of charts: what is one, and their order."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.helmfile.semver import Version, is_strict, newest_first, parse_version

# The order of semver.org, section 11, and around it; in each line what is equal.
ASCENDING = (
    ("0.0.0-0",),
    ("0.0.0", "0", "v0.0", "0.0.0+a"),
    ("0.9.10",),
    ("0.10.0-rc.1",),
    ("0.10.0",),
    ("1.0.0-0",),
    ("1.0.0-2",),
    ("1.0.0-10",),
    ("1.0.0-18446744073709551615",),
    ("1.0.0--",),
    ("1.0.0-18446744073709551616",),
    ("1.0.0-Alpha",),
    ("1.0.0-alpha", "v1-alpha"),
    ("1.0.0-alpha.1",),
    ("1.0.0-alpha.beta",),
    ("1.0.0-beta",),
    ("1.0.0-beta.2",),
    ("1.0.0-beta.11", "1.0.0-beta.11+build.5"),
    ("1.0.0-rc.1",),
    ("1.0.0", "01.00.00", "v1.0.0+x"),
    ("1.0.1",),
    ("18446744073709551615.0.0",),
)
NO_VERSIONS = (
    *("", "v", "V1.0.0", "1.x", "1.0.0.0", "1.0.0-", "1.0.0+", "1.0.0-01", "1.0.0-a..b", "1.0.0-a_b", " 1.0.0"),
    *("1.0.0\n", "1..0", "-1", "latest", "١.٠.٠", "18446744073709551616.0.0", "1.0.0-" + "a" * 251, "9" * 5_000),
)


def order(text: str) -> tuple[object, ...]:
    version = parse_version(text)
    assert version is not None, text
    return version.order


def test_order() -> None:
    flat = [text for equals in ASCENDING for text in equals]
    dice = random.Random(1)
    for _ in range(5):
        mixed = dice.sample(flat, len(flat))
        place = {text: rank for rank, equals in enumerate(ASCENDING) for text in equals}
        assert [place[text] for text in sorted(mixed, key=order)] == sorted(place.values())
    for equals in ASCENDING:
        assert len({order(text) for text in equals}) == 1


@pytest.mark.parametrize("text", NO_VERSIONS)
def test_what_is_no_version(text: str) -> None:
    assert parse_version(text) is None
    assert not is_strict(text)


def test_parts() -> None:
    assert parse_version("v01.2-rc.1+meta") == Version(1, 2, 0, "rc.1")
    assert parse_version("1") == Version(1, 0, 0)


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        ("1.2.3", True),
        ("1.2.3-rc.1+meta", True),
        ("1.2.3+01", True),
        ("0.0.0", True),
        ("v1.2.3", False),
        ("1.2", False),
        ("01.2.3", False),
        ("1.2.3-01", False),
    ],
)
def test_strict_versions(text: str, strict: bool) -> None:
    assert is_strict(text) is strict


def test_newest_first_leaves_out_what_is_no_version_and_keeps_the_order_of_equals() -> None:
    assert newest_first(["1.9.0", "latest", "v1.10.0", "1.10.0-rc.1", "1.10.0+b"]) == [
        *("v1.10.0", "1.10.0+b", "1.10.0-rc.1", "1.9.0")
    ]


@given(st.text(max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    version = parse_version(text)
    assert version is None or version.order == version.order
    assert is_strict(text) in (True, False)


@given(st.lists(st.from_regex(r"\A[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-[0-9a-b.-]{1,5})?\Z"), max_size=12))
def test_every_version_has_its_place(texts: list[str]) -> None:
    versions = newest_first(texts)
    assert sorted(versions) == sorted(text for text in texts if parse_version(text) is not None)
    assert all(order(one) >= order(other) for one, other in pairwise(versions))
