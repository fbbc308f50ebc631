"""What an action of a template leaves in the text: a value, or a hole where nothing is known."""

from __future__ import annotations

import re
from typing import Any

from k8supgrade.helmfile.template import Action
from k8supgrade.helmfile.text import Pieces, Source
from k8supgrade.helmfile.tree import Map, Scalar
from k8supgrade.helmfile.values import FileText, Quoted, UnresolvedError, shown, typed

_REST_BLANK = re.compile(r"[ \t]*(?:\r?\n|\Z)")


def emit(value: Any, action: Action, source: Source, out: Pieces) -> None:
    offset = action.start
    if isinstance(value, FileText):
        out.literal(Source(value.path, value.text), 0, len(value.text))
    elif isinstance(value, Quoted):
        inner, whole = shown(value.value), shown(value)
        if whole != value.mark + inner + value.mark:
            out.value(whole, source, offset)
            return
        out.value(value.mark, source, offset)
        emit(value.value, action, source, out)
        out.value(value.mark, source, offset)
    else:
        out.value(shown(value), source, offset, value.written if isinstance(value, Scalar) else None)


def leave_hole(action: Action, error: UnresolvedError, source: Source, out: Pieces) -> None:
    """Alone in its line it may be anything, so a comment stands there; else it is part of a value."""
    if out.is_comment:
        return
    is_end = action.trims_right or _REST_BLANK.match(source.text, action.end) is not None
    begin = out.length
    trimmed_line = action.trims_left and "\n" in source.text[_before(source.text, action.start) : action.start]
    if is_end and (out.is_line_blank or (trimmed_line and out.last != ":")):
        out.value("#" if out.is_line_blank else " #", source, action.start)
        out.doubt(begin, source, action.start, str(error))
    else:
        code = source.text[action.start : action.end]
        out.hole(code, source, action.start, None if error.is_deferred else str(error))


def pairs_of(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Map):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list):
        return list(enumerate(value))
    value = typed(value)
    if isinstance(value, int) and not isinstance(value, bool) and value <= 10_000:
        return [(number, number) for number in range(value)]
    if value is None:
        return []
    raise UnresolvedError("template: range over what is no list")


def _before(text: str, at: int) -> int:
    while at > 0 and text[at - 1] in " \t\r\n":
        at -= 1
    return at
