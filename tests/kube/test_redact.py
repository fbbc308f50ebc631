"""What a snapshot keeps of a server's answers: evidence, and nothing that could be a secret."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.kube import redact
from k8supgrade.kube.evidence import Metadata, traces

CANARY = "canary"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def item(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "cart", "namespace": "shop", "resourceVersion": "7", **metadata},
        "spec": {"env": CANARY, "nested": [{"args": [CANARY], "kept": 1}], "text": f"apiVersion: v1\nkey: {CANARY}\n"},
        "data": {"password": CANARY},
        "status": {"message": CANARY},
    }


def page(*items: dict[str, Any], token: str = "") -> dict[str, Any]:
    whole = {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"continue": token, "resourceVersion": "9"},
        "items": items,
    }
    reduced: dict[str, Any] = json.loads(redact.page(json.dumps(whole).encode()))
    return reduced


def test_an_object_keeps_what_a_check_may_read() -> None:
    (kept,) = page(item(annotations={"note": CANARY}, labels={"app": CANARY, "owner": "helm"}))["items"]
    assert kept == {
        "metadata": {"name": "cart", "namespace": "shop", "labels": {"owner": "helm"}},
        "spec": {"nested": [{"kept": 1}], "text": "apiVersion: v1"},
    }


def test_pages_go_on_as_they_did() -> None:
    assert page(token="next")["metadata"] == {"continue": "next"}
    assert page()["metadata"] == {}


@pytest.mark.parametrize("text", ["{", "[1]", "null", '"x"', f'"{CANARY}"', f'{{"kind": "{CANARY}"'])
def test_an_annotation_that_is_no_manifest_stays_none(text: str) -> None:
    (kept,) = page(item(annotations={APPLIED: text}))["items"]
    assert CANARY not in kept["metadata"]["annotations"][APPLIED]


entries = st.fixed_dictionaries(
    {
        "manager": st.sampled_from(["kubectl", "helm", "kube-controller-manager"]),
        "operation": st.sampled_from(["Apply", "Update"]),
        "apiVersion": st.sampled_from(["policy/v1", "policy/v1beta1"]),
        "time": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]),
        "fieldsType": st.just("FieldsV1"),
        "fieldsV1": st.sampled_from(
            [
                {"f:spec": {"f:minAvailable": {}}},
                {"f:status": {"f:conditions": {}}},
                {"f:metadata": {"f:annotations": {".": {}, f"f:{APPLIED}": {}}}, "f:spec": {}},
            ]
        ),
    },
    optional={"subresource": st.sampled_from(["status", "scale"])},
)
applied = st.sampled_from(["policy/v1", "policy/v1beta1"]).map(
    lambda version: json.dumps({"apiVersion": version, "kind": "PodDisruptionBudget", "spec": {"x": CANARY}})
)


@given(st.lists(entries, max_size=4), st.none() | applied)
def test_the_evidence_is_the_same(fields: list[dict[str, Any]], annotation: str | None) -> None:
    annotations = {APPLIED: annotation} if annotation else {}
    whole = item(managedFields=fields, annotations=annotations)
    (kept,) = page(whole)["items"]
    assert CANARY not in json.dumps(kept)
    found = [
        list(traces(msgspec.convert(_raw(one["metadata"]), Metadata), "PodDisruptionBudget", "policy/v1".__eq__))
        for one in (whole, kept)
    ]
    assert found[0] == found[1]


def _raw(metadata: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(metadata), type=Metadata)


def test_what_is_asked_decides_what_is_kept() -> None:
    for path in ("/version", "/api", "/apis", "/api/v1", "/apis/policy/v1"):
        assert redact.by_path(path) is None
    for path in ("/api/v1/secrets", "/apis/policy/v1/poddisruptionbudgets", "/api/v1/namespaces/shop", "/logs"):
        assert redact.by_path(path) is redact.page
    assert redact.by_path("/metrics") is redact.metrics


def test_metrics_are_those_that_are_read() -> None:
    text = b'# HELP x\napiserver_storage_objects{resource="pods"} 3\nsecret_metric{token="canary"} 1\n'
    assert redact.metrics(text) == b'apiserver_storage_objects{resource="pods"} 3\n'
