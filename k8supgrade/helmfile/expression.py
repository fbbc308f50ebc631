"""The simple expressions of Helmfile's templates. Whatever else stands there is not guessed at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from k8supgrade.helmfile.template import actions
from k8supgrade.helmfile.tree import Map, Node, Scalar, merged

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<chain>\$?(?:\.[A-Za-z_]\w*)+|\.(?![\w]))|(?P<variable>\$\w+)(?P<rest>(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<mark>[()|]))"
)
_MAX_DEPTH = 20
_PASSES = 6  # as helmfile does it for what stands in a release


class UnresolvedError(Exception):
    """An expression that needs more than a static reading; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What expressions may ask for. `unknown`: why some values are not known at all, such as secrets."""

    environment: str
    env: Mapping[str, str]
    values: Map = field(default_factory=Map)
    release: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    unknown: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


def resolve(scalar: Scalar, scope: Scope) -> Scalar:
    """The scalar without templates. Where all of it is one value of the scope, that value's own place is kept.

    Raises:
        UnresolvedError: an expression is not simple, or a value is missing.
        TemplateError: an action has no end.
    """
    for _ in range(_PASSES):
        if "{{" not in scalar.text:
            return scalar
        scalar = _once(scalar, scope)
    raise UnresolvedError("the template refers to itself")


def _once(scalar: Scalar, scope: Scope) -> Scalar:
    text = scalar.text
    found = actions(text)
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(text)):
        value = evaluate(found[0].code, scope)
        if isinstance(value, Scalar):
            return value
        return Scalar(shown(value, found[0].code), None)
    parts: list[str] = []
    at = 0
    for action in found:
        parts += text[at : action.start], shown(evaluate(action.code, scope), action.code)
        at = action.end
    return Scalar("".join((*parts, text[at:])), None)


def shown(value: Any, code: str) -> str:
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if value is None:
        return ""
    raise UnresolvedError(f"{{{{ {code} }}}} is no text")


def is_true(value: Any) -> bool:
    """As Go's templates decide: empty is false."""
    if isinstance(value, Scalar):
        if value.is_plain and value.text in ("false", "False", "FALSE", "0"):
            return False
        return bool(value.text)
    return bool(value)


def evaluate(code: str, scope: Scope) -> Any:
    """The value of a pipeline: a Scalar, Map, list or None of the values, or Python's str, bool, int, float.

    Raises:
        UnresolvedError: it is not simple, or a value is missing.
    """
    if code.startswith("/*"):
        return ""
    try:
        return _Parser(code, scope).all()
    except RecursionError:
        raise UnresolvedError("a template that is nested too deeply") from None


