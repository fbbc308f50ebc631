"""YAML looked at line by line: which lines leave nothing open, and which are the text of block scalars."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8supgrade.manifest.text import first_bad_byte

# The patterns below see one line at a time, of bounded length: nothing can make them backtrack for long.
PLAIN = rb"[A-Za-z0-9_/][A-Za-z0-9_./@+=,() -]*|[A-Za-z0-9_/](?:[A-Za-z0-9_./:@+=-]*[A-Za-z0-9_./@+=-])?"
_SCALAR = rb"(?:" + PLAIN + rb"|\"[^\"\\\x00-\x1f\x7f]*\"|'[^'\x00-\x1f\x7f]*')"
_LONG_LINE = 4096
_CLOSED_LINE = re.compile(
    rb"(?P<indent>[ ]*(?P<dash>(?:-[ ]+)*))(?P<key>(?:[A-Za-z0-9_./-]+|\"[^\"\\\n]*\"):(?=[ ]|\Z)[ ]*)?"
    rb"(?:(?P<block>[|>][-+]?)|\{\}|\[\]|" + _SCALAR + rb")?[ \t]*(?:[ ]\#.*)?\Z"
)

_UNICODE_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")

_FORCING = re.compile(rb"\{\{|<<|!")
_ALIAS = re.compile(rb"[ \[,]\*[A-Za-z0-9_-]")
_MANY_ALIASES = 10

# What stands before an opening quote, in block as in flow style (and the backslash of an escaped quote).
_BEFORE_QUOTE = rb"\s,\[{:"
_LAST_DOUBLE = re.compile(rb'"(?<![^' + _BEFORE_QUOTE + rb'\\]")[^"\n]*(?:\n|\Z)')
_LAST_SINGLE = re.compile(rb"'(?<![^" + _BEFORE_QUOTE + rb"']')[^'\n]*(?:\n|\Z)")
_EMPTY_SINGLE = re.compile(rb"[^']*[" + _BEFORE_QUOTE + rb"]''\Z")


def lines(text: bytes) -> Iterator[tuple[bool, bytes]]:
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


def all_closed(text: bytes) -> bool:
    """Whether nothing is open behind `text`: what follows it in column 0 is a key of the top level."""
    return all(closed for closed, _ in lines(text))


def outside_block_scalars(text: bytes) -> bytes:
    """The lines of `text` that can hold a tag, an anchor or a template: no comments, no block scalars."""
    return b"\n".join(line for _, line in lines(text))


def must_parse(piece: bytes) -> bool:
    """Whether something in the document may make YAML say it differently, or be a fault that is to be found."""
    if has_unicode_break(piece) or (b"&" in piece and len(_ALIAS.findall(piece)) >= _MANY_ALIASES):
        return True
    if _FORCING.search(piece) and _FORCING.search(outside_block_scalars(piece)):
        return True
    return not piece.isascii() and first_bad_byte(piece) is not None


def may_stay_open(text: bytes) -> bool:
    """Whether a quote may be opened in one line of `text` and closed in a later one. Errs on the side of yes.

    A quote that stays open is the last of its sort on its line, or only escaped ones follow it.
    """
    if b'"' in text and _LAST_DOUBLE.search(text):
        return True
    if b"'" not in text:
        return False
    for match in _LAST_SINGLE.finditer(text):
        line = text[text.rfind(b"\n", 0, match.start()) + 1 : match.start() + 1]
        if len(line) > _LONG_LINE or not _EMPTY_SINGLE.match(line):
            return True
    return False


def is_blank(piece: bytes) -> bool:
    """Whether nothing but comments and blank lines is there."""
    if has_unicode_break(piece):
        return False  # it may end a comment
    return not any(line.strip() and not line.lstrip().startswith(b"#") for line in piece.split(b"\n"))


def has_unicode_break(piece: bytes) -> bool:
    """Whether a line may end where no newline is: NEL, LS and PS end one in YAML 1.1."""
    return any(mark in piece for mark in _UNICODE_BREAKS)


def split_directives(piece: bytes) -> tuple[bytes, bytes]:
    """A document, and the directives behind it for the next one; b"" where there is none of them.

    The directives begin with a newline, and what they leave of the document is empty where it says nothing.
    """
    at = piece.find(b"\n%")
    behind = piece[max(at, 0) :]
    if at < 0 or b'"' in behind or b"'" in behind:  # it may be in a string
        return piece, b""
    telling = [line for line in behind.split(b"\n") if line.strip() and not line.lstrip().startswith(b"#")]
    if not all(line.startswith(b"%") for line in telling):
        return piece, b""
    document = piece[:at]
    if is_blank(document):
        return b"", b"\n" * document.count(b"\n") + behind
    return document, behind
