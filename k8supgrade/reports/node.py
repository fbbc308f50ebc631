"""A decoded JSON document that is not trusted: values are asked for by type, and errors say where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from k8supgrade.errors import UsageError

T = TypeVar("T")


class Node:
    """A value of the document and the way to it, which only an error spells out."""

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: Node | str, key: str | int) -> None:
        self.value = value
        self._parent = parent
        self._key = key

    def fail(self, what: str) -> NoReturn:
        raise UsageError(f"{self._path()}: {what}")

    def _path(self) -> str:
        if isinstance(self._parent, str):
            return f"{self._parent}: report"
        if isinstance(self._key, int):
            return f"{self._parent._path()}[{self._key}]"
        head, separator, tail = self._parent._path(), ".", ascii(self._key)[1:-1]
        if head.endswith(": report"):
            head, separator = head[: -len("report")], ""
        return f"{head}{separator}{tail}"

    def mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.fail(f"a mapping is expected, not {_kind(self.value)}")
        return self.value

    def __getitem__(self, key: str) -> Node:
        value = self.mapping()
        if key not in value:
            self.fail(f"the key {key!r} is missing")
        return Node(value[key], self, key)

    def each(self, read: Callable[[Node], T]) -> tuple[T, ...]:
        if not isinstance(self.value, list):
            self.fail(f"a list is expected, not {_kind(self.value)}")
        return tuple([read(Node(item, self, index)) for index, item in enumerate(self.value)])

    def maybe(self, read: Callable[[Node], T]) -> T | None:
        return None if self.value is None else read(self)

    # The readers of single values take the key, so that a good value needs no node of its own.

    def text(self, key: str) -> str:
        value = self.value.get(key) if isinstance(self.value, dict) else None
        if not isinstance(value, str):
            self[key].fail(f"text is expected, not {_kind(value)}")
        return value

    def maybe_text(self, key: str) -> str | None:
        value = self.value.get(key, 0) if isinstance(self.value, dict) else 0
        return None if value is None else self.text(key)

    def count(self, key: str) -> int:
        value = self.mapping().get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self[key].fail("a whole number from 0 is expected")
        return value

    def flag(self, key: str) -> bool:
        value = self.mapping().get(key)
        if not isinstance(value, bool):
            self[key].fail("true or false is expected")
        return value


def _kind(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