class _Missing:
    """A value that is not there: `default` may still give one."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Parser:
    def __init__(self, code: str, scope: Scope) -> None:
        self._code = code
        self._scope = scope
        self._at = 0
        self._depth = 0

    def all(self) -> Any:
        value = self._pipeline()
        if self._code[self._at :].strip():
            raise self._unresolved()
        return self._there(value)

    def _unresolved(self, why: str = "") -> UnresolvedError:
        code = " ".join(self._code.split())
        shortened = code if len(code) <= 80 else f"{code[:79]}…"
        return UnresolvedError(f"template {{{{ {shortened} }}}} is not resolved without helmfile{why}")

    def _there(self, value: Any) -> Any:
        if isinstance(value, _Missing):
            raise self._unresolved(f": {value.reason}")
        return value

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self._code, self._at)

    def _pipeline(self) -> Any:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._unresolved()
        value = self._command(())
        while (token := self._peek()) and token["mark"] == "|":
            self._at = token.end()
            value = self._command((value,))
        self._depth -= 1
        return value

    def _command(self, last: tuple[Any, ...]) -> Any:
        token = self._peek()
        if token is None:
            raise self._unresolved()
        if token["name"] and token["name"] not in ("true", "false", "nil"):
            self._at = token.end()
            arguments = []
            while (argument := self._operand()) is not None:
                arguments.append(argument[0])
            return self._call(token["name"], [*arguments, *last])
        operand = self._operand()
        if operand is None or last:
            raise self._unresolved()
        return operand[0]

    def _operand(self) -> tuple[Any] | None:
        token = self._peek()
        if token is None or token["mark"] in ("|", ")"):
            return None
        self._at = token.end()
        if token["mark"] == "(":
            value = self._pipeline()
            end = self._peek()
            if end is None or end["mark"] != ")":
                raise self._unresolved()
            self._at = end.end()
            return (value,)
        if token["string"]:
            return (_unquoted(token["string"]),)
        if token["number"]:
            return (float(token["number"]) if "." in token["number"] else int(token["number"]),)
        if token["chain"]:
            return (self._chain(token["chain"].lstrip("$").split(".")[1:]),)
        if token["variable"]:
            return (self._variable(token["variable"], token["rest"].split(".")[1:]),)
        named: dict[str, Any] = {"true": True, "false": False, "nil": None}
        if token["name"] in named:
            return (named[token["name"]],)
        return (self._call(token["name"], []),)

    def _variable(self, name: str, rest: list[str]) -> Any:
        if name not in self._scope.variables:
            raise self._unresolved()
        value = self._scope.variables[name]
        if isinstance(value, UnresolvedError):
            raise value
        return self._walk(value, rest, name) if rest else value

    def _chain(self, names: list[str]) -> Any:
        scope = self._scope
        first, rest = (names[0], names[1:]) if names else ("", [])
        if first in ("Values", "StateValues"):
            return self._walk(scope.values, rest, f".{first}")
        if first == "Environment" and rest[:1] == ["Name"]:
            return scope.environment
        if first == "Environment" and rest[:1] == ["Values"]:
            return self._walk(scope.values, rest[1:], ".Environment.Values")
        if first == "Release" and ".".join(rest) in scope.release:
            return scope.release[".".join(rest)]
        if first == "Namespace" and not rest:
            return scope.namespace
        raise self._unresolved()

    def _walk(self, value: Any, names: list[str], path: str) -> Any:
        for name in names:
            path += f".{name}"
            if not isinstance(value, Map) or name not in value:
                hidden = f" (not known: {'; '.join(self._scope.unknown)})" if self._scope.unknown else ""
                return _Missing(f"environment {self._scope.environment} has no {path}{hidden}")
            value = value[name]
        if isinstance(value, Scalar) and "{{" in value.text:
            return resolve(value, self._scope)
        return value

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name == "default" and len(arguments) == 2:
            given = arguments[1]
            return self._there(arguments[0]) if isinstance(given, _Missing) or not is_true(given) else given
        arguments = [self._there(argument) for argument in arguments]
        if name in ("env", "requiredEnv", "expandenv"):
            return self._environment(name, arguments)
        if name in ("get", "getOrNil"):
            return self._get(name, arguments)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise self._unresolved()
        try:
            return function(*arguments)
        except (TypeError, ValueError, AttributeError) as error:
            raise self._unresolved() from error

    def _environment(self, name: str, arguments: list[Any]) -> str:
        if len(arguments) != 1 or name == "expandenv":
            raise self._unresolved()
        variable = shown(arguments[0], self._code)
        value = self._scope.env.get(variable, "")
        if name == "requiredEnv" and not value:
            raise self._unresolved(f": the environment variable {variable} is not set")
        return value

    def _get(self, name: str, arguments: list[Any]) -> Any:
        """`get "a.b" [default] map`"""
        if not 2 <= len(arguments) <= 3 or not isinstance(arguments[-1], Map):
            raise self._unresolved()
        found = self._walk(arguments[-1], shown(arguments[0], self._code).split("."), "")
        if not isinstance(found, _Missing):
            return found
        if len(arguments) == 3:
            return arguments[1]
        return None if name == "getOrNil" else found


def _unquoted(literal: str) -> str:
    if literal.startswith("`"):
        return literal[1:-1]
    import json

    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]


def _text(value: Any) -> str:
    return shown(value, "")


def _equal(first: Any, *others: Any) -> bool:
    return any(_text(first) == _text(other) for other in others)


def _and(*values: Any) -> Any:
    return next((value for value in values if not is_true(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if is_true(value)), values[-1])


def _same(value: Any) -> Any:
    """Quotes change the text of a value, not the value: a Scalar keeps its place."""
    return value


def _has_key(mapping: Any, key: Any) -> bool:
    if not isinstance(mapping, Map):
        raise TypeError
    return _text(key) in mapping


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "quote": _same,
    "squote": _same,
    "toString": _same,
    "trim": lambda value: _text(value).strip(),
    "lower": lambda value: _text(value).lower(),
    "upper": lambda value: _text(value).upper(),
    "trimPrefix": lambda prefix, value: _text(value).removeprefix(_text(prefix)),
    "trimSuffix": lambda suffix, value: _text(value).removesuffix(_text(suffix)),
    "eq": _equal,
    "ne": lambda one, other: _text(one) != _text(other),
    "not": lambda value: not is_true(value),
    "and": _and,
    "or": _or,
    "hasKey": _has_key,
    "empty": lambda value: not is_true(value),
    "ternary": lambda yes, no, test: yes if is_true(test) else no,
    "contains": lambda part, value: _text(part) in _text(value),
    "hasPrefix": lambda prefix, value: _text(value).startswith(_text(prefix)),
    "hasSuffix": lambda suffix, value: _text(value).endswith(_text(suffix)),
}


def with_values(scope: Scope, values: Node) -> Scope:
    """The scope with more values over those it has."""
    from dataclasses import replace

    both = merged(scope.values, values)
    return replace(scope, values=both) if isinstance(both, Map) else scope
