"""The functions of Helmfile's templates that only look at their arguments (Go's own, and Sprig's)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from k8supgrade.helmfile.tree import Map, Scalar
from k8supgrade.helmfile.values import Quoted, is_true, shown, to_node, to_python, typed

MAX_TEXT = 16 << 20
_VERB = re.compile(r"%(?:%|[-+# 0]*\d{0,3}(?:\.\d{1,3})?[a-zA-Z])")


def _comparable(*values: Any) -> list[Any]:
    """Go compares what is of one kind and nothing else.

    Raises:
        TypeError: they are of different kinds.
    """
    known = [typed(value) for value in values]
    kinds = {type(value) for value in known}
    if len(kinds) > 1 or kinds - {str, int, float, bool}:
        raise TypeError
    return known


def _equal(first: Any, *others: Any) -> bool:
    return any(one == other for one, other in (_comparable(first, other) for other in others))


def _less(one: Any, other: Any) -> bool:
    first, second = _comparable(one, other)
    return bool(first < second)


def _printf(form: Any, *arguments: Any) -> str:
    values = iter(arguments)

    def replaced(match: re.Match[str]) -> str:
        verb = match[0]
        if verb == "%%":
            return "%"
        value = next(values)
        if verb in ("%s", "%v"):
            return shown(value)
        if verb == "%q":
            return shown(Quoted(value, '"'))
        if verb[-1] in "dxX":
            return verb % int(typed(value))
        if verb[-1] in "feg":
            return verb % float(typed(value))
        raise TypeError

    try:
        return _VERB.sub(replaced, shown(form))
    except StopIteration:
        raise TypeError from None


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Map):
            value = value[shown(key)]
        elif isinstance(value, list):
            value = value[_whole(key)]
        else:
            raise TypeError
    return value


def _whole(value: Any) -> int:
    number = typed(value)
    if not isinstance(number, int) or number < 0:
        raise TypeError
    return number


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _map(value: Any) -> Map:
    if not isinstance(value, Map):
        raise TypeError
    return value


def _dict(*pairs: Any) -> Map:
    made = Map()
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        made[shown(key)] = value
    return made


def _number(value: Any) -> int:
    """Sprig's `int`: of a text too, 0 where it is no number."""
    try:
        return int(float(shown(value)))
    except (ValueError, OverflowError):
        return 0


def _replace(old: Any, new: Any, text: Any) -> str:
    before, after, whole = shown(old), shown(new), shown(text)
    if (len(whole) + 1) * max(len(after), 1) > MAX_TEXT:
        raise ValueError
    return whole.replace(before, after)


def _to_yaml(value: Any) -> str:
    import yaml

    return yaml.safe_dump(to_python(value), allow_unicode=True, width=1 << 20).removesuffix("...\n")


def _from_yaml(text: Any) -> Any:
    import yaml

    whole = shown(text)
    if "&" in whole:  # no anchors, no bombs
        raise ValueError
    try:
        return to_node(yaml.safe_load(whole))
    except yaml.YAMLError as error:
        raise ValueError from error


def _indented(width: Any, text: Any) -> str:
    spaces = " " * min(_whole(width), 100)
    return spaces + shown(text).replace("\n", f"\n{spaces}")


def _semver(constraint: Any, version: Any) -> bool:
    from k8supgrade.helmfile.constraint import satisfies

    return satisfies(shown(constraint), shown(version))


def _dig(*arguments: Any) -> Any:
    *keys, default, value = arguments
    for key in keys:
        if not isinstance(value, Map) or shown(key) not in value:
            return default
        value = value[shown(key)]
    return value


def _has(item: Any, items: Any) -> bool:
    return any(to_python(one) == to_python(item) for one in _items(items))


def _joined(separator: Any, items: Any) -> str:
    return shown(separator).join(shown(one) for one in (items if isinstance(items, list) else [items]))


def _until(count: Any) -> list[int]:
    return list(range(min(_whole(count), 10_000)))


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else len(shown(value).encode())


def _quoted(mark: str) -> Callable[..., Any]:
    def quote(*values: Any) -> Any:
        there = [value for value in values if value is not None]
        return Quoted(there[0], mark) if len(there) == 1 else " ".join(shown(Quoted(one, mark)) for one in there)

    return quote


def _same(value: Any) -> Any:
    """Text of a text: it keeps its place."""
    return value if isinstance(value, Scalar) and isinstance(typed(value), str) else shown(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "quote": _quoted('"'),
    "squote": _quoted("'"),
    "toString": _same,
    "print": lambda *values: "".join(shown(value) for value in values),
    "printf": _printf,
    "cat": lambda *values: " ".join(shown(value) for value in values),
    "trim": lambda value: shown(value).strip(),
    "nospace": lambda value: "".join(shown(value).split()),
    "lower": lambda value: shown(value).lower(),
    "upper": lambda value: shown(value).upper(),
    "title": lambda value: re.sub(r"(?<!\w)\w", lambda match: match[0].upper(), shown(value)),
    "trimPrefix": lambda prefix, value: shown(value).removeprefix(shown(prefix)),
    "trimSuffix": lambda suffix, value: shown(value).removesuffix(shown(suffix)),
    "trimAll": lambda chars, value: shown(value).strip(shown(chars)),
    "trunc": lambda length, value: shown(value)[: _whole(length)],
    "replace": _replace,
    "contains": lambda part, value: shown(part) in shown(value),
    "hasPrefix": lambda prefix, value: shown(value).startswith(shown(prefix)),
    "hasSuffix": lambda suffix, value: shown(value).endswith(shown(suffix)),
    "indent": _indented,
    "nindent": lambda width, text: "\n" + _indented(width, text),
    "eq": _equal,
    "ne": lambda one, other: not _equal(one, other),
    "lt": _less,
    "le": lambda one, other: not _less(other, one),
    "gt": lambda one, other: _less(other, one),
    "ge": lambda one, other: not _less(one, other),
    "not": lambda value: not is_true(value),
    "empty": lambda value: not is_true(value),
    "hasKey": lambda mapping, key: shown(key) in _map(mapping),
    "has": _has,
    "keys": lambda *maps: sorted({key for one in maps for key in _map(one)}),
    "values": lambda mapping: list(_map(mapping).values()),
    "sprigGet": lambda mapping, key: _map(mapping).get(shown(key), ""),
    "dig": _dig,
    "dict": _dict,
    "list": lambda *values: list(values),
    "tuple": lambda *values: list(values),
    "first": lambda items: _items(items)[0],
    "last": lambda items: _items(items)[-1],
    "rest": lambda items: _items(items)[1:],
    "initial": lambda items: _items(items)[:-1],
    "append": lambda items, item: [*_items(items), item],
    "concat": lambda *lists: [item for one in lists for item in _items(one)],
    "compact": lambda items: [item for item in _items(items) if is_true(item)],
    "sortAlpha": lambda items: sorted(shown(item) for item in _items(items)),
    "uniq": lambda items: [item for number, item in enumerate(_items(items)) if not _has(item, items[:number])],
    "join": _joined,
    "splitList": lambda separator, text: shown(text).split(shown(separator)),
    "until": _until,
    "index": _index,
    "len": _length,
    "int": _number,
    "int64": _number,
    "add": lambda *values: sum(_number(value) for value in values),
    "add1": lambda value: _number(value) + 1,
    "sub": lambda one, other: _number(one) - _number(other),
    "toYaml": _to_yaml,
    "fromYaml": _from_yaml,
    "semverCompare": _semver,
}
