"""`charts --diff` and `--write`: the proposed versions, put where the versions are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from k8supgrade.errors import UsageError
from k8supgrade.model.chart import ChartEntry
from k8supgrade.model.origin import ChartOrigin
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped
from k8supgrade.reports.text import plural


class Changed(NamedTuple):
    """`diff` as `git apply` takes it, and what to say beside it."""

    diff: str
    messages: tuple[str, ...]


def change(pins: Sequence[Pin | Skipped], entries: Sequence[ChartEntry], bump: str, *, writes: bool) -> Changed:
    """`bump`: smallest, for what is not ready, or latest, for everything that has a newer version that fits.

    Raises:
        UsageError: a file cannot be written.
    """
    from k8supgrade.helmfile.edit import Bump, diff, edits, write

    by_origin = {entry.origin: entry for entry in entries}
    wanted = [Bump(pin, to) for pin, to in _wanted(pins, by_origin, bump)]
    made, refused = edits(wanted)
    messages = [f"not changed: {one.reason}" for one in refused]
    if writes:
        try:
            write(made)
        except OSError as error:
            raise UsageError(f"{error.filename or 'a file'}: cannot be written: {error.strerror or error}") from error
        messages += [f"{one.path}: {plural(len(one.bumps), 'version')} changed" for one in made]
        messages += sorted(
            {f"run `helmfile deps`: {one.pin.lock_file} has to follow" for one in wanted if one.pin.lock_file}
        )
    if not made and not refused:
        messages.append("Nothing to bump.")
    return Changed(diff(made), tuple(messages))


def _wanted(
    pins: Sequence[Pin | Skipped], entries: Mapping[ChartOrigin, ChartEntry], bump: str
) -> Iterator[tuple[Pin, str]]:
    for pin in pins:
        entry = entries.get(pin.origin) if isinstance(pin, Pin) else None
        if entry is None or isinstance(pin, Skipped):
            continue
        chosen = entry.latest if bump == "latest" else entry.smallest
        if (
            chosen is None
            or chosen.version == (entry.pinned or "").removeprefix("v")
            or (bump == "smallest" and entry.status == "ready")
        ):
            continue
        yield pin, chosen.version
