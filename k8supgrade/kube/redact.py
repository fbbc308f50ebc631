"""What of a server's answers a snapshot keeps: a list of what is needed, not of what is secret.

Objects are reduced to the metadata that is evidence; the few kinds whose content a check reads keep that, without
anything that could hold a secret; of releases the objects' headers are left. Whatever is not known here is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from k8supgrade.kube import crd
from k8supgrade.kube.evidence import AUTO_UPDATED, KAPP_ORIGINAL, LAST_APPLIED
from k8supgrade.kube.metrics import kept_lines

_MANIFESTS = (LAST_APPLIED, KAPP_ORIGINAL)
_MARKS = {name: f'"f:{name}"'.encode() for name in _MANIFESTS}
_LABELS = ("kubernetes.io/bootstrapping", "name", "owner", "status", "version")
_METADATA = ("name", "namespace", "uid", "creationTimestamp", "ownerReferences")
_ENTRY = ("manager", "operation", "apiVersion", "time", "subresource")
# Where secrets are written in a manifest, whatever its kind.
_VALUES = frozenset(("args", "binaryData", "caBundle", "command", "data", "env", "envFrom", "password", "stringData",
                     "token", "values"))  # fmt: skip
_IDENTITY = ("apiVersion", "kind")
_HEADER_LINE = re.compile(r"^(?:apiVersion|kind):[ \t]*[\"']?[A-Za-z0-9./-]+[\"']?[ \t]*$", re.MULTILINE)

Json = dict[str, Any]


def page(data: bytes) -> bytes:
    """A page of a list. Items that hold more than metadata keep it, redacted."""
    whole: Json = msgspec.json.decode(data)
    items = [reduced_object(item) for item in whole.get("items") or ()]
    return msgspec.json.encode({**_identity(whole), "metadata": _list_metadata(whole), "items": items})


def definitions(data: bytes) -> bytes:
    """A page of definitions of custom resources: versions, names, no schemas."""
    return msgspec.json.encode({"metadata": _list_metadata(msgspec.json.decode(data)), "items": crd.definitions(data)})


def request_counts(data: bytes) -> bytes:
    """A page of OpenShift's counts: names and status."""
    whole: Json = msgspec.json.decode(data)
    items = [
        {"metadata": {"name": item["metadata"]["name"]}, "status": item.get("status") or {}}
        for item in whole.get("items") or ()
    ]
    return msgspec.json.encode({**_identity(whole), "metadata": _list_metadata(whole), "items": items})


def metrics(data: bytes) -> bytes:
    return b"".join(line.rstrip(b"\n") + b"\n" for line in kept_lines(data))


def reduced_object(manifest: Mapping[str, Any]) -> Json:
    """An object as a check may want to see it: every field but those where a secret can stand."""
    kept = {
        key: _redacted(value)
        for key, value in manifest.items()
        if key not in ("metadata", "status") and key not in _VALUES
    }
    return {**kept, "metadata": _object_metadata(manifest.get("metadata") or {})}


def header_of(manifest: Mapping[str, Any]) -> Json:
    """What says which object it is."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kept = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    return {**_identity(manifest), "metadata": kept}


def _identity(manifest: Mapping[str, Any]) -> Json:
    return {key: manifest[key] for key in _IDENTITY if key in manifest}


def _list_metadata(whole: Mapping[str, Any]) -> Json:
    metadata = whole.get("metadata") or {}
    return {"continue": metadata["continue"]} if metadata.get("continue") else {}


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _redacted(item) for key, item in value.items() if key not in _VALUES}
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    if isinstance(value, str) and "\n" in value:  # a document within the document: a patch, say
        return "\n".join(_HEADER_LINE.findall(value))
    return value


def _object_metadata(metadata: Mapping[str, Any]) -> Json:
    kept = {key: metadata[key] for key in _METADATA if key in metadata}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key in _LABELS}
    annotations = _annotations(metadata.get("annotations") or {})
    entries = [_entry(entry) for entry in metadata.get("managedFields") or ()]
    more = {"labels": labels, "annotations": annotations, "managedFields": entries}
    return kept | {key: value for key, value in more.items() if value}


def _annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    kept = {key: annotations[key] for key in (AUTO_UPDATED,) if key in annotations}
    for key in _MANIFESTS:
        if key in annotations:
            kept[key] = _applied(annotations[key])
    return kept


def _applied(text: str) -> str:
    """The header of the manifest in an annotation; what is none stays none, without its text."""
    try:
        manifest = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return "not kept: no manifest"
    return msgspec.json.encode(header_of(manifest)).decode() if isinstance(manifest, dict) else "null"


def _entry(entry: Mapping[str, Any]) -> Json:
    """Without the names of fields, but for those that tell who owns the annotation and what is status alone."""
    kept = {key: entry[key] for key in _ENTRY if entry.get(key)}
    fields = entry.get("fieldsV1") or {}
    text = msgspec.json.encode(fields)
    owned: Json = {f"f:{name}": {} for name, mark in _MARKS.items() if mark in text}
    if owned:
        kept["fieldsV1"] = {"f:metadata": {"f:annotations": owned}}
    elif set(fields) == {"f:status"}:
        kept["fieldsV1"] = {"f:status": {}}
    return kept


def by_path(path: str) -> Callable[[bytes], bytes] | None:
    """What reduces the answer of `path`; None where it holds nothing but names (discovery, the version)."""
    if path == "/metrics":
        return metrics
    if path == crd.PATH:
        return definitions
    if path.endswith("/apirequestcounts"):
        return request_counts
    return None if _is_discovery(path) else page


def _is_discovery(path: str) -> bool:
    """`/version`, `/api`, `/apis`, `/api/v1`, `/apis/GROUP/VERSION`."""
    parts = path.strip("/").split("/")
    return parts[0] == "version" or len(parts) <= {"api": 2, "apis": 3}.get(parts[0], 0)
