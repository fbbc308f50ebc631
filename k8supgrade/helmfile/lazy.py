"""Functions that may be satisfied although some of their arguments cannot be evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8supgrade.helmfile.tree import Scalar
from k8supgrade.helmfile.values import Quoted, Unknown, UnresolvedError, is_true, shown


def _is_there(value: Any) -> bool:
    if isinstance(value, Unknown) and value.is_missing:
        return False
    return is_true(value)


def _default(default: Any, given: Any = None) -> Any:
    return given if _is_there(given) else default


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if _is_there(value)), None)


def _and(*values: Any) -> Any:
    return next((value for value in values if not _is_there(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if _is_there(value)), values[-1])


def _ternary(yes: Any, no: Any, test: Any) -> Any:
    return yes if is_true(test) else no


def _required(message: Any, value: Any) -> Any:
    if isinstance(value, Scalar | Quoted | Unknown) or value:
        return value
    raise UnresolvedError(shown(message))


LAZY: dict[str, Callable[..., Any]] = {
    "default": _default,
    "coalesce": _coalesce,
    "and": _and,
    "or": _or,
    "ternary": _ternary,
    "required": _required,
}
