"""The small values that every step of the table shares."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STABILITY = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?$")
_LEVELS = {"alpha": 0, "beta": 1, None: 2}


class TableError(Exception):
    """Upstream has a form that these tools do not understand; guessing would put a wrong row in the table."""


@dataclass(frozen=True, slots=True, order=True)
class Api:
    """One group, version and kind."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


def parse_api(text: str) -> Api:
    """Read 'group/version Kind', the form that the committed files use."""
    api_version, _, kind = text.partition(" ")
    if not kind or " " in kind:
        raise TableError(f"{text!r}: expected 'group/version Kind'")
    group, _, version = api_version.rpartition("/")
    return Api(group, version, kind)


def stability(version: str) -> tuple[int, int, int]:
    """Sort key of a version: stable above beta above alpha, then the number."""
    match = _STABILITY.match(version)
    if match is None:
        raise TableError(f"{version!r}: not an API version")
    return _LEVELS[match[2]], int(match[1]), int(match[3] or 0)


def minor_number(text: str) -> int:
    """'1.22' → 22. There has been no major version but 1; another one needs a decision, not a guess."""
    major, _, minor = text.partition(".")
    if major != "1" or not minor.isdigit():
        raise TableError(f"{text!r}: expected a release such as '1.22'")
    return int(minor)


def release(minor: int) -> str:
    """The release as every file writes it, 22 → '1.22'."""
    return f"1.{minor}"


def to_ranges(minors: set[int], newest: int) -> list[str]:
    """Write a set of minors as ranges; an open end says that the newest release still has it.

    Open ranges keep the files stable: a new release changes only the rows that it changed.
    """
    ranges: list[str] = []
    for first in sorted(minor for minor in minors if minor - 1 not in minors):
        last = first
        while last + 1 in minors:
            last += 1
        if last == newest:
            ranges.append(f"{release(first)}-")
        else:
            ranges.append(release(first) if first == last else f"{release(first)}-{release(last)}")
    return ranges


def from_ranges(ranges: list[str], newest: int) -> set[int]:
    """The minors that the ranges name."""
    minors: set[int] = set()
    for text in ranges:
        first, dash, last = text.partition("-")
        start = minor_number(first)
        end = newest if dash and not last else minor_number(last or first)
        minors.update(range(start, end + 1))
    return minors
