"""Versions of charts: semantic versions as Helm orders them, read loosely or strictly.

Rules after github.com/Masterminds/semver/v3 (version.go, `NewVersion` and `StrictNewVersion`, `Compare`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

_LOOSE = re.compile(
    r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?\Z",
    re.ASCII,
)
_STRICT = re.compile(r"\d+\.\d+\.\d+(?:[-+].*)?\Z", re.ASCII)
_MAX = 2**64 - 1
_MAX_LENGTH = 256  # of 3.5, which is the first to have a limit
_LEADING_ZERO = re.compile(r"0\d+\Z", re.ASCII)


class Version(NamedTuple):
    """`prerelease` without its `-`, "" where there is none; metadata counts for nothing and is not kept."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        """A key that sorts versions as semver does: a prerelease before its release, numbers before words."""
        if not self.prerelease:
            return (self.major, self.minor, self.patch, 1)
        return (self.major, self.minor, self.patch, 0, tuple(map(_part, self.prerelease.split("."))))


def _part(text: str) -> tuple[int, int, str]:
    """What is too large for a number is a word."""
    return (0, int(text), "") if text.isdigit() and int(text) <= _MAX else (1, 0, text)


@cache
def parse_version(text: str) -> Version | None:
    """`1.2.3-rc.1+x`, also `v1.2`; None where it is no version to Helm."""
    match = _LOOSE.match(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    major, minor, patch, prerelease, _ = match.groups()
    if prerelease and any(_LEADING_ZERO.match(part) for part in prerelease.split(".")):
        return None
    numbers = int(major), int(minor or 0), int(patch or 0)
    return None if max(numbers) > _MAX else Version(*numbers, prerelease or "")


def is_strict(text: str) -> bool:
    """Whether it is a version as semver.org writes it, which OCI tags have to be for Helm."""
    if parse_version(text) is None or not _STRICT.match(text):
        return False
    return not any(_LEADING_ZERO.match(part) for part in re.split(r"[-+]", text)[0].split("."))


def newest_first(versions: list[str]) -> list[str]:
    """Sorted as Helm sorts an index; what is no version is left out."""
    known = [(version, parsed) for version in versions if (parsed := parse_version(version)) is not None]
    return [version for version, _ in sorted(known, key=lambda pair: pair[1].order, reverse=True)]
