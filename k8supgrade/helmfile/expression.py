"""Pipelines of Helmfile's templates, as far as they can be evaluated without running anything."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from k8supgrade.helmfile.files import FileError, beside, read_text
from k8supgrade.helmfile.functions import FUNCTIONS, MAX_TEXT
from k8supgrade.helmfile.lazy import LAZY
from k8supgrade.helmfile.scope import EnvironmentScope, Scope
from k8supgrade.helmfile.tree import Map
from k8supgrade.helmfile.values import ROOT, FileText, Root, Unknown, UnresolvedError, braced, error_of, shown

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`)|(?P<number>[-+]?\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<chain>\$?(?:\.[^\W\d]\w*)+|\$(?!\w)|\.(?!\w))|(?P<variable>\$\w+)(?P<rest>(?:\.[^\W\d]\w*)*)"
    r"|(?P<name>[^\W\d]\w*)|(?P<mark>[()|]))"
)
_FIELDS = re.compile(r"(?:\.[^\W\d]\w*)+")
_MAX_DEPTH = 50
_RELEASE = ("Name", "Namespace", "Chart", "ChartVersion", "KubeContext", "Labels")


def evaluate(code: str, scope: Scope) -> Any:
    """The value of a pipeline: a Scalar, Map, list or None of the values, or Python's str, bool, int, float.

    Raises:
        UnresolvedError: it is not simple, or a value is missing.
    """
    try:
        value = _Evaluation(code, scope).all()
    except RecursionError:
        raise UnresolvedError("a template that is nested too deeply") from None
    if isinstance(value, Unknown):
        raise value.error
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise UnresolvedError(f"{braced(code)} gives a text that is too long")
    return value


class _Evaluation:
    """Evaluates while it parses. What cannot be evaluated is an Unknown, so that `default` may be satisfied without."""

    def __init__(self, code: str, scope: Scope) -> None:
        self._code = code
        self._scope = scope
        self._at = 0
        self._depth = 0

    def all(self) -> Any:
        value = self._pipeline()
        if self._code[self._at :].strip():
            raise self._error()
        return value

    def _error(self, why: str = "", *, is_deferred: bool = False) -> UnresolvedError:
        reason = f"template {braced(self._code)} is not resolved without helmfile{why}"
        return UnresolvedError(reason, is_deferred=is_deferred)

    def _unknown(self, why: str = "") -> Unknown:
        return Unknown(self._error(why))

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self._code, self._at)

    def _pipeline(self) -> Any:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error()
        value = self._command(())
        while (token := self._peek()) and token["mark"] == "|":
            self._at = token.end()
            value = self._command((value,))
        self._depth -= 1
        return value

    def _command(self, last: tuple[Any, ...]) -> Any:
        token = self._peek()
        if token is None:
            raise self._error()
        if token["name"] and token["name"] not in ("true", "false", "nil"):
            self._at = token.end()
            return self._call(token["name"], [*self._arguments(), *last])
        first = self._operand()
        if first is None:
            raise self._error()
        return self._unknown() if last or self._arguments() else first[0]

    def _arguments(self) -> list[Any]:
        found = []
        while (argument := self._operand()) is not None:
            found.append(argument[0])
        return found

    def _operand(self) -> tuple[Any] | None:
        token = self._peek()
        if token is None or token["mark"] in ("|", ")"):
            return None
        self._at = token.end()
        if token["mark"] == "(":
            return (self._parenthesis(),)
        if token["string"]:
            return (_unquoted(token["string"]),)
        if token["number"]:
            return (float(token["number"]) if "." in token["number"] else int(token["number"][:100]),)
        if token["chain"]:
            names = token["chain"].split(".")
            value = ROOT if names[0] else self._scope.dot
            return (self._walk(value, [name for name in names[1:] if name], token["chain"]),)
        if token["variable"]:
            value = self._scope.variables.get(token["variable"], self._unknown())
            return (self._walk(value, token["rest"].split(".")[1:], token["variable"]),)
        named: dict[str, Any] = {"true": True, "false": False, "nil": None}
        if token["name"] in named:
            return (named[token["name"]],)
        return (self._call(token["name"], []),)

    def _parenthesis(self) -> Any:
        value = self._pipeline()
        end = self._peek()
        if end is None or end["mark"] != ")":
            raise self._error()
        self._at = end.end()
        fields = _FIELDS.match(self._code, self._at)
        if fields:
            self._at = fields.end()
            return self._walk(value, fields[0].split(".")[1:], "(…)")
        return value

    def _walk(self, value: Any, names: list[str], path: str) -> Any:
        for number, name in enumerate(names):
            if isinstance(value, Root):
                value = self._of_root(name, names[number + 1 :])
            elif isinstance(value, EnvironmentScope):
                value = value.field(name)
            elif isinstance(value, Unknown):
                return value
            elif isinstance(value, Map) and name in value:
                value = value[name]
            else:
                return self._missing(".".join(names[: number + 1]))
        return value

    def _missing(self, path: str) -> Unknown:
        scope = self._scope
        hidden = f" (not known: {'; '.join(scope.unknown)})" if scope.unknown else ""
        why = f": environment {scope.environment} has no .{path}{hidden}"
        return Unknown(self._error(why), is_missing=not scope.unknown)

    def _of_root(self, name: str, rest: list[str]) -> Any:
        scope = self._scope
        if name in ("Values", "StateValues"):
            return scope.values
        if name == "Environment":
            return EnvironmentScope(scope)
        if name == "Namespace":
            return scope.namespace
        if name == "Release" and scope.release is not None and rest[:1] and rest[0] in _RELEASE:
            return scope.release
        return Unknown(self._error(is_deferred=name == "Release" and scope.release is None))

    def _call(self, name: str, arguments: list[Any]) -> Any:
        lazy = LAZY.get(name)
        try:
            if lazy is not None:
                return lazy(*arguments)
            unknown = next((one for one in arguments if isinstance(one, Unknown)), None)
            if unknown is not None:
                return unknown
            if name in _OF_SCOPE:
                return _OF_SCOPE[name](self, *arguments)
            function = FUNCTIONS.get(name)
            return self._unknown() if function is None else function(*arguments)
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
            return self._unknown()
        except UnresolvedError as error:
            return error_of(error, self._error(f": {error}"))

    def _env(self, variable: Any) -> str:
        return self._scope.env.get(shown(variable), "")

    def _required_env(self, variable: Any) -> Any:
        value = self._env(variable)
        return value or self._unknown(f": the environment variable {shown(variable)} is not set")

    def _get(self, path: Any, *rest: Any) -> Any:
        """`get "a.b" [default] map`"""
        *default, value = rest
        found = self._walk(value, [name for name in shown(path).split(".") if name], "")
        if not isinstance(found, Unknown):
            return found
        return default[0] if default and found.is_missing else found

    def _get_or_nil(self, path: Any, value: Any) -> Any:
        return self._get(path, None, value)

    def _read_file(self, name: Any) -> Any:
        path = beside(self._scope.base, shown(name))
        try:
            return FileText(path, read_text(path))
        except FileError as error:
            return self._unknown(f": {path}: {error}")

    def _is_file(self, name: Any) -> bool:
        return os.path.isfile(beside(self._scope.base, shown(name)))

    def _is_directory(self, name: Any) -> bool:
        return os.path.isdir(beside(self._scope.base, shown(name)))

    def _include(self, name: Any, dot: Any = None) -> Any:
        if self._scope.include is None:
            return self._unknown()
        return self._scope.include(shown(name), dot)

    def _tpl(self, text: Any, dot: Any) -> Any:
        if self._scope.render is None:
            return self._unknown()
        return self._scope.render(shown(text), dot)


def _unquoted(literal: str) -> str:
    if literal.startswith("`"):
        return literal[1:-1]
    import json

    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]


_OF_SCOPE: dict[str, Callable[..., Any]] = {
    "env": _Evaluation._env,
    "requiredEnv": _Evaluation._required_env,
    "get": _Evaluation._get,
    "getOrNil": _Evaluation._get_or_nil,
    "readFile": _Evaluation._read_file,
    "isFile": _Evaluation._is_file,
    "isDir": _Evaluation._is_directory,
    "include": _Evaluation._include,
    "tpl": _Evaluation._tpl,
}
