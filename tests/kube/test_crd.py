"""Definitions of custom resources: what is left of them, and which of their versions are deprecated."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from k8supgrade.kube.crd import definitions, deprecated_apis

SCHEMA = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


def definition(*versions: dict[str, Any], stored: list[str] | None = None) -> dict[str, Any]:
    """As a 1.28 server shows it."""
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    return {
        "metadata": {
            "name": "widgets.example.com",
            "uid": "2f8fd3f4-2a0c-4a6f-9f2b-fd2b0b7dd5a7",
            "managedFields": [{"manager": "helm", "operation": "Update", "apiVersion": "apiextensions.k8s.io/v1"}],
        },
        "spec": {
            "group": "example.com",
            "names": names,
            "scope": "Namespaced",
            "versions": [{"schema": SCHEMA, **version} for version in versions],
            "conversion": {"strategy": "None"},
        },
        "status": {"conditions": [], "acceptedNames": names, "storedVersions": stored},
    }


def page(*items: dict[str, Any]) -> bytes:
    told = {"kind": "CustomResourceDefinitionList", "apiVersion": "apiextensions.k8s.io/v1"}
    return json.dumps({**told, "metadata": {"resourceVersion": "7"}, "items": items}).encode()


OLD = {"name": "v1alpha1", "served": True, "storage": False, "deprecated": True, "deprecationWarning": "use v1"}
NEW = {"name": "v1", "served": True, "storage": True}


def test_a_definition_without_its_schema() -> None:
    (found,) = definitions(page(definition(OLD, NEW, stored=["v1alpha1", "v1"])))
    assert found == {
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [
                {"name": "v1alpha1", "served": True, "deprecated": True, "deprecationWarning": "use v1"},
                {"name": "v1", "served": True, "storage": True},
            ],
        },
        "status": {"storedVersions": ["v1alpha1", "v1"]},
    }


def test_a_new_definition_has_no_status_yet() -> None:
    new = definition(NEW)
    del new["status"]
    (found,) = definitions(page(new))
    assert found["status"] == {"storedVersions": None}
    assert definitions(page(definition(NEW, stored=None)))[0]["status"] == {"storedVersions": None}


def test_which_versions_are_deprecated() -> None:
    (found,) = definitions(page(definition(OLD, NEW)))
    assert deprecated_apis(found) == {("example.com/v1alpha1", "Widget")}
    (found,) = definitions(page(definition(NEW)))
    assert deprecated_apis(found) == set()


def test_pages_of_any_length() -> None:
    assert definitions(page()) == []
    assert len(definitions(page(*[definition(NEW)] * 3))) == 3


@pytest.mark.parametrize("text", [b"", b"[]", b'{"items": 1}', b'{"items": [{"spec": {"versions": "v1"}}]}'])
def test_a_page_that_is_no_list_of_definitions(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        definitions(text)
