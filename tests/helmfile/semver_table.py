"""Version ranges, versions, and what Masterminds/semver says of each pair: constraints.tsv.

The file is made by `python -m tests.e2e.test_semver`, which asks the real thing. Its first line says so; the second
has the versions; then there is a line for each constraint, with a `+` or `-` for each version as 3.4 decides, and as
3.3 does where that differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).with_name("constraints.tsv")
HEADER = (
    "# Verdicts of github.com/Masterminds/semver/v3 v3.4.0 | v3.3.0 on pairs of ours, "
    "made by `python -m tests.e2e.test_semver`: the versions, then a line for each constraint"
)

VERSIONS = (
    *("0.0.0", "0.0.1", "0.0.3", "0.0.4", "0.1.0", "0.2.3", "0.2.4", "0.3.0", "0", "1", "1.0.0", "1.0.1", "1.1.0"),
    *("1.2", "1.2.0", "v1.2.3", "1.2.3", "1.2.4", "1.2.10", "1.3.0", "1.10.0", "2.0.0", "2.3.4", "10.0.0", "01.02.03"),
    *("1.28", "1.28.0", "1.28.3", "v1.28.3", "1.29.0", "1.30.0", "1.28.3+k3s1", "v1.28.3+IKS", "1.28.3-eks-4096722"),
    *("v1.28.3-gke.100", "1.30.0-gke.1", "1.29.0-0", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-alpha.10", "1.2.3-beta"),
    *("1.2.3-0", "1.2.3-1", "1.2.3--", "1.2.3-rc.1+meta", "1.2.4-alpha", "1.3.0-rc.1", "2.0.0-rc.1", "0.2.4-0"),
    *("0.0.4-0", "0.0.0-0", "1.0.0-0", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3.4", "a", "", "1.x", " 1.2.3", "V1.2.3"),
    *("18446744073709551615.0.0", "18446744073709551616.0.0", "1.2.3-18446744073709551616", "1.2.3-a b", "١.2.3"),
)
_OPERATORS = ("", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^")
_BASES = (
    *("1", "1.2", "1.2.3", "0", "0.0", "0.0.0", "0.0.3", "0.2", "0.2.3", "1.28", "2.0.0"),
    *("*", "x", "1.x", "1.X.x", "1.2.*", "1.*.3", "0.x", "0.0.x", "x.2.3"),
    *("1.2.3-0", "1.2.3-beta.1", "1.28.0-0", "1.21.x-0", "1.x-0", "1-0", "*-0", "0.0.0-0", "0.0.3-0", "v1.2.3+meta"),
)
_ODD = (
    *("", " ", ",", "||", "|| 1.2.3", "1.2.3 ||", "a", ">", "==1.2.3", "!1.2.3", "<>1", "~~1", "^^1", "^~1", ">=>1"),
    *("1.2.3.4", "1.2.3.x", "1.2.3-", "1.2.3+", "1.2.3-01", "01.02.03", "^01", "V1.2.3", "vx", "xx", "1x", "x1", "1|2"),
    *(">= 1.2.3", ">=\t1.2.3", ">=  v1.2.3", "> = 1", " >=1.2.3 ", ">=1.2.3,", ",>=1.2.3", ">=1.2.3,,<2", ">=1.2.3;<2"),
    *(">=1.2.3<2.0.0", ">=1.2.3 <2.0.0", ">=1.2.3, <2.0.0", ">=1.2.3 , <2.0.0", ">=1.2.3 ,<2.0.0", ">=1.2.3,<2.0.0"),
    *(">=1.2.3 , , <2", "1.2.3 1.2.3", "1.2.3 1.2.4", "~1.2 !=1.2.4", "^1 !=1.2.x", "^1 != 1.28.3 != 1.29.0", "*, *"),
    *("1.2 - 2.3.4", "1.2.3 - 1.28", "1.2.3 -1.28", "1.2.3- 1.28", "1.2.3-1.28", "1 - 2 - 3", "1 - 2 || 10 - 11"),
    *(">=1.20.0 - 1.28.0", "1.2.0 - 1.x", "x - 1.2", "1.2.0 - 1.28.x !=1.2.4", "1.2.3-0 - 1.30.0-0", "v1 - v2"),
    *("1.2.3 - 1.28, !=1.3.0", "0.0.0-0 - *", "1.0.0 - 1.2.3-beta", " 1  -  2 ", "1 - 2, 1.28 - 1.29"),
    *("1.2.3 || 1.2.4", "1.2.3||1.2.4", "1.2.3 | 1.2.4", "<1 || >=2", "<1.2 || >=1.28 <1.30", "~0.2 || ^1.2 || >2"),
    *(">=1.19.0-0 <1.30.0", ">=1.19.0 <1.30.0-0", ">=1.19.0-0 <1.30.0-0", ">=1.19.0-0, !=1.28.3", ">1.19-0 <1.30"),
    *(">=1.19.0-0 || <1", ">=1.19.0 || 1.28.3-eks-4096722", "!=1.2.3-alpha", "!=1.2.x-0", "!=1.x-0 >0-0", "!=1.2.3"),
    *("!=1.28 >=1.0.0-0", "~1.28.0-0 !=1.28.3", "^1.20.0-0", "^1.29.0-0", ">=1.25.0-0", ">= 1.16.0-0", "^1.8.0-0"),
    *(">0.0.0-0", ">=0.0.0-0 <2", "*-0 <2", ">=1.21.x-0 <=1.30.x-0", ">=1.2.3-alpha.2", "<1.2.3-alpha.10", "<=1.2.3-0"),
    *("=1.2.3-alpha.1", "1.2.3-alpha.01", "1.2.3-rc.1+other", "1.2.3+a.b", "=1.2.3+", "~1.2.3-alpha", "^1.2.3-alpha.1"),
    *("~> 1.2", "~>1.2.3-0", "~ 1.2.x", "^ 1.x", "^0.x", "^0.0", "^0.0.x-0", "^0.0.3-0", "^0.2.3-0"),
    *("~0.0.0-0", "~0-0"),
    *(">18446744073709551614", "<18446744073709551616", "18446744073709551616", ">=1.2.3-18446744073709551616", "١"),
    *("latest", "{{ .Values.x }}", "1.2.3 # x", "'1.2.3'", "[1.0,2.0)", "1.2.+"),
    *(">=1.2.3\f<2", ">=1.2.3\v<2", ">=1\u00a0<2"),
)  # fmt: skip


class Verdict(NamedTuple):
    """`modern`: of 3.4; `legacy`: of 3.3."""

    constraint: str
    version: str
    modern: bool
    legacy: bool


def constraints() -> list[str]:
    return list(dict.fromkeys([*(operator + base for base in _BASES for operator in _OPERATORS), *_ODD]))


def table(asked: Callable[[str, list[tuple[str, str]]], list[bool]]) -> str:
    """The file's text; `asked(release, pairs)` gives the verdicts of a release of Masterminds/semver."""
    pairs = [(constraint, version) for constraint in constraints() for version in VERSIONS]
    verdicts = [["-+"[one] for one in asked(release, pairs)] for release in ("3.4.0", "3.3.0")]
    lines = [HEADER, "\t".join(VERSIONS)]
    for row, constraint in enumerate(constraints()):
        part = slice(row * len(VERSIONS), (row + 1) * len(VERSIONS))
        modern, legacy = ("".join(one[part]) for one in verdicts)
        lines.append(f"{_escaped(constraint)}\t{modern}" + (f"\t{legacy}" if legacy != modern else ""))
    return "\n".join(lines) + "\n"


def read() -> Iterator[Verdict]:
    _, versions, *rows = PATH.read_bytes().decode().removesuffix("\n").split("\n")
    for row in rows:
        constraint, modern, *legacy = row.split("\t")
        for version, one, other in zip(versions.split("\t"), modern, legacy[0] if legacy else modern, strict=True):
            yield Verdict(_plain(constraint), version, one == "+", other == "+")


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _plain(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")
