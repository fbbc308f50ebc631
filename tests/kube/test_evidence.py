"""Evidence: who wrote an object as what, and whether a later write has overtaken it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.kube.evidence import (
    AUTO_UPDATED,
    KAPP_ORIGINAL,
    LAST_APPLIED,
    Entry,
    Metadata,
    Trace,
    UnreadableAnnotationError,
    traces,
    writers,
)

V1, BETA, OLDER = "networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"
ANNOTATION_FIELDS = {"f:metadata": {"f:annotations": {".": {}, f"f:{LAST_APPLIED}": {}}}, "f:spec": {"f:rules": {}}}
SPEC: dict[str, Any] = {"f:spec": {"f:rules": {}}}
STATUS: dict[str, Any] = {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}


def wrote(manager: str, api_version: str, second: int | None, fields: Any = SPEC, **more: str) -> dict[str, Any]:
    """An entry as a 1.28 server writes it."""
    entry = {"manager": manager, "operation": "Update", "apiVersion": api_version, **more}
    if second is not None:
        entry["time"] = f"2021-03-04T05:06:{second:02}Z"
    return {**entry, "fieldsType": "FieldsV1", "fieldsV1": fields}


def metadata(*entries: dict[str, Any], indent: int | None = None, **annotations: str) -> Metadata:
    names = {"applied": LAST_APPLIED, "kapp": KAPP_ORIGINAL, "auto": AUTO_UPDATED}
    text = {
        "name": "cart",
        "namespace": "shop",
        "uid": "348d4ca2-fd1a-4d6e-a9c5-562096f36df3",
        "annotations": {names[name]: value for name, value in annotations.items()},
        "managedFields": list(entries),
    }
    return msgspec.json.decode(json.dumps(text, indent=indent), type=Metadata)


def manifest(api_version: str, kind: str = "Ingress") -> str:
    return json.dumps({"apiVersion": api_version, "kind": kind, "metadata": {"name": "cart"}}) + "\n"


def found(subject: Metadata, *dead: str) -> list[Trace]:
    return list(traces(subject, "Ingress", lambda api_version: api_version not in (dead or (BETA, OLDER))))


def stale(subject: Metadata, *dead: str) -> dict[str, bool]:
    """Of what managedFields tells."""
    return {trace.api_version: trace.overtaken_by is not None for trace in found(subject, *dead)}


def test_the_latest_write_is_fresh_however_old_it_is() -> None:
    (trace,) = found(metadata(wrote("helm", BETA, 1)))
    assert trace == Trace(BETA, "managed-fields", "helm", "2021-03-04T05:06:01Z")


def test_a_later_write_with_a_living_version_overtakes() -> None:
    old, new = sorted(found(metadata(wrote("helm", BETA, 1), wrote("argocd", V1, 2))), reverse=True)
    assert old.overtaken_by == f"argocd has since written it as {V1}"
    assert new.overtaken_by is None


def test_a_later_write_with_a_dead_version_overtakes_nothing() -> None:
    subject = metadata(wrote("helm", OLDER, 1), wrote("kubectl", BETA, 2))
    assert stale(subject) == {OLDER: False, BETA: False}
    assert stale(subject, OLDER) == {OLDER: True, BETA: False}


def test_of_two_writes_in_one_second_nobody_knows_which_was_later() -> None:
    assert stale(metadata(wrote("helm", BETA, 1), wrote("argocd", V1, 1))) == {BETA: False, V1: False}


def test_of_an_entry_without_a_time_nobody_knows_whether_it_was_overtaken() -> None:
    assert stale(metadata(wrote("helm", BETA, None))) == {BETA: False}
    assert stale(metadata(wrote("argocd", BETA, None), wrote("helm", V1, 1))) == {BETA: False, V1: False}
    assert stale(metadata(wrote("argocd", V1, None), wrote("helm", BETA, 1))) == {BETA: False, V1: False}
    both = metadata(wrote("helm", BETA, 1), wrote("argocd", BETA, None), wrote("kubectl-edit", V1, 2))
    assert Trace(BETA, "managed-fields", "argocd", None) in found(both)


@pytest.mark.parametrize(
    "manager",
    [
        "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet",
        "api-priority-and-fairness-config-producer-v1", "api-priority-and-fairness-config-consumer-v1",
    ],
)  # fmt: skip
def test_the_control_plane_does_not_count(manager: str) -> None:
    assert found(metadata(wrote(manager, BETA, 1))) == []
    assert stale(metadata(wrote("helm", BETA, 1), wrote(manager, V1, 2))) == {BETA: False}


def test_a_write_to_a_subresource_does_not_count() -> None:
    for subresource in ("status", "scale", "approval"):
        assert found(metadata(wrote("controller", BETA, 1, subresource=subresource))) == []
    subject = metadata(wrote("helm", BETA, 1), wrote("controller", V1, 2, STATUS, subresource="status"))
    assert stale(subject) == {BETA: False}


@pytest.mark.parametrize("indent", [None, 2])
def test_before_1_22_the_fields_tell_a_write_to_the_status(indent: int | None) -> None:
    assert found(metadata(wrote("nginx-ingress-controller", BETA, 1, STATUS), indent=indent)) == []
    both = {**STATUS, "f:template": {}}
    assert stale(metadata(wrote("operator", BETA, 1, both), indent=indent)) == {BETA: False}


def test_what_the_server_keeps_up_to_date_itself_has_no_writers() -> None:
    assert writers(metadata(wrote("somebody", BETA, 1), auto="true")) == []
    assert len(writers(metadata(wrote("somebody", BETA, 1), auto="false"))) == 1


def test_the_annotation_was_written_by_its_owner() -> None:
    entry = wrote("kubectl-client-side-apply", V1, 3, ANNOTATION_FIELDS)
    (trace,) = (t for t in found(metadata(entry, applied=manifest(BETA))) if t.evidence == "last-applied")
    assert (trace.manager, trace.time, trace.overtaken_by) == (entry["manager"], entry["time"], None)


def test_an_annotation_is_overtaken_by_a_write_after_its_owners() -> None:
    first, later = wrote("kubectl-client-side-apply", BETA, 1, ANNOTATION_FIELDS), wrote("helm", V1, 2)
    traced = found(metadata(first, later, applied=manifest(BETA)))
    assert {(t.evidence, t.api_version): bool(t.overtaken_by) for t in traced} == {
        ("managed-fields", V1): False,
        ("managed-fields", BETA): True,
        ("last-applied", BETA): True,
    }


def test_an_annotation_that_nobody_owns_is_older_than_any_write() -> None:
    assert Trace(BETA, "last-applied", "kubectl", None) in found(metadata(applied=manifest(BETA)))
    overtaken = found(metadata(wrote("helm", V1, 1), applied=manifest(BETA)))
    assert Trace(BETA, "last-applied", "kubectl", None, f"helm has since written it as {V1}") in overtaken


def test_kapp_keeps_the_manifest_too() -> None:
    assert found(metadata(kapp=manifest(OLDER))) == [Trace(OLDER, "last-applied", "kapp", None)]


def test_an_inherited_annotation_is_another_objects() -> None:
    assert found(metadata(applied=manifest(OLDER, "Deployment"))) == []


@pytest.mark.parametrize("text", ["{", "null", '["a"]', '{"apiVersion": 1}'])
def test_an_annotation_without_a_manifest_costs_only_itself(text: str) -> None:
    seen = []
    iterator = traces(metadata(wrote("helm", BETA, 1), applied=text, kapp=manifest(OLDER)), "Ingress", lambda _: False)
    with pytest.raises(UnreadableAnnotationError, match="last-applied"):
        seen += list(iterator)
    reread = traces(metadata(wrote("helm", BETA, 1), applied=text, kapp=manifest(OLDER)), "Ingress", lambda _: False)
    assert [next(reread).api_version, next(reread).api_version] == [BETA, OLDER]


def test_an_empty_annotation_says_nothing() -> None:
    assert found(metadata(applied="")) == []


def test_nothing_known_is_no_trace() -> None:
    assert found(Metadata(name="cart")) == []


entries = st.lists(
    st.builds(
        Entry,
        manager=st.sampled_from(["helm", "argocd", "kubectl-edit", "kubelet", "kube-controller-manager"]),
        operation=st.sampled_from(["Apply", "Update"]),
        api_version=st.sampled_from([V1, BETA, OLDER]),
        time=st.none() | st.integers(0, 4).map("2021-03-04T05:06:0{}Z".format),
        subresource=st.sampled_from(["", "", "", "status"]),
        fields=st.sampled_from([SPEC, STATUS, ANNOTATION_FIELDS]).map(json.dumps).map(str.encode).map(msgspec.Raw),
    ),
    max_size=6,
)


@given(entries, st.randoms(use_true_random=False), st.sampled_from([None, V1, BETA, OLDER]))
def test_the_order_of_the_entries_does_not_matter(some: list[Entry], random: Any, applied: str | None) -> None:
    annotations = None if applied is None else {LAST_APPLIED: manifest(applied)}
    expected = found(Metadata(managed_fields=some, annotations=annotations))
    shuffled = list(some)
    random.shuffle(shuffled)
    assert sorted(found(Metadata(managed_fields=shuffled, annotations=annotations)), key=repr) == sorted(
        expected, key=repr
    )


@given(entries)
def test_fresh_is_what_no_later_write_with_a_living_version_follows(some: list[Entry]) -> None:
    """What is stale has a later living write; of dead versions, the latest write's is never stale."""
    subject = Metadata(managed_fields=some)
    counted = writers(subject)
    latest = max((entry.time or "" for entry in counted), default="")
    for trace in found(subject):
        of_version = [entry for entry in counted if entry.api_version == trace.api_version]
        newest = max(entry.time or "" for entry in of_version)
        if newest == latest or any(entry.time is None for entry in of_version):
            assert trace.overtaken_by is None
            continue
        if trace.overtaken_by is not None:
            assert all(entry.api_version == V1 for entry in counted if (entry.time or "") == latest)
        else:
            assert any(entry.api_version != V1 for entry in counted if (entry.time or "") == latest)
