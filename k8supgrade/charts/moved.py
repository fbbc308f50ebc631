"""Charts that live on somewhere else: data/charts/moved.yaml."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import urlsplit

from k8supgrade.model.chart import Move

Moves = Mapping[tuple[str, str], Move]


def move_of(repository: str, chart: str, moves: Moves, archives: Sequence[str] = ()) -> Move | None:
    """Where the chart of a repository (its URL) has gone; None where nothing is known.

    `archives`: addresses of the chart's archives, which tell what a mirror is a mirror of.
    """
    found = moves.get((_key(repository), chart))
    if found is not None:
        return found
    of_chart = [move for (_, name), move in moves.items() if name == chart]
    return next((move for move in of_chart if any(url.startswith(move.archives) for url in archives)), None)


@cache
def load_moves(data: str) -> Moves:
    """The moves by repository and chart; `data` is the directory of the data files."""
    import yaml

    with open(os.path.join(data, "charts", "moved.yaml"), "rb") as file:
        entries = yaml.safe_load(file)
    found: dict[tuple[str, str], Move] = {}
    for entry in entries:
        to = entry["to"]
        for chart in entry["charts"]:
            found[_key(entry["repository"]), chart] = Move(
                repository=to["repository"],
                chart=to.get("chart", chart),
                archives=entry["archives"],
                since=entry["since"],
                is_end_of_life=entry.get("end-of-life", False),
                note=entry.get("note"),
                sources=tuple(entry["sources"]),
            )
    return found


def _key(url: str) -> str:
    """A repository is the same by http and https, with a slash at its end and without."""
    parts = urlsplit(url)
    return f"{(parts.hostname or '').lower()}{parts.path.rstrip('/')}"
