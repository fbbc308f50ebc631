"""What each cluster is judged against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from k8supgrade.cli.clusters import Asked, Reached, Unreached, entries
from k8supgrade.cli.contexts import Contexts
from k8supgrade.errors import UsageError
from k8supgrade.kube.api import JSON, ApiError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.verdict import Cluster
from k8supgrade.model.version import KubeVersion

TABLE = load_table()


class Named:
    """An API server that is only spoken of."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        raise ApiError("nobody asks it")


def reached(name: str, version: str) -> Reached:
    return Reached(Named(name), KubeVersion.parse(version))


OLD, MIDDLE, NEW = reached("old", "1.24"), reached("middle", "1.26"), reached("new", "1.27")
DOWN = Unreached("down", "connection refused")


def contexts(target: str, *clusters: Asked, current: str | None = None, more: Sequence[str] = ()) -> Contexts:
    now = None if current is None else KubeVersion.parse(current)
    return Contexts(TABLE, [target, *more], now, clusters)


def grouped(subject: Contexts) -> list[tuple[str, str | None, list[str], bool]]:
    """(target, current, clusters, whether files are judged in it)"""
    return [
        (
            str(context.target.kubernetes),
            None if context.current is None else str(context.current),
            [one.api.name if isinstance(one, Reached) else one.name for one in clusters],
            is_last,
        )
        for context, clusters, is_last in subject.groups()
    ]


def test_files_alone() -> None:
    assert grouped(contexts("1.28")) == [("1.28", None, [], True)]
    assert grouped(contexts("next", current="1.24")) == [("1.25", "1.24", [], True)]
    with pytest.raises(UsageError, match="--current"):
        contexts("next")


def test_one_cluster() -> None:
    assert grouped(contexts("next", OLD)) == [("1.25", "1.24", ["old"], True)]
    assert grouped(contexts("1.28", OLD)) == [("1.28", "1.24", ["old"], True)]
    assert grouped(contexts("latest", OLD)) == [(str(TABLE.newest), "1.24", ["old"], True)]


def test_next_is_another_version_for_another_cluster() -> None:
    """Files come last, with the newest target and what is true of all clusters."""
    subject = contexts("next", NEW, OLD, MIDDLE)
    assert grouped(subject) == [
        ("1.25", "1.24", ["old"], False),
        ("1.27", "1.26", ["middle"], False),
        ("1.28", "1.24", ["new"], True),
    ]
    assert (str(subject.target.kubernetes), str(subject.current)) == ("1.28", "1.24")


def test_clusters_with_the_same_target_share_what_is_known_of_it() -> None:
    assert grouped(contexts("1.28", NEW, OLD)) == [("1.28", "1.24", ["new", "old"], True)]
    assert grouped(contexts("next", OLD, reached("twin", "1.24"))) == [("1.25", "1.24", ["old", "twin"], True)]


def test_contexts_share_no_memory() -> None:
    found = [context.memory for context, _, _ in contexts("next", NEW, OLD, MIDDLE).groups()]
    assert len({id(memory) for memory in found}) == 3


def test_the_releases_of_add_ons_hold_for_all_clusters() -> None:
    found = list(contexts("next", NEW, OLD, more=["cert-manager=1.13"]).groups())
    assert [list(context.target.components) for context, _, _ in found] == [["cert-manager"]] * 2


def test_a_cluster_that_does_not_answer_is_judged_with_the_newest() -> None:
    assert grouped(contexts("next", DOWN, OLD, NEW)) == [
        ("1.25", "1.24", ["old"], False),
        ("1.28", "1.24", ["down", "new"], True),
    ]
    assert grouped(contexts("1.28", DOWN)) == [("1.28", None, ["down"], True)]
    with pytest.raises(UsageError, match="--current"):
        contexts("next", DOWN)


def test_a_cluster_that_is_newer_than_the_target() -> None:
    with pytest.raises(UsageError, match=r"cluster new, which runs 1\.27"):
        contexts("1.26", OLD, NEW)


def test_what_runs_now_can_be_said() -> None:
    assert grouped(contexts("next", OLD, NEW, current="1.27")) == [("1.28", "1.27", ["old", "new"], True)]


def test_the_reports_list_of_clusters() -> None:
    assert entries([NEW, DOWN]) == (
        Cluster(name="new", version="1.27", reached=True),
        Cluster(name="down", version=None, reached=False),
    )
