"""What reading a text gives: plain tuples, cheap to make and to send between processes."""

from __future__ import annotations

from typing import Any, NamedTuple


class Found(NamedTuple):
    """An object that a check wants to see. `line` counts from 1, `position` from 0 among the objects of the file.

    `is_listed`: it is an item of a List (told only where the object is parsed, that is, has a `manifest`).
    """

    line: int
    position: int
    api_version: str
    kind: str
    namespace: str | None
    name: str | None
    template: str | None
    duplicates: tuple[str, ...]
    manifest: dict[str, Any] | None
    is_listed: bool = False


class Fault(NamedTuple):
    """A place that could not be read, and why. `line` counts from 1."""

    line: int
    reason: str


class Records:
    """The sink of one file: what was found, what could not be read, how much there was.

    `resources` counts objects (a List's items, not the List), `others` documents that are no such objects.
    """

    __slots__ = ("faults", "found", "others", "resources")

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.faults: list[Fault] = []
        self.resources = 0
        self.others = 0

    def fault(self, line: int, reason: str) -> None:
        self.faults.append(Fault(line, reason))

    def begin(self) -> Records:
        """Empty, and counting on from here: what is read into it can be added, or dropped for a better reading."""
        attempt = Records()
        attempt.resources = self.resources
        attempt.others = self.others
        return attempt

    def add(self, attempt: Records) -> None:
        """Takes over what was read into `begin()`."""
        self.found += attempt.found
        self.faults += attempt.faults
        self.resources = attempt.resources
        self.others = attempt.others

    def take(self) -> tuple[list[tuple[Any, ...]], list[tuple[int, str]]]:
        """What was found and what could not be read since the last time, as plain values; the counts stay."""
        taken = [tuple(one) for one in self.found], [(one.line, one.reason) for one in self.faults]
        self.found.clear()
        self.faults.clear()
        return taken

    @property
    def is_empty(self) -> bool:
        return not (self.found or self.faults or self.resources or self.others)
