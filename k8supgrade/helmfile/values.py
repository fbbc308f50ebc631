"""What expressions of templates work on: values of YAML that know where they are written, and plain ones."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from k8supgrade.helmfile.tree import Map, Node, Scalar

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_LONGEST_NUMBER = 400


class UnresolvedError(Exception):
    """An expression that needs more than a static reading; the message names it.

    `is_deferred`: it asks for `.Release`, which is known as soon as the release is.
    """

    def __init__(self, reason: str, *, is_deferred: bool = False) -> None:
        super().__init__(reason)
        self.is_deferred = is_deferred


class Unknown(NamedTuple):
    """What could not be evaluated; it counts as soon as somebody needs the value.

    `is_missing`: all values are known, and this one is not among them, so that `default` may give another.
    """

    error: UnresolvedError
    is_missing: bool = False


class Quoted(NamedTuple):
    """A value that is shown with quotes around it."""

    value: Any
    mark: str


class FileText(NamedTuple):
    """The content of a file."""

    path: str
    text: str


class Root:
    """What `$` is, and `.` outside of any block."""


ROOT = Root()


def typed(value: Any) -> Any:
    """Text, numbers and booleans as YAML 1.2 reads them, as go-yaml v3 does."""
    if isinstance(value, FileText):
        return value.text
    if isinstance(value, Quoted):
        return shown(value)
    if not isinstance(value, Scalar) or not value.is_plain or len(value.text) > _LONGEST_NUMBER:
        return value.text if isinstance(value, Scalar) else value
    text = value.text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text.replace("_", ""))
    return float(text) if _FLOAT.match(text) else text


def shown(value: Any) -> str:
    """As Go's templates print it.

    Raises:
        UnresolvedError: nobody prints that on purpose: a mapping, a list.
    """
    if isinstance(value, Unknown):
        raise value.error
    if isinstance(value, Quoted):
        return value.mark + _escaped(shown(value.value), value.mark) + value.mark
    value = typed(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str | int):
        return str(value)
    if value is None:
        return "<no value>"
    raise UnresolvedError("it is no text")


def _escaped(text: str, mark: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") if mark == '"' else text


def _float(value: float) -> str:
    if math.isinf(value) or math.isnan(value):
        return str(value)
    if value and not 1e-5 < abs(value) < 1e21:
        mantissa, _, exponent = repr(value).partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent or 0):+03d}"
    return f"{value:.0f}" if value == int(value) else repr(value)


def is_true(value: Any) -> bool:
    """As Go's templates decide: what is empty is false.

    Raises:
        UnresolvedError: the value is not known.
    """
    if isinstance(value, Unknown):
        raise value.error
    return bool(typed(value))


def to_python(node: Any) -> Any:
    """Mappings, lists and scalars as Python's own."""
    if isinstance(node, dict):
        return {key: to_python(value) for key, value in node.items()}
    if isinstance(node, list):
        return [to_python(value) for value in node]
    if isinstance(node, Unknown):
        raise node.error
    value = typed(node)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise UnresolvedError("it is no value")


def to_node(value: Any) -> Node:
    """The other way; the nodes are written nowhere."""
    if isinstance(value, Scalar | Map):
        return value
    if isinstance(value, dict):
        made = Map()
        for key, item in value.items():
            made[str(key)] = to_node(item)
        return made
    if isinstance(value, list):
        return [to_node(item) for item in value]
    if value is None:
        return None
    return Scalar(shown(value), None, is_plain=not isinstance(value, str))


def braced(code: str) -> str:
    flat = " ".join(code.split())
    return f"{{{{ {flat if len(flat) <= 80 else flat[:79] + '…'} }}}}"


def error_of(error: UnresolvedError, outer: UnresolvedError) -> Unknown:
    """The innermost message is the one that helps, unless it names no template."""
    return Unknown(error if str(error).startswith("template") else outer)
