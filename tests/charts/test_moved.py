"""Charts that have moved: known by the repository, and by a mirror of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8supgrade.charts.moved import load_moves, move_of

DATA = Path(__file__).parents[2] / "data"
MOVES = load_moves(str(DATA))


@pytest.mark.parametrize(
    "repository",
    ["https://grafana.github.io/helm-charts", "https://grafana.github.io/helm-charts/", "http://grafana.github.io/helm-charts"],
)  # fmt: skip
def test_a_chart_that_has_moved(repository: str) -> None:
    moved = move_of(repository, "grafana", MOVES)
    assert moved is not None
    assert (moved.repository, moved.chart, moved.since) == (
        "https://grafana-community.github.io/helm-charts", "grafana", "2026-01-30",
    )  # fmt: skip


def test_a_mirror_is_known_by_its_archives() -> None:
    archive = "https://github.com/grafana/helm-charts/releases/download/grafana-10.5.15/grafana-10.5.15.tgz"
    assert move_of("https://mirror.example.com", "grafana", MOVES, (archive,)) is not None
    assert move_of("https://mirror.example.com", "grafana", MOVES, ("https://example.com/grafana.tgz",)) is None


def test_another_chart_of_that_name_has_not_moved() -> None:
    assert move_of("https://charts.bitnami.com/bitnami", "grafana", MOVES) is None
    assert move_of("https://grafana.github.io/helm-charts", "alloy", MOVES) is None


def test_every_entry_has_its_sources() -> None:
    entries = yaml.safe_load((DATA / "charts" / "moved.yaml").read_text())
    assert all(source.startswith("https://") for entry in entries for source in entry["sources"])
    assert all(entry["sources"] for entry in entries)
