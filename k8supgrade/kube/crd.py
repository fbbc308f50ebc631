"""Definitions of custom resources, without their schemas: those can be megabytes, and no check needs them."""

from __future__ import annotations

from typing import Any

import msgspec

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
API_VERSION = "apiextensions.k8s.io/v1"
KIND = "CustomResourceDefinition"
# Definitions are large: fewer to a page.
PAGE_SIZE = 50


class _Metadata(msgspec.Struct):
    name: str = ""


class _Version(msgspec.Struct, rename="camel", omit_defaults=True):
    name: str = ""
    served: bool = False
    storage: bool = False
    deprecated: bool = False
    deprecation_warning: str | None = None


class _Names(msgspec.Struct):
    kind: str = ""
    plural: str = ""


class _Spec(msgspec.Struct):
    group: str = ""
    scope: str = ""
    names: _Names = msgspec.field(default_factory=_Names)
    versions: list[_Version] = msgspec.field(default_factory=list)


class _Status(msgspec.Struct, rename="camel"):
    stored_versions: list[str] | None = None


class _Definition(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


class _List(msgspec.Struct):
    items: list[_Definition] | None = None


_LISTS = msgspec.json.Decoder(_List)


def definitions(page: bytes) -> list[dict[str, Any]]:
    """The definitions of a page as manifests of the fields above.

    Raises:
        msgspec.DecodeError: the page is no list of definitions.
    """
    found: list[dict[str, Any]] = msgspec.to_builtins(_LISTS.decode(page).items or [])
    return found


def deprecated_apis(manifest: dict[str, Any]) -> set[tuple[str, str]]:
    """(group/version, kind) of the versions that their author marks deprecated."""
    spec = manifest["spec"]
    return {
        (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
        for version in spec["versions"]
        if version.get("deprecated")
    }
