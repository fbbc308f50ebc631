"""Input that is made to take all the time or memory there is: read in bounded time, and said to be skipped."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

import pytest

from k8supgrade.manifest import source
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_manifests
from k8supgrade.manifest.records import Records

_HEADER = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n"
_BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_DEEP = 100_000
_ALL = Interest(kinds=frozenset({("policy/v1beta1", "PodDisruptionBudget")}))
_STRICT = Interest(kinds=_ALL.kinds, everything=True)


def _read(data: bytes, interest: Interest = _ALL, seconds: float = 4) -> Records:
    parts: Iterator[bytes] = iter([data])
    start = time.process_time()
    records = read_manifests(lambda size: next(parts, b""), interest)
    assert time.process_time() - start < seconds
    return records


@pytest.mark.parametrize("interest", [_ALL, _STRICT], ids=["by-header", "in-full"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_BOMB, "excessive aliasing"),
        ("items:\n- " + _BOMB.replace("\n", "\n  "), "excessive aliasing"),
        ("spec: " + "[" * _DEEP, "nested deeper"),
        ("spec: " + "[" * _DEEP + "]" * _DEEP, "nested deeper"),
        ("spec: " + "{a: " * _DEEP + "}" * _DEEP, "nested deeper"),
        ("spec:\n" + "".join(f"{' ' * (n + 1)}a:\n" for n in range(2000)), "nested deeper"),
        ("spec: !x " + "- " * _DEEP, "not valid"),
        ("spec: !x\n  " + "- " * _DEEP + "a", "nested deeper"),
        ("spec: !x " + "? " * _DEEP, "not valid"),
        ("spec: !x\n  " + "&a " * _DEEP, "not valid"),
        ("spec: !x\n" + "  a: b\n" * 100_000 + "  - c", "not valid"),
        ("spec: !" + "x" * 300_000 + " [", "not valid"),
        ("spec: !x " + "'" * 300_001, "not valid"),
        ("spec: !x {" + "a," * 100_000, "not valid"),
    ],
)
@pytest.mark.parametrize("header", [_HEADER, ""], ids=["object", "no-object"])
def test_yaml(text: str, reason: str, header: str, interest: Interest) -> None:
    records = _read((header + text + "\n---\n" + _HEADER).encode(), interest, seconds=12)
    reasons = [fault.reason for fault in records.faults]
    if interest.everything or "!" in text or "*" in text:
        assert len(reasons) == 1
        assert reason in reasons[0]
    # The object is judged, and so is what comes behind it.
    assert len(records.found) == 1 + bool(header)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ' + "[" * _DEEP + "]" * _DEEP + "}",
        '{"a": ' * _DEEP + "1" + "}" * _DEEP,
        '{"a": ' * _DEEP,
        '{"a": ' * 3000 + "1" + "}" * 3000,
        '{"a": "' + "\\" * 300_001,
        '{"a": ' + "9" * 100_000 + "}",
        '{"a": {"b": [' + '"",' * 100_000,
        '{"items": [' + "{}," * 100_000,
    ],
)
def test_json(text: str) -> None:
    good = '{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}'
    records = _read((text + "\n" + good).encode())
    assert len(records.faults) == 1
    assert len(records.found) == 1


@pytest.mark.parametrize("depth", [300, 490, 990, 1500])
def test_depth_that_json_allows(depth: int) -> None:
    value = json.loads("[" * depth + "]" * depth) if depth < 900 else None
    text = '{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "a": ' + "[" * depth + "]" * depth + "}"
    records = _read(text.encode(), Interest(kinds=_ALL.kinds, words=(b"policy",)))
    assert len(records.found) == 1
    assert bool(records.faults) == (value is None)


@pytest.mark.parametrize(
    "line",
    [
        "a: 'b ",
        "- 'a '' '' '' '' ",
        'a: "\\" \\" \\" \\" ',
        "  - - - - ",
        "? ",
        "  name: name: ",
        "items:\n- ",
        "# Source: ",
        "metadata:\n  name: a\n",
        "&a *a ",
        "...\n%YAML 1.1\n",
        "%\n",
        "---\n",
        "--- ",
        "\x85",
        "\u2028",
        "\t",
        "a:",
        "!<",
        "{{",
        "- apiVersion: v1\n  kind: Pod\n  x: '\n",
        "\\",
    ],
)
@pytest.mark.parametrize("head", ["", _HEADER, "apiVersion: v1\nkind: List\nitems:\n", "{", "apiVersion: v1\nx: "])
def test_no_pattern_takes_long(head: str, line: str) -> None:
    text = head + line * (200_000 // len(line))
    _read(text.encode(), seconds=8)
    _read((head + (line * (200_000 // len(line))).replace("\n", " ")).encode(), seconds=8)


def test_gzip_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_DENSE_BYTES", 16 * 1024 * 1024)
    records = _read(gzip.compress(_HEADER.encode() + b"---\n" + b"# filling\n" * 5_000_000))
    assert [fault.reason for fault in records.faults] == ["gzip data that expands without end"]
    assert len(records.found) == 1


def test_gzip_bomb_of_nothing() -> None:
    with pytest.raises(UnreadableError, match="a binary file"):
        _read(gzip.compress(b"\0" * 50_000_000))
