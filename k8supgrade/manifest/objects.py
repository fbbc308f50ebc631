"""Parsed values to records: Lists of any depth become their items, in the order of the text."""

from __future__ import annotations

from typing import Any, NamedTuple

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.records import Found, Records


class Kind(NamedTuple):
    """What an item of a typed List is where it does not say so itself; empty where the List is untyped."""

    api_version: str
    kind: str
    is_listed: bool = False

    @classmethod
    def of_items(cls, api_version: str, kind: str) -> Kind:
        """The items of an `IngressList` are Ingresses of the List's version; those of a `List` say what they are."""
        item = kind.removesuffix("List")
        return cls(api_version, item, True) if item else cls("", "", True)


class Lines(NamedTuple):
    """Line numbers of the mappings of a parsed document, by identity; None where only `first` is known."""

    first: int
    by_id: dict[int, int] | None = None
    duplicates: dict[int, tuple[str, ...]] | None = None

    def of(self, value: dict[str, Any]) -> int:
        return self.first + (self.by_id or {}).get(id(value), 0)


def emit(
    value: Any,
    lines: Lines,
    records: Records,
    interest: Interest,
    default: Kind,
    *,
    has_words: bool,
    template: str | None,
) -> None:
    """Records the object `value`, or the items of the List that it is. `has_words`: its text holds one of them."""
    stack = [(value, default)]
    while stack:
        one, kind_of_items = stack.pop()
        if not isinstance(one, dict):
            records.others += 1
            continue
        api_version = one.get("apiVersion") or kind_of_items.api_version
        kind = one.get("kind") or kind_of_items.kind
        if not (isinstance(api_version, str) and isinstance(kind, str) and api_version and kind):
            records.others += 1
            continue
        if kind.endswith("List") and isinstance(one.get("items", 0), (list, type(None))):
            inner = Kind.of_items(api_version, kind)
            stack.extend((item, inner) for item in reversed(one["items"] or ()))
            records.others += not one["items"]
            continue
        index = records.resources
        records.resources += 1
        duplicates = (lines.duplicates or {}).get(id(one), ())
        body = has_words or kind in interest.bodies
        if body or duplicates or (api_version, kind) in interest.kinds:
            names = names_of(one)
            manifest = one if body else None
            line, is_listed = lines.of(one), kind_of_items.is_listed
            records.found.append(
                Found(line, index, api_version, kind, *names, template, duplicates, manifest, is_listed)
            )


def names_of(manifest: dict[str, Any]) -> tuple[str | None, str | None]:
    """(namespace, name) of an object as text; whatever is no scalar there counts as missing."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return None, None
    return _text(metadata.get("namespace")), _text(metadata.get("name"))


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else None
