"""Streams that do not fit into memory are read in flat memory, and one that is too large costs itself only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.manifest.big_streams import FLAGGED, MIB, STREAMS, measure, scan

_SIZE = 64  # MiB; big_streams.py takes a --size
_REMOVED = '{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "%s"}}'
_LARGE = 'apiVersion: v1\n%skind: ConfigMap\n%smetadata:\n%s  name: large\n%sdata:\n%s  text: "'


@pytest.mark.parametrize("name", STREAMS)
def test_flat_memory(name: str) -> None:
    outcome = measure(name, _SIZE)
    assert outcome.resources == outcome.objects > 10_000
    assert outcome.findings == -(-outcome.objects // FLAGGED)
    assert outcome.skipped == []
    assert outcome.rss_mib < 150


def _filling(line: str) -> Iterator[str]:
    text = line * (MIB // len(line))
    for _ in range(70):
        yield text


def _documents() -> Iterator[str]:
    yield _REMOVED % "before" + "\n---\n" + _LARGE.replace("%s", "")
    yield from _filling("some text, ")
    yield '"\n---\n' + _REMOVED % "behind" + "\n"


def _yaml_list() -> Iterator[str]:
    yield "apiVersion: v1\nkind: List\nitems:\n- apiVersion: policy/v1beta1\n  kind: PodDisruptionBudget\n"
    yield "  metadata: {name: before}\n- " + _LARGE.replace("%s", "  ")
    yield from _filling("some text, ")
    yield '"\n- apiVersion: policy/v1beta1\n  kind: PodDisruptionBudget\n  metadata: {name: behind}\n'


def _json_list() -> Iterator[str]:
    yield '{"apiVersion": "v1", "items": [\n' + _REMOVED % "before" + ',\n{"apiVersion": "v1", "data": {"text": "'
    yield from _filling('{some text], \\"')
    yield '\\\\"}, "kind": "ConfigMap"},\n' + _REMOVED % "behind" + '\n], "kind": "List"}\n'


def _json_list_of_small_values() -> Iterator[str]:
    yield '{"apiVersion": "v1", "items": [\n' + _REMOVED % "before" + ',\n{"apiVersion": "v1", "data": {"list": ['
    yield from _filling('{"a": [1, "b"]}, ')
    yield '0]}, "kind": "ConfigMap"},\n' + _REMOVED % "behind" + '\n], "kind": "List"}\n'


@pytest.mark.parametrize(
    ("parts", "line"), [(_documents, 3), (_yaml_list, 7), (_json_list, 3), (_json_list_of_small_values, 3)]
)
def test_too_large(parts: object, line: int) -> None:
    assert callable(parts)
    outcome = scan(parts())
    assert outcome.skipped == [f"{line}: an object larger than 64 MiB"]
    assert outcome.resources == 2
    assert outcome.findings == 2
    assert outcome.rss_mib < 200
