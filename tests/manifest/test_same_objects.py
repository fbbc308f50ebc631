"""The header scan and the full parse see the same objects, and they are those that PyYAML sees."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import HealthCheck, given, note, settings

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import read_manifests
from k8supgrade.manifest.records import Found, Records
from tests.manifest import oracle, texts

_ALL = frozenset(
    (api, kind + suffix)
    for api in (*texts.APIS, "merged/v1")
    for kind in (*texts.KINDS, "Merged", "Last", "")
    for suffix in ("", "List")
)
BY_HEADER = Interest(kinds=_ALL)
IN_FULL = Interest(kinds=_ALL, everything=True)


def read(text: str, interest: Interest) -> Records:
    data = [text.encode()]
    return read_manifests(lambda size: data.pop() if data else b"", interest)


def shown(found: list[Found]) -> list[Any]:
    return [one._replace(manifest=None) for one in found]


def disk_lines(text: str) -> list[int]:
    """For each line that YAML counts, that of an editor, for which NEL, LS and PS end none."""
    result = [1]
    for end in re.findall("\r\n|[\n\r\x85\u2028\u2029]", text):
        result.append(result[-1] + (end[0] in "\r\n"))
    return result


def check(text: str) -> None:
    by_header = read(text, BY_HEADER)
    in_full = read(text, IN_FULL)
    note(f"by header: {by_header.found} {by_header.faults} {by_header.others}")
    note(f"in full:   {in_full.found} {in_full.faults} {in_full.others}")
    if not in_full.faults:
        assert shown(by_header.found) == shown(in_full.found)
        assert not by_header.faults
        assert (by_header.resources, by_header.others) == (in_full.resources, in_full.others)
    elif "List" not in text:
        # What comes before a fault (or behind it, in another document) is seen either way; of a List, the header
        # scan sees more, item by item.
        seen = {(one.line, one.api_version, one.kind) for one in by_header.found}
        assert {(one.line, one.api_version, one.kind) for one in in_full.found} <= seen
    try:
        expected, others = oracle.read(text)
    except (yaml.YAMLError, oracle.InvalidError):
        return
    note(f"PyYAML:    {expected}, {others} others")
    assert not in_full.faults
    lines = disk_lines(text)
    wanted = [one._replace(line=lines[one.line - 1]) for one in expected if (one.api_version, one.kind) in _ALL]
    assert [oracle.Seen(one.line, *one[2:6]) for one in in_full.found if (one.api_version, one.kind) in _ALL] == wanted


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts.streams())
def test_same_objects(text: str) -> None:
    check(text)
