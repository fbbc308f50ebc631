"""The header scan: apiVersion and kind of a document, read from its bytes without parsing it.

It answers only where YAML could not say it differently, and says None everywhere else; the full parse decides
then. The argument: at the start of a document nothing is open, so a first key of the simple form in column 0 is a
top-level key, and so is the next one. Every other line that begins in column 0 is looked at too: each must be a
simple key, and none of the watched keys may come twice. What stands further down counts only behind lines that
leave nothing open.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from k8supgrade.manifest.lines import all_closed

_END_OF_LINE = rb"[ \t]*(?:[ \t]\#[^\n]*)?"
_GAP = rb"(?:\n[ ]*(?:\#[^\n]*)?)*"  # blank lines and comments; a tab there is an error
_API = rb"(?:[a-z0-9][a-z0-9.-]*/)?v[0-9]+(?:(?:alpha|beta)[0-9]+)?"
_KIND = rb"[A-Z][A-Za-z0-9]*"


def _key(name: bytes, value: bytes) -> bytes:
    return (
        rb"(?P<at_" + name + rb">" + name + rb"):[ ]+"
        rb"(?P<q_" + name + rb">[\"']?)(?P<" + name + rb">" + value + rb")(?P=q_" + name + rb")" + _END_OF_LINE
    )


_NEXT = rb"(?=\n[A-Za-z]|\Z)"
_LEAD = rb"[ \t]*(?:\#[^\n]*)?" + _GAP
_API_KEY = _key(b"apiVersion", _API)
_KIND_KEY = _key(b"kind", _KIND)
_API_FIRST = re.compile(_LEAD + rb"\n" + _API_KEY + _GAP + rb"\n" + _KIND_KEY + _GAP + _NEXT)
_KIND_FIRST = re.compile(_LEAD + rb"\n" + _KIND_KEY + _GAP + rb"\n" + _API_KEY + _GAP + _NEXT)
_ONE_API = re.compile(rb"\n" + _API_KEY + _GAP + _NEXT)
_ONE_KIND = re.compile(rb"\n" + _KIND_KEY + _GAP + _NEXT)
_STARTS_WITH_KEY = re.compile(_LEAD + rb"\n[A-Za-z_]")
# What begins a line in column 0, up to its colon and one character more; comments and list items are not keys.
TOP = re.compile(rb"\n([^ \n#-][^:\n]*:?.?)")
_SIMPLE_KEY = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]*:[ ]?\Z")
_NULL_KINDS = frozenset({b"Null", b"NULL"})

# What the keys of a document tell; 0 where they are not all of the simple form.
_SIMPLE = 1
_ITEMS = 2
_BOTH = 4
_MERE_LIST = 8
_WATCHED = frozenset({b"apiVersion", b"kind", b"metadata", b"items"})


class Header(NamedTuple):
    """`at` is the offset of the apiVersion key; at the offset `closed` nothing is open, and no metadata is before it.

    `is_list` where a top-level key `items` is there.
    """

    api_version: bytes
    kind: bytes
    at: int
    closed: int
    is_list: bool


NOT_KUBERNETES = Header(b"", b"", 0, 0, False)
_verdicts: dict[tuple[bytes, ...], int] = {}


def _verdict(keys: tuple[bytes, ...]) -> int:
    """Remembered: few sets of keys recur."""
    known = _verdicts.get(keys)
    if known is None:
        names = [key.rstrip(b": ") for key in keys]
        watched = [name for name in names if name in _WATCHED]
        known = 0
        if len(set(watched)) == len(watched) and all(_SIMPLE_KEY.match(key) for key in keys):
            known = _SIMPLE
            known |= _ITEMS if b"items" in watched else 0
            known |= _BOTH if b"apiVersion" in watched and b"kind" in watched else 0
            known |= _MERE_LIST if len(watched) == len(names) else 0
        if len(_verdicts) < 10_000:
            _verdicts[keys] = known
    return known


def read_header(text: bytes) -> Header | None:
    """The header of one document; NOT_KUBERNETES where it has none; None where only a parse can tell.

    `text` begins with what follows `---` on its line (or with a newline), holds no tag, merge key, template,
    carriage return or Unicode line break outside block scalars, and no other document.
    """
    keys = tuple(TOP.findall(text))
    verdict = _verdict(keys)
    if not verdict:
        return None
    match = _API_FIRST.match(text) or _KIND_FIRST.match(text)
    if match is None:
        return _far_header(text, verdict) if keys else None
    kind = match["kind"]
    if kind in _NULL_KINDS:
        return None
    return Header(match["apiVersion"], kind, match.start("at_apiVersion"), match.end(), bool(verdict & _ITEMS))


def _far_header(text: bytes, verdict: int) -> Header | None:
    """apiVersion and kind apart from each other, as sorted ConfigMaps and `kubectl get` Lists have them."""
    if not _STARTS_WITH_KEY.match(text):
        return None
    if not verdict & _BOTH:
        # Where it speaks of an apiVersion, the indentation may be what is wrong with it.
        return None if b"apiVersion:" in text else NOT_KUBERNETES
    api = _ONE_API.search(text)
    kind = _ONE_KIND.search(text)
    if api is None or kind is None or kind["kind"] in _NULL_KINDS:
        return None
    is_list = bool(verdict & _ITEMS) and kind["kind"].endswith(b"List")
    if is_list:  # its reader looks at what is before and behind the items
        if not verdict & _MERE_LIST:
            return None
    elif not all_closed(text[: max(api.start(), kind.start())]):
        return None
    return Header(api["apiVersion"], kind["kind"], api.start("at_apiVersion"), 0, bool(verdict & _ITEMS))


def read_template(text: bytes) -> str | None:
    """Helm's `# Source:` comment above the document, without which there is no template."""
    if b"# Source: " not in text:
        return None
    for line in text.split(b"\n")[1:]:
        if line.startswith(b"# Source: "):
            return line[len(b"# Source: ") :].strip().decode("utf-8", "replace")
        if line.strip() and not line.lstrip().startswith(b"#"):
            return None
    return None
