"""Our reading of versions and ranges against the library that Helm decides them with, in both of its generations.

Helm 3.16 to 3.18 have 3.3.0, Helm 3.19 has 3.4.0. The 3.3.1 between them, which no version may begin with a zero to,
is asked about the others.

`python -m tests.e2e.test_semver` makes tests/helmfile/constraints.tsv anew.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterable

import pytest

from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.helmfile.semver import is_strict, parse_version
from tests.e2e import binaries
from tests.helmfile import semver_table

PAIRS = 40_000
RELEASES = [("3.4.0", False), ("3.3.0", True), ("3.3.1", True)]
_LEADING_ZERO = re.compile(r"(?<![0-9A-Za-z-])v?0[0-9]")
_PIECES = ("0", "0", "1", "1", "2", "3", "9", "10", "28", "01", "x", "X", "*")
_ENDS = (
    *("", "", "", "", "-0", "-0", "-1", "-alpha", "-alpha.1", "-rc.10", "-gke.100", "-eks-4096722", "+k3s1", "-0+m"),
    *("-01", "-a.01", "--", "-", "+", ".4"),
)  # fmt: skip
_OPERATORS = ("", "", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "==", "> ", ">=  ")
_BETWEEN = (" ", ", ", ",", " , ", " || ", "||", " - ", " - ", "", "  ")


def ask(release: str, mode: str, lines: Iterable[str]) -> list[str]:
    text = "".join(f"{line}\n" for line in lines)
    program = [str(binaries.semver(release)), mode]
    return subprocess.run(program, input=text.encode(), capture_output=True, check=True).stdout.decode().split()


def verdicts(release: str, pairs: Iterable[tuple[str, str]]) -> list[bool]:
    """Ranges with tabulators or newlines in them are asked with spaces: to the library both are white space."""
    lines = [f"{constraint.translate(_SPACES)}\t{version}" for constraint, version in pairs]
    found = ask(release, "satisfies", lines)
    assert len(found) == len(lines)
    return [one == "true" for one in found]


_SPACES = {ord("\t"): " ", ord("\n"): " "}


def are_read(release: str, *texts: str) -> bool:
    return release != "3.3.1" or not any(_LEADING_ZERO.search(text) for text in texts)


def some_version(dice: random.Random, pieces: tuple[str, ...] = _PIECES[:10]) -> str:
    parts = [dice.choice(pieces) for _ in range(dice.choice((1, 2, 3, 3, 3)))]
    return dice.choice(("", "", "", "v")) + ".".join(parts) + dice.choice(_ENDS)


def some_constraint(dice: random.Random) -> str:
    text = ""
    for _ in range(dice.choice((1, 1, 2, 2, 3))):
        between = dice.choice(_BETWEEN) if text else dice.choice(("", "", "", " "))
        text += between + ("" if between == " - " else dice.choice(_OPERATORS)) + some_version(dice, _PIECES)
    return text


@pytest.mark.parametrize(("release", "legacy"), RELEASES)
def test_random_ranges(release: str, legacy: bool) -> None:
    dice = random.Random(20)
    pairs = [(some_constraint(dice), some_version(dice)) for _ in range(PAIRS)]
    pairs = [pair for pair in pairs if are_read(release, *pair)]
    theirs = verdicts(release, pairs)
    assert PAIRS / 20 < sum(theirs) < len(theirs) * 19 / 20
    ours = [satisfies(constraint, version, legacy=legacy) for constraint, version in pairs]
    assert [(pair, one) for pair, one, other in zip(pairs, theirs, ours, strict=True) if one != other] == []


@pytest.mark.parametrize("release", ["3.4.0", "3.3.1"])
def test_what_is_a_version(release: str) -> None:
    versions = [version for version in some_versions() if are_read(release, version)]
    theirs = ask(release, "parse", versions)
    ours = ["error" if parse_version(one) is None else "strict" if is_strict(one) else "loose" for one in versions]
    assert [(one, his) for one, his, mine in zip(versions, theirs, ours, strict=True) if his != mine] == []
    assert {"strict", "loose", "error"} == set(theirs)


@pytest.mark.parametrize("release", [release for release, _ in RELEASES])
def test_order(release: str) -> None:
    dice = random.Random(22)
    versions = [version for version in some_versions() if are_read(release, version)]
    pairs = [(dice.choice(versions), dice.choice(versions)) for _ in range(PAIRS)]
    theirs = ask(release, "compare", [f"{one}\t{other}" for one, other in pairs])
    assert [(pair, his) for pair, his in zip(pairs, theirs, strict=True) if his != compared(*pair)] == []
    assert {"-1", "0", "1", "error"} == set(theirs)


def some_versions() -> list[str]:
    dice = random.Random(21)
    return [*semver_table.VERSIONS, *(some_version(dice) for _ in range(2_000))]


def compared(one: str, other: str) -> str:
    left, right = parse_version(one), parse_version(other)
    if left is None or right is None:
        return "error"
    return str((left.order > right.order) - (left.order < right.order))


def test_the_table_is_what_the_library_says() -> None:
    assert semver_table.PATH.read_bytes().decode() == semver_table.table(verdicts)


if __name__ == "__main__":
    semver_table.PATH.write_bytes(semver_table.table(verdicts).encode())
