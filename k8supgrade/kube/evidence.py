"""What a live object tells of how it was written: the API server converts objects, so the version shown proves nothing.

Two records hold what a client really sent: the annotation in which `kubectl apply` (and kapp) keeps the manifest, and
managedFields, in which the API server keeps each writer's apiVersion
(https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). The latest write to the main
resource by anyone but the control plane is what somebody will repeat: evidence of it is fresh, however old it is.
What a later write with another version has overtaken is stale.

Since 1.25 a server leaves the time out where a server-side apply has changed nothing but who owns the fields. Such an
entry says what its manager applied last, and not when: nothing can be known to have overtaken it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
KAPP_ORIGINAL = "kapp.k14s.io/original"
AUTO_UPDATED = "apf.kubernetes.io/autoupdate-spec"

# The control plane writes what its own version knows and is upgraded along with the cluster. The names are those of
# the binaries; the last one is the prefix of the API server's own configuration producer
# (https://github.com/kubernetes/kubernetes/blob/v1.24.17/pkg/registry/flowcontrol/rest/storage_flowcontrol.go).
_CONTROL_PLANE = frozenset(("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"))
_PRODUCERS = "api-priority-and-fairness-config-"

# Servers sort the fields and leave out the blanks; what was saved from one may have them.
_STATUS_FIRST = re.compile(rb'\s*\{\s*"f:status"')

_ANNOTATIONS = {LAST_APPLIED: "kubectl", KAPP_ORIGINAL: "kapp"}


class Entry(msgspec.Struct, rename="camel"):
    """One entry of managedFields."""

    manager: str = ""
    operation: str = ""
    api_version: str = ""
    time: str | None = None
    subresource: str = ""
    fields: msgspec.Raw = msgspec.field(name="fieldsV1", default_factory=msgspec.Raw)


class Metadata(msgspec.Struct, rename="camel"):
    """As much of an object's metadata as evidence needs."""

    name: str | None = None
    namespace: str | None = None
    annotations: dict[str, str] | None = None
    managed_fields: list[Entry] | None = None


class Trace(NamedTuple):
    """That somebody wrote the object as `api_version`. `overtaken_by` is None where nobody has since written it
    otherwise: then it is fresh."""

    api_version: str
    evidence: Literal["last-applied", "managed-fields"]
    manager: str | None
    time: str | None
    overtaken_by: str | None = None


class UnreadableAnnotationError(Exception):
    """An annotation that should hold a manifest holds something else."""


class _Manifest(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""


# Made when the module is loaded: msgspec learns a type at its first use, and threads that have it learn one at the same
# time crash the interpreter (seen with 0.22).
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MANIFESTS = msgspec.json.Decoder(_Manifest)


def writers(metadata: Metadata) -> list[Entry]:
    """The writes to the main resource by anyone but the control plane, the latest first."""
    if (metadata.annotations or {}).get(AUTO_UPDATED) == "true":
        return []
    entries = [entry for entry in metadata.managed_fields or () if _counts(entry)]
    return sorted(entries, key=lambda entry: (entry.time or "", entry.manager, entry.api_version), reverse=True)


def traces(metadata: Metadata, kind: str, is_alive: Callable[[str], bool]) -> Iterator[Trace]:
    """All that is known of how an object of `kind` was written; `is_alive(apiVersion)`: whether the target serves it.

    Raises:
        UnreadableAnnotationError: an annotation holds no manifest; what else is known has been yielded by then.
    """
    entries = writers(metadata)
    for api_version, of_version in _by_version(entries).items():
        latest = of_version[0]
        later = _overtaking(entries, api_version, latest.time, is_alive)
        undated = next((entry for entry in of_version if entry.time is None), None)
        if undated is not None and later is not None:
            latest, later = undated, None
        yield Trace(api_version, "managed-fields", latest.manager or None, latest.time, later)
    unreadable = ""
    for annotation, manager in _ANNOTATIONS.items():
        applied = _applied((metadata.annotations or {}).get(annotation, ""), kind)
        if applied is None:
            unreadable = annotation
        elif applied:
            yield _applied_trace(applied, annotation, manager, entries, is_alive)
    if unreadable:
        raise UnreadableAnnotationError(f"its annotation {unreadable} holds no manifest")


def _counts(entry: Entry) -> bool:
    """Whether an entry is a write to the main resource by somebody who is not upgraded with the cluster."""
    if entry.manager in _CONTROL_PLANE or entry.manager.startswith(_PRODUCERS):
        return False
    return bool(entry.api_version) and not entry.subresource and not _is_of_status(entry)


def _is_of_status(entry: Entry) -> bool:
    """Before 1.22 nothing but the fields told a write to the status from one to the object."""
    if _STATUS_FIRST.match(entry.fields) is None:
        return False
    try:
        return set(_FIELDS.decode(entry.fields)) == {"f:status"}
    except msgspec.DecodeError:
        return False


def _applied(text: str, kind: str) -> str | None:
    """The apiVersion of the manifest in an annotation, None where it is none; "" where there is no text or it is
    another object's: a ControllerRevision, say, inherits the annotation of its DaemonSet."""
    if not text:
        return ""
    try:
        manifest = _MANIFESTS.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return manifest.api_version if manifest.kind == kind else ""


def _applied_trace(
    api_version: str, annotation: str, manager: str, entries: list[Entry], is_alive: Callable[[str], bool]
) -> Trace:
    """The annotation was written by whoever owns it; where nobody does, by someone before the latest write."""
    mark = f'"f:{annotation}"'.encode()
    owner = next((entry for entry in entries if mark in bytes(entry.fields)), None)
    if owner is None:
        return Trace(api_version, "last-applied", manager, None, _overtaking(entries, api_version, "", is_alive))
    later = _overtaking(entries, api_version, owner.time, is_alive) if owner.time is not None else None
    return Trace(api_version, "last-applied", owner.manager or manager, owner.time, later)


def _by_version(entries: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.api_version, []).append(entry)
    return groups


def _overtaking(
    entries: list[Entry], api_version: str, time: str | None, is_alive: Callable[[str], bool]
) -> str | None:
    """Who has since written it as what, where the latest write of all was with a version that lives on.

    Times have a resolution of a second: of two writes in one second nobody knows which one was the later.
    """
    if not entries:
        return None
    latest = [entry for entry in entries if entry.time == entries[0].time]
    if (latest[0].time or "") <= (time or "") or any(not is_alive(entry.api_version) for entry in latest):
        return None
    if any(entry.api_version == api_version for entry in latest):
        return None
    return f"{latest[0].manager or 'somebody'} has since written it as {latest[0].api_version}"
