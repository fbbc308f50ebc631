"""The header scan: apiVersion, kind and names of a document, read from its bytes without parsing it.

It answers only where YAML could not say it differently, and says None everywhere else; the full parse decides
then. The argument: at the start of a document nothing is open, so a first key of the simple form is a top-level
key, and so is the next one. Every other line that begins in column 0 is looked at too: each must be a simple key,
and none of the watched keys may come twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_END_OF_LINE = rb"[ \t]*(?:[ \t]\#[^\n]*)?"
_GAP = rb"(?:\n[ \t]*(?:\#[^\n]*)?)*"  # blank lines and comments
_API = rb"(?:[a-z0-9][a-z0-9.-]*/)?v[0-9]+(?:(?:alpha|beta)[0-9]+)?"
_KIND = rb"[A-Z][A-Za-z0-9]*"


def _key(name: bytes, value: bytes) -> bytes:
    return (
        rb"(?P<at_" + name + rb">" + name + rb"):[ ]+"
        rb"(?P<q_" + name + rb">[\"']?)(?P<" + name + rb">" + value + rb")(?P=q_" + name + rb")" + _END_OF_LINE
    )


_NEXT = rb"(?=\n[A-Za-z]|\Z)"
_API_FIRST = re.compile(
    rb"[ \t]*(?:\#[^\n]*)?"
    + _GAP
    + rb"\n"
    + _key(b"apiVersion", _API)
    + _GAP
    + rb"\n"
    + _key(b"kind", _KIND)
    + _GAP
    + _NEXT
)
_KIND_FIRST = re.compile(
    rb"[ \t]*(?:\#[^\n]*)?"
    + _GAP
    + rb"\n"
    + _key(b"kind", _KIND)
    + _GAP
    + rb"\n"
    + _key(b"apiVersion", _API)
    + _GAP
    + _NEXT
)
_ONE_API = re.compile(rb"\n" + _key(b"apiVersion", _API) + _GAP + _NEXT)
_ONE_KIND = re.compile(rb"\n" + _key(b"kind", _KIND) + _GAP + _NEXT)
# What begins a line in column 0, up to its colon; comments and list items are not keys.
_TOP = re.compile(rb"\n([^ \n#-][^:\n]*)")
_SIMPLE_KEY = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_BLANK_FIRST_LINE = re.compile(rb"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_NULL_KINDS = frozenset({b"Null", b"NULL"})
_NULLS = frozenset({b"null", b"Null", b"NULL", b""})

# The patterns below see one line at a time, of bounded length: nothing can make them backtrack for long.
_PLAIN = rb"[A-Za-z0-9_/][A-Za-z0-9_./@+=,() -]*|[A-Za-z0-9_/](?:[A-Za-z0-9_./:@+=-]*[A-Za-z0-9_./@+=-])?"
_SCALAR = rb"(?:" + _PLAIN + rb"|\"[^\"\\\n]*\"|'[^'\n]*')"
_LONG_LINE = 4096
_NAME = re.compile(rb"[ ]+(name|namespace):[ ]+(?:\"([^\"]*)\"|'([^']*)'|(.*?))[ ]*\Z")
# The usual beginning of the metadata, and what further down could say a name again.
_PLAIN_NAME = rb"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
_USUAL_NAMES = re.compile(
    rb"\nmetadata:\n  name: " + _PLAIN_NAME + rb"(?:\n  namespace: " + _PLAIN_NAME + rb")?(?=\n(?:  )?[A-Za-z]|\n?\Z)"
)
_NAMED_AGAIN = re.compile(rb"\n  (?:[^A-Za-z \n]|name)")
_SOURCE = re.compile(rb"\n# Source: ([^\n]*)")

_CLOSED_LINE = re.compile(
    rb"(?P<indent>[ ]*(?P<dash>(?:-[ ]+)*))(?P<key>(?:[A-Za-z0-9_./-]+|\"[^\"\\\n]*\"):(?=[ ]|\Z)[ ]*)?"
    rb"(?:(?P<block>[|>][-+]?)|\{\}|\[\]|" + _SCALAR + rb")?[ \t]*(?:[ ]\#.*)?\Z"
)
_PLAIN_ALONE = re.compile(rb"(?:" + _PLAIN + rb")\Z")

SIMPLE = 1
LIST = 2


class Header(NamedTuple):
    """`at` is the offset of the apiVersion key in the text; `is_list` where a top-level key `items` is there."""

    api_version: bytes
    kind: bytes
    at: int
    is_list: bool


class Names(NamedTuple):
    namespace: str | None
    name: str | None


NOT_KUBERNETES = Header(b"", b"", 0, False)
_verdicts: dict[tuple[bytes, ...], int] = {}


def _verdict(keys: tuple[bytes, ...]) -> int:
    """0: not of the simple form, 1: simple, 2: simple with `items`. Remembered: few sets of keys recur."""
    known = _verdicts.get(keys)
    if known is None:
        watched = [key for key in keys if key in (b"apiVersion", b"kind", b"metadata", b"items")]
        simple = len(set(watched)) == len(watched) and all(_SIMPLE_KEY.match(key) for key in keys)
        known = 0 if not simple else LIST if b"items" in watched else SIMPLE
        if len(_verdicts) < 10_000:
            _verdicts[keys] = known
    return known


def read_header(text: bytes) -> Header | None:
    """The header of one document; NOT_KUBERNETES where it has none; None where only a parse can tell.

    `text` begins with what follows `---` on its line (or with a newline), holds no tag, merge key, template,
    carriage return or Unicode line break outside block scalars, and no other document.
    """
    keys = tuple(_TOP.findall(text))
    verdict = _verdict(keys)
    if not verdict:
        return None
    match = _API_FIRST.match(text) or _KIND_FIRST.match(text)
    if match is None:
        return _far_header(text, keys, verdict)
    kind = match["kind"]
    if kind in _NULL_KINDS:
        return None
    return Header(match["apiVersion"], kind, match.start("at_apiVersion"), verdict == LIST)


def _far_header(text: bytes, keys: tuple[bytes, ...], verdict: int) -> Header | None:
    """apiVersion and kind apart from each other, as sorted ConfigMaps and `kubectl get` Lists have them."""
    if not _BLANK_FIRST_LINE.match(text):
        return None
    if b"apiVersion" not in keys or b"kind" not in keys:
        return NOT_KUBERNETES if keys else None
    api = _ONE_API.search(text)
    kind = _ONE_KIND.search(text)
    if api is None or kind is None or kind["kind"] in _NULL_KINDS:
        return None
    if verdict == LIST:
        if not set(keys) <= {b"apiVersion", b"items", b"kind", b"metadata"}:
            return None
    elif not all(closed for closed, _ in _lines(text[: max(api.start(), kind.start())])):
        return None
    return Header(api["apiVersion"], kind["kind"], api.start("at_apiVersion"), verdict == LIST)


def _lines(text: bytes) -> Iterator[tuple[bool, bytes]]:
    """The lines that are neither blank, nor comments, nor inside a block scalar.

    With each: whether it closes every quote and bracket that it opens, as far as one line can tell.
    """
    parent = -1  # column of the key whose block scalar the lines are in
    for line in text.split(b"\n"):
        bare = line.lstrip(b" ")
        if not bare.rstrip():
            continue
        if parent >= 0:
            if len(line) - len(bare) > parent:
                continue
            parent = -1
        if bare.startswith(b"#"):
            continue
        match = _CLOSED_LINE.match(line) if len(line) <= _LONG_LINE else None
        if match is not None and match["block"] is not None:
            parent = match.end("indent")
        yield match is not None and bool(match["key"] or match["dash"]), line


def outside_block_scalars(text: bytes) -> bytes:
    """The lines of `text` that can hold a tag, an anchor or a template: no comments, no block scalars."""
    return b"\n".join(line for _, line in _lines(text))


def read_names(text: bytes) -> Names | None:
    """metadata.name and .namespace of a document whose header was read; None where only a parse can tell."""
    usual = _USUAL_NAMES.search(text)
    if usual is not None and not {usual[1], usual[2]} & _NULLS:
        following = _TOP.search(text, usual.end())
        if not _NAMED_AGAIN.search(text, usual.end(), following.start() if following else len(text)):
            return Names(usual[2].decode() if usual[2] else None, usual[1].decode())
    block = metadata_block(text)
    if block is None:
        return Names(None, None)
    found: dict[bytes, str | None] = {}
    indent = 0
    valued = False
    for closed, line in _lines(block[1][len(b"\nmetadata:") :]):
        column = len(line) - len(line.lstrip(b" "))
        indent = indent or column
        if not closed or column < indent or (column > indent and valued):
            return None
        valued = False
        if column > indent:
            continue
        match = _NAME.match(line)
        if match is None:
            if line[column:].startswith((b'"', b"'", b"name", b"namespace")):
                return None
            continue
        quoted = match[2] if match[2] is not None else match[3]
        if quoted is None and match[4] not in _NULLS and not _PLAIN_ALONE.match(match[4]):
            return None
        value = quoted if quoted is not None else None if match[4] in _NULLS else match[4]
        found[match[1]] = None if value is None else value.decode("utf-8", "replace")
        valued = True
    return Names(found.get(b"namespace"), found.get(b"name"))


def metadata_block(text: bytes) -> tuple[int, bytes] | None:
    """The offset and text of the top-level `metadata` block, which can be parsed by itself."""
    at = text.find(b"\nmetadata:")
    if at < 0:
        return None
    following = _TOP.search(text, at + 1)
    return at, text[at : following.start() if following else len(text)]


def read_template(text: bytes, before: int) -> str | None:
    """Helm's `# Source:` comment above the document, without which there is no template."""
    match = _SOURCE.search(text, 0, before)
    return match[1].strip().decode("utf-8", "replace") if match else None
