"""What a source yields: an object that was examined, or the statement that something was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8supgrade.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """An object's identity as it is written. `name` is None for generateName or where it is missing."""

    api_version: str
    kind: str
    namespace: str | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An object that some check wants to see.

    `manifest` is None where no check asked for the body: it was not parsed then. `index` is the object's
    place in its file (from 0), the identity of an object without a name. `duplicates` names the keys
    among apiVersion, kind and metadata that the YAML holds twice (the last one counts).

    `is_written` is False where the apiVersion is only what a server chose to show: nobody need ever have written it.
    `note` says why evidence of a live object is stale, in words for the message.
    """

    ref: ObjectRef
    origin: Origin
    index: int
    manifest: Mapping[str, Any] | None = None
    duplicates: tuple[str, ...] = ()
    is_written: bool = True
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody calls an API that is deprecated. `resource` is the plural name, `removed_in` as the server names it."""

    api_version: str
    kind: str
    resource: str
    removed_in: str | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What could not be examined. It is data in the report and decides the exit code, never a log line alone."""

    what: str
    reason: str
    optional: bool = False
    origin: Origin | None = None


@dataclass(slots=True, kw_only=True)
class Scanned:
    """How much was looked at; sources add to it while they yield."""

    resources: int = 0
    files: int = 0
    releases: int = 0
