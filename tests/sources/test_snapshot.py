"""Snapshots: what is written down is what is answered, and a file that is none is a usage error."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.errors import UsageError
from k8supgrade.kube.api import ApiError, TooLargeError
from k8supgrade.kube.release import decode_object
from k8supgrade.sources.recording import INDEX, SCHEMA, Recorder, add_member
from k8supgrade.sources.snapshot import SnapshotApi
from tests.kube.fake import Fake

LIST = "/apis/policy/v1/poddisruptionbudgets"
RELEASE = "/api/v1/namespaces/shop/secrets/sh.helm.release.v1.cart.v1"
CANARY = "canary"


def record(path: Path, answers: Mapping[str, bytes | ApiError]) -> Recorder:
    archive = tarfile.open(path, "w:gz")  # noqa: SIM115 -- closed by `close`
    recorder = Recorder(Fake(answers), archive, frozenset(["HorizontalPodAutoscaler"]))
    recorder.describe(
        tool="1", taken_at="2026-01-31T09:00:00Z", namespaces=("shop",), releases=True, deprecated_calls=False,
        history=True,
    )  # fmt: skip
    for asked in answers:
        try:
            recorder.get(asked, query={"limit": "500"})
        except ApiError:
            continue
    archive.close()
    return recorder


def listed(*names: str) -> bytes:
    items = [{"metadata": {"name": name}} for name in names]
    return json.dumps({"kind": "List", "metadata": {}, "items": items}).encode()


def test_it_answers_what_it_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "cluster.tar.gz"
    refused = ApiError("forbidden (403): no", status=403)
    record(path, {LIST: listed("cart"), "/version": b'{"gitVersion": "v1.24.1"}', "/api/v1/secrets": refused})
    api = SnapshotApi(str(path))
    assert (api.name, api.namespaces) == ("prod", ("shop",))
    assert (api.holds_releases, api.holds_history, api.made_deprecated_calls) == (True, True, False)
    assert api.get("/version", query={"limit": "500"}) == b'{"gitVersion": "v1.24.1"}'
    assert json.loads(api.get(LIST, query={"limit": "7"}))["items"] == [{"metadata": {"name": "cart"}}]
    with pytest.raises(ApiError, match="no") as error:
        api.get("/api/v1/secrets")
    assert error.value.status == 403
    with pytest.raises(ApiError, match="not in the snapshot"):
        api.get(LIST, accept="text/plain")
    with pytest.raises(TooLargeError):
        api.get(LIST, limit=3)


def test_an_unreachable_server_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "cluster.tar.gz"
    record(path, {LIST: ApiError("connection refused", is_unreachable=True)})
    with pytest.raises(ApiError, match="not in the snapshot"):
        SnapshotApi(str(path)).get(LIST)


def stored(manifest: str, *hooks: str) -> bytes:
    release: dict[str, Any] = {
        "name": "cart",
        "namespace": "shop",
        "version": 1,
        "info": {"status": "deployed", "notes": CANARY},
        "chart": {"metadata": {"name": "cart", "version": "1.2.3"}, "values": {"password": CANARY}},
        "config": {"password": CANARY},
        "manifest": manifest,
        "hooks": [{"name": "hook", "path": "cart/templates/hook.yaml", "manifest": hook} for hook in hooks],
    }
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode())))
    return json.dumps({"metadata": {"name": "x"}, "data": {"release": packed.decode()}}).encode()


YAML = f"""\
---
# Source: cart/templates/pdb.yaml
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {{name: cart, annotations: {{note: {CANARY}}}}}
spec: {{selector: {CANARY}}}
---
# Source: cart/templates/hpa.yaml
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: cart}}
spec: {{scaleTargetRef: {{apiVersion: extensions/v1beta1, kind: Deployment}}, env: {CANARY}}}
"""
AS_JSON = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"x": CANARY}})


def test_a_release_keeps_the_headers_of_its_objects(tmp_path: Path) -> None:
    path = tmp_path / "cluster.tar.gz"
    record(path, {RELEASE: stored(YAML, AS_JSON)})
    body = SnapshotApi(str(path)).get(RELEASE)
    release = decode_object(body, "secrets")
    assert (release.name, release.chart_name) == ("cart", "cart-1.2.3")
    assert (
        "# Source: cart/templates/pdb.yaml\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget" in release.manifest
    )
    assert "extensions/v1beta1" in release.manifest
    assert release.hooks is not None
    assert release.hooks[0] is not None
    assert "kind: Secret" in release.hooks[0].manifest
    assert CANARY not in release.manifest + release.hooks[0].manifest


@pytest.mark.parametrize("manifest", [f"---\n{{broken: [{CANARY}\n", f"---\nkind: X\napiVersion: v1\nx: [{CANARY}\n"])
def test_what_cannot_be_read_is_not_kept(tmp_path: Path, manifest: str) -> None:
    path = tmp_path / "cluster.tar.gz"
    record(path, {RELEASE: stored(manifest), "/apis/x/v1/y": b"no JSON"})
    api = SnapshotApi(str(path))
    release = decode_object(api.get(RELEASE), "secrets")
    assert "not kept" in release.manifest
    assert CANARY not in release.manifest
    with pytest.raises(ApiError, match="not in the snapshot"):
        api.get("/apis/x/v1/y")


def tar(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            add_member(archive, name.replace("_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read"),
        (b"text", "cannot be read"),
        (tar()[:20], "cannot be read"),
        (tar(x=b"no JSON"), "not a snapshot: 'x' is none of its members"),
        (tar(), "not a snapshot that this version can read"),
        (tar(snapshot_json=b'{"schema": "k8supgrade.snapshot/v2", "context": "x"}'), "not a snapshot that this"),
        (tar(snapshot_json=json.dumps({"schema": SCHEMA}).encode()), "not a snapshot that this"),
    ],
)
def test_what_is_no_snapshot(tmp_path: Path, data: bytes, message: str) -> None:
    assert INDEX == "snapshot.json"
    path = tmp_path / "cluster.tar.gz"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=message):
        SnapshotApi(str(path))


def test_paths_in_the_archive_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cluster.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        add_member(archive, INDEX, json.dumps({"schema": SCHEMA, "context": "prod"}).encode())
        add_member(archive, "../../escaped", b'{"request": "x"}\n{}')
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert SnapshotApi(str(path)).name == "prod"
    assert not (tmp_path.parent / "escaped").exists()
