"""Mutated manifests: whatever comes, reading ends soon, without an exception, and accounts for all that is there.

python -m tests.manifest.fuzz --count 100000 --seed 1
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

import yaml

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_manifests
from k8supgrade.manifest.records import Records
from tests.manifest import oracle

_MANIFESTS = Path(__file__).parent.parent / "manifests"
_SPECIALS = [
    *"{}[]:,-?|>!&*#%@`'\"\\ \t\n\r",
    *(
        "---",
        "\n---\n",
        "...",
        "\n...\n",
        "- ",
        ": ",
        "? ",
        "<<: *a",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "{{",
        "}}",
        "{{- x }}",
    ),
    *("|-\n", ">+2\n", "\ufeff", "\x85", "\u2028", "\0", "\x01", "\ud7ff", "\r\n", "%YAML 1.1\n---\n", "%TAG ! x\n"),
    *("apiVersion: v1\n", "kind: List\n", "items:\n", "- apiVersion: v1\n  kind: Pod\n", "metadata:\n  name: x\n"),
    *('"apiVersion": "v1",', '"kind": "List",', '"items": [', '{"a": 1}', "null", "~", "1e999", "9" * 40, "'", '"'),
    *("# Source: a/b.yaml\n", "  ", "\n  ", "\n\n", "# c\n", "name: ", "List", "policy/v1beta1", "PodDisruptionBudget"),
]
_KINDS = frozenset(
    (version, kind)
    for version in ("policy/v1beta1", "extensions/v1beta1", "v1", "apps/v1")
    for kind in ("PodDisruptionBudget", "Ingress", "Pod", "Deployment", "ConfigMap", "List", "AllowList")
)
_INTERESTS = [
    Interest(kinds=_KINDS),
    Interest(kinds=_KINDS, everything=True),
    Interest(kinds=_KINDS, bodies={"Pod": (b"",), "Ingress": (b"backend",)}, words=(b"name",)),
]
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
SLOW = 2.0  # seconds; seeds are a few kB


class Outcome(NamedTuple):
    inputs: int
    valid: int
    unreadable: int
    slowest: float


def seeds() -> list[bytes]:
    """The fixtures, some of them together."""
    texts = [
        path.read_bytes() for path in sorted(_MANIFESTS.rglob("*")) if path.is_file() and "expect" not in path.name
    ]
    return [text for text in texts if len(text) < 4000] + [
        texts[n] + b"---\n" + texts[n + 1] for n in range(0, len(texts) - 1, 3)
    ]


def mutate(data: bytes, others: list[bytes], source: random.Random) -> bytes:
    result = bytearray(data)
    for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
        at = source.randrange(len(result) + 1)
        what = source.randrange(8)
        if what == 0 and result:
            result[min(at, len(result) - 1)] = source.randrange(256)
        elif what == 1:
            other = source.choice(others)
            start = source.randrange(len(other) + 1)
            result[at : at + source.choice((0, 0, 5, 50))] = other[start : start + source.choice((5, 30, 200, 2000))]
        elif what == 2:
            del result[at:]
        elif what == 3:
            del result[at : at + source.choice((1, 2, 4, 20, 100))]
        elif what == 4:
            line = result.rfind(b"\n", 0, at) + 1
            result[line:line] = b" " * source.choice((1, 2, 4)) if source.random() < 0.7 else b"\t"
        elif what == 5:
            end = at + source.choice((3, 30, 300))
            result[at:at] = result[at:end] * source.choice((1, 2, 10))
        else:
            result[at:at] = source.choice(_SPECIALS).encode("utf-8", "replace")
    return bytes(result)


def check(data: bytes) -> str:
    """Reads `data` in every way; "valid", "other" or "unreadable".

    Raises:
        AssertionError: something was lost. Any other exception but UnreadableError is a fault as well.
    """
    try:
        readings = [_read(data, interest) for interest in _INTERESTS]
    except UnreadableError:
        return "unreadable"
    text = _text(data)
    if text is None:
        return "other"
    for records in readings:
        assert records.resources + records.others + len(records.faults) > 0 or _is_blank(text), "nothing was seen"
        lines = [one.line for one in records.found] + [fault.line for fault in records.faults]
        assert min(lines, default=1) >= 1, "a line before the first"
        assert max(lines, default=1) <= len(_LINE_END.split(text)), "a line behind the last"
    try:
        expected, _ = oracle.read(text)
    except (yaml.YAMLError, oracle.InvalidError, RecursionError):
        return "other"
    for records in readings:
        assert records.resources >= len(expected), f"{len(expected)} objects, {records.resources} seen"
        wanted = [one for one in expected if (one.api_version, one.kind) in _KINDS]
        found = [(one.api_version, one.kind, one.namespace, _name(one.name)) for one in records.found]
        size = 2 if text.lstrip().startswith("{") else 4  # a string of JSON may read otherwise as one of YAML
        for one in wanted:
            names = (one.api_version, one.kind, one.namespace, _name(one.name))
            assert names[:size] in {other[:size] for other in found}, f"{one} was missed"
    return "valid"


def _name(name: str | None) -> str | None:
    """Without the newline that a block scalar at the end of a document has, or has not."""
    return name.rstrip("\n") if name else name


def _read(data: bytes, interest: Interest) -> Records:
    parts = [data]
    return read_manifests(lambda size: parts.pop() if parts else b"", interest)


def _text(data: bytes) -> str | None:
    """As PyYAML may see it, where it is plain UTF-8."""
    if data[:2] == b"\x1f\x8b" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _is_blank(text: str) -> bool:
    telling = [line for line in _LINE_END.split(text) if line.strip() and not line.lstrip().startswith("#")]
    return all(line.startswith(("---", "...")) and not line[3:].split("#")[0].strip() for line in telling)


def run(count: int, seed: int, texts: list[bytes] | None = None) -> Outcome:
    source = random.Random(seed)
    texts = texts or seeds()
    valid = unreadable = 0
    slowest = 0.0
    for number in range(count):
        data = mutate(source.choice(texts), texts, source)
        if source.random() < 0.01:
            data = mutate(gzip.compress(data, mtime=0), texts, source)
        start = time.process_time()
        try:
            kind = check(data)
            took = time.process_time() - start
            assert took < SLOW, f"took {took:.1f} s"
        except Exception as error:
            raise AssertionError(f"input {number} of seed {seed}: {error!r}\n{data!r}") from error
        slowest = max(slowest, took)
        valid += kind == "valid"
        unreadable += kind == "unreadable"
    return Outcome(count, valid, unreadable, slowest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    one = run(options.count, options.seed)
    sys.stdout.write(
        f"{one.inputs} inputs, {one.valid} of them valid for PyYAML, {one.unreadable} unreadable as a whole; "
        f"the slowest took {one.slowest * 1000:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
