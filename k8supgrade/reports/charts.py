"""Pinned charts in words: what the text formats say alike."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from k8supgrade.model.chart import ChartEntry, ChartVersion
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports.text import clean, plural

# The worst first.
ORDER = ("not-ready", "unknown", "ready")
WORDS = {"not-ready": "not ready", "unknown": "unknown", "ready": "ready"}


class Group(NamedTuple):
    """Entries that differ in nothing but the environment, and in where they stand."""

    entry: ChartEntry
    environments: tuple[str, ...]
    places: tuple[str, ...]


def groups(verdict: Verdict) -> list[Group]:
    """What is not ready comes first, then by release."""
    same: dict[ChartEntry, list[ChartEntry]] = {}
    for entry in verdict.charts:
        same.setdefault(replace(entry, environment=None, path="", line=0), []).append(entry)
    found = [
        Group(
            entries[0],
            tuple(clean(entry.environment) for entry in entries if entry.environment is not None),
            tuple(dict.fromkeys(f"{clean(entry.path)}:{entry.line}" for entry in entries)),
        )
        for entries in same.values()
    ]
    return sorted(found, key=lambda group: (ORDER.index(group.entry.status), group.entry.installed is False,
                                            release_name(group.entry), group.entry.sort_key()))  # fmt: skip


def counts(verdict: Verdict) -> str:
    """`3 not ready, 1 unknown, 5 ready`"""
    numbers = {status: sum(entry.status == status for entry in verdict.charts) for status in ORDER}
    return ", ".join(f"{number:,} {WORDS[status]}" for status, number in numbers.items() if number)


def title(verdict: Verdict, target: str) -> str:
    return f"{plural(len(verdict.charts), 'pinned chart')} for {target}: {counts(verdict)}"


def release_name(entry: ChartEntry) -> str:
    name = clean(entry.release)
    return f"{clean(entry.namespace)}/{name}" if entry.namespace else name


def version_text(version: ChartVersion | None) -> str:
    """`1.2.3 (app 10.0)`, "" for none."""
    if version is None:
        return ""
    return (
        f"{clean(version.version)} (app {clean(version.app_version)})"
        if version.app_version
        else clean(version.version)
    )


def pinned_text(entry: ChartEntry) -> str:
    if entry.pinned is None:
        return "(no version pinned)"
    return version_text(ChartVersion(version=entry.pinned, app_version=entry.app_version))


def bump_text(entry: ChartEntry) -> str:
    """What to do: `bump to 1.2.3, latest that fits 2.0.0`; "" where there is nothing to do."""
    if entry.status == "ready":
        newer = entry.latest is not None and entry.latest.version != (entry.pinned or "").removeprefix("v")
        return f"latest that fits: {version_text(entry.latest)}" if newer else ""
    if entry.smallest is None:
        return "no version fits: see the reasons" if entry.status == "not-ready" else ""
    text = f"bump to {version_text(entry.smallest)}"
    return text if entry.latest in (None, entry.smallest) else f"{text}, latest that fits: {version_text(entry.latest)}"
