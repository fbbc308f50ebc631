"""Expressions of a chart's templates, as far as the target decides them: capabilities, versions, what helpers print.

Whatever depends on values is not known. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from k8supgrade.helmfile.constraint import satisfies

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`)|(?P<number>-?\d+)(?![\w.])"
    r"|(?P<chain>\$?\w*(?:\.[A-Za-z_]\w*)+|\$\w*|\.(?!\w))|(?P<name>[A-Za-z_]\w*)|(?P<mark>[()|]))"
)
_API_VERSION = re.compile(r"(?:[a-z0-9][a-z0-9.-]*/)?v\d+(?:(?:alpha|beta)\d+)?\Z")
MAX_DEPTH = 30
MAX_TEXTS = 16


class Unknown:
    """A value that the templates alone do not tell. `texts`: what it may be, as far as literals say."""

    def __init__(self, texts: tuple[str, ...] = ()) -> None:
        self.texts = texts


class World(NamedTuple):
    """What an expression may ask: the target, and the helpers of the chart (name -> what it may print)."""

    kube_version: str
    api_versions: Set[str]
    helper: Callable[[str, int], Any]
    variables: Mapping[str, str] = {}


def evaluate(code: str, world: World, depth: int = 0) -> Any:
    """A str, int or bool, or an Unknown."""
    if depth > MAX_DEPTH:
        return Unknown()
    parser = _Parser(code, world, depth)
    try:
        value = parser.pipeline()
    except (_OddError, RecursionError):
        return Unknown(literals(code))
    return value if not parser.rest() else Unknown(literals(code))


def test(code: str, world: World) -> bool | None:
    """Whether a condition holds; None where that is not known."""
    value = evaluate(code, world)
    return None if isinstance(value, Unknown) else bool(value)


def literals(code: str) -> tuple[str, ...]:
    """The strings of an expression that look like an apiVersion."""
    found = [match[1:-1] for match in re.findall(r"\"[^\"\n]*\"|`[^`]*`", code)]
    return tuple(dict.fromkeys(text for text in found if _API_VERSION.match(text)))


class _OddError(Exception):
    """Something that is not understood."""


class _Parser:
    def __init__(self, code: str, world: World, depth: int) -> None:
        self._code = code
        self._world = world
        self._depth = depth
        self._at = 0

    def rest(self) -> str:
        return self._code[self._at :].strip()

    def pipeline(self) -> Any:
        value = self._command([])
        while (token := _TOKEN.match(self._code, self._at)) and token["mark"] == "|":
            self._at = token.end()
            value = self._command([value])
        return value

    def _command(self, last: list[Any]) -> Any:
        token = _TOKEN.match(self._code, self._at)
        if token is None:
            raise _OddError
        if token["name"] and token["name"] not in ("true", "false", "nil"):
            self._at = token.end()
            return self._call(token["name"], [*self._arguments(), *last])
        if token["chain"] and token["chain"].endswith(".Has"):
            self._at = token.end()
            return self._has(token["chain"], [*self._arguments(), *last])
        operand = self._operand()
        if operand is None or last:
            raise _OddError
        return operand[0]

    def _arguments(self) -> list[Any]:
        found = []
        while (operand := self._operand()) is not None:
            found.append(operand[0])
        return found

    def _operand(self) -> tuple[Any] | None:
        token = _TOKEN.match(self._code, self._at)
        if token is None or token["mark"] in ("|", ")"):
            return None
        self._at = token.end()
        if token["mark"]:
            value = self.pipeline()
            end = _TOKEN.match(self._code, self._at)
            if end is None or end["mark"] != ")":
                raise _OddError
            self._at = end.end()
            return (value,)
        if token["string"]:
            return (token["string"][1:-1],)
        if token["number"]:
            return (int(token["number"]),)
        if token["chain"]:
            return (self._chain(token["chain"]),)
        named = {"true": True, "false": False, "nil": False}
        return (named[token["name"]] if token["name"] in named else self._call(token["name"], []),)

    def _chain(self, chain: str) -> Any:
        version = self._world.kube_version
        if chain.endswith((".KubeVersion", ".KubeVersion.Version", ".KubeVersion.GitVersion")):
            return f"v{version}"
        if chain.endswith(".KubeVersion.Major"):
            return version.split(".")[0]
        if chain.endswith(".KubeVersion.Minor"):
            return version.split(".")[1]
        if chain in self._world.variables:
            return evaluate(self._world.variables[chain], self._world, self._depth + 1)
        return Unknown()

    def _has(self, chain: str, arguments: list[Any]) -> Any:
        if not chain.endswith(".APIVersions.Has") or len(arguments) != 1:
            return Unknown()
        return Unknown() if isinstance(arguments[0], Unknown) else str(arguments[0]) in self._world.api_versions

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name in ("include", "template") and arguments and isinstance(arguments[0], str):
            return self._world.helper(arguments[0], self._depth + 1)
        if name in ("and", "or"):
            return _junction(name, arguments)
        if name in ("default", "coalesce"):
            return _default(arguments if name == "coalesce" else arguments[::-1])
        if name == "ternary" and len(arguments) == 3:
            return _ternary(*arguments)
        if any(isinstance(argument, Unknown) for argument in arguments):
            return Unknown(tuple(text for one in arguments if isinstance(one, Unknown) for text in one.texts))
        function = _FUNCTIONS.get(name)
        if function is None:
            raise _OddError
        try:
            return function(*arguments)
        except (TypeError, ValueError) as error:
            raise _OddError from error


def _junction(name: str, arguments: list[Any]) -> Any:
    """One side may decide although the other is not known."""
    decides = name == "or"
    known = [argument for argument in arguments if not isinstance(argument, Unknown)]
    if any(bool(one) is decides for one in known):
        return decides
    return (not decides) if len(known) == len(arguments) else Unknown()


def _default(arguments: list[Any]) -> Any:
    """The first that is there; where an earlier one is not known, all that come after it are possible."""
    texts: list[str] = []
    for argument in arguments:
        if isinstance(argument, Unknown):
            texts += argument.texts
        elif argument not in ("", False, 0):
            return argument if argument is arguments[0] else Unknown((*texts, str(argument)))
    return Unknown(tuple(texts))


def _ternary(yes: Any, no: Any, condition: Any) -> Any:
    if not isinstance(condition, Unknown):
        return yes if condition else no
    return Unknown(tuple(text for one in (yes, no) for text in texts_of(one)))


def texts_of(value: Any) -> tuple[str, ...]:
    """What a value may print."""
    return value.texts if isinstance(value, Unknown) else (str(value),)


def _printf(form: str, *arguments: Any) -> str:
    if re.search(r"%[^sdv%]", form):
        raise ValueError
    return re.sub(r"%[sdv]", "%s", form) % arguments


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: not value,
    "eq": lambda one, *others: any(str(one) == str(other) for other in others),
    "ne": lambda one, other: str(one) != str(other),
    "ge": lambda one, other: int(one) >= int(other),
    "gt": lambda one, other: int(one) > int(other),
    "le": lambda one, other: int(one) <= int(other),
    "lt": lambda one, other: int(one) < int(other),
    "int": int,
    "int64": int,
    "atoi": int,
    "float64": int,
    "semverCompare": lambda constraint, version: satisfies(constraint, version),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "print": lambda *parts: "".join(str(part) for part in parts),
    "printf": _printf,
    "quote": lambda text: text,
    "squote": lambda text: text,
    "toString": str,
    "trim": lambda text: text.strip(),
    "list": lambda *items: items,
    "has": lambda item, items: item in items,
    "empty": lambda value: not value,
}
