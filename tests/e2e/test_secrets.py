"""No secret in any output, log or snapshot: canaries are planted everywhere, and everything is searched for them."""

from __future__ import annotations

import base64
import gzip
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8supgrade.reports import NAMES
from tests.e2e import faults
from tests.e2e.cluster import ControlPlane
from tests.e2e.faults import Rule, proxy
from tests.e2e.scanning import Run, budget, k8supgrade, scan

CANARY = "canary-8f2d"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")


def secret(name: str, namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**metadata, "annotations": {"note": f"{CANARY}-annotation"}},
        "data": {"password": base64.b64encode(f"{CANARY}-data".encode()).decode()},
        "stringData": {"token": f"{CANARY}-string-data"},
    }


def job(name: str) -> dict[str, Any]:
    container = {
        "name": "job",
        "image": "example.com/job:1",
        "args": [f"--password={CANARY}-args"],
        "command": ["run", f"{CANARY}-command"],
        "env": [{"name": "PASSWORD", "value": f"{CANARY}-env"}],
    }
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1beta1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "shop", "annotations": {"note": f"{CANARY}-annotation"}},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}},
    }


AUTOSCALER = {
    "apiVersion": "autoscaling/v2beta2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "cart", "namespace": "shop", "annotations": {"note": f"{CANARY}-annotation"}},
    "spec": {
        "maxReplicas": 3,
        "scaleTargetRef": {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "name": "cart"},
    },
}


@pytest.fixture(scope="module")
def server(cluster_1_24: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    cluster_1_24.kubectl("create", "namespace", "shop", check=False)
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"password": f"{CANARY}-config-map"},
    }
    for manifest in (secret("applied", "shop"), settings, job("nightly"), AUTOSCALER):
        cluster_1_24.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    chart = tmp_path_factory.mktemp("chart") / "cart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: cart\nversion: 1.2.3\n")
    (chart / "values.yaml").write_text(f"password: {CANARY}-values\n")
    hook = secret("hook")
    hook["metadata"]["annotations"]["helm.sh/hook"] = "pre-upgrade"
    hooked = budget("hooked")
    hooked["metadata"]["annotations"] = {"helm.sh/hook": "pre-upgrade"}
    manifests = {"secret": secret("released"), "hook": hook, "hooked": hooked, "pdb": budget("released")}
    manifests["job"] = job("released")
    for name, manifest in manifests.items():
        (chart / "templates" / f"{name}.yaml").write_text(json.dumps(manifest))
    (chart / "templates" / "NOTES.txt").write_text(f"{CANARY}-notes")
    cluster_1_24.helm("install", "cart", str(chart), "--namespace=shop", "--set", f"token={CANARY}-set")
    return cluster_1_24


@pytest.fixture
def config(server: ControlPlane, tmp_path: Path) -> Path:
    return server.kubeconfig(tmp_path / "kubeconfig")


def decoded(data: bytes, depth: int = 4) -> Iterator[bytes]:
    """The bytes, and whatever is packed or encoded in them."""
    yield data
    if depth == 0:
        return
    if data[:2] == b"\x1f\x8b":
        yield from decoded(gzip.decompress(data), depth - 1)
    for match in _BASE64.findall(data):
        try:
            yield from decoded(base64.b64decode(match, validate=True), depth - 1)
        except ValueError:
            continue


def assert_clean(server: ControlPlane, *places: bytes) -> None:
    for place in places:
        for text in decoded(place):
            assert CANARY.encode() not in text
            assert server.token().encode() not in text


def of_run(run: Run) -> tuple[bytes, bytes]:
    return run.out.encode(), run.err.encode()


def test_the_search_finds_what_is_there() -> None:
    packed = base64.b64encode(base64.b64encode(gzip.compress(f"x{CANARY}".encode())))
    assert any(CANARY.encode() in text for text in decoded(b'{"release": "' + packed + b'"}'))


@pytest.mark.parametrize("name", NAMES)
def test_no_report_holds_one(server: ControlPlane, config: Path, name: str) -> None:
    arguments = ("scan", "--target", "1.28", "--helm-history", "--allow-deprecated-calls", "-v", "-o", name)
    run = k8supgrade(*arguments, config=config)
    assert run.code == 1
    assert_clean(server, *of_run(run))


@pytest.fixture
def snapshot(config: Path, tmp_path: Path) -> Callable[..., Path]:
    def take(*arguments: str) -> Path:
        path = tmp_path / "cluster.tar.gz"
        run = k8supgrade("snapshot", "-o", path, *arguments, config=config)
        assert run.code == 0, run.err
        return path

    return take


@pytest.mark.parametrize("option", ["--no-helm", "--helm-history", "--allow-deprecated-calls"])
def test_no_snapshot_holds_one(server: ControlPlane, snapshot: Callable[..., Path], option: str) -> None:
    path = snapshot(option)
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        members = [archive.extractfile(member) for member in archive if member.isfile()]
        texts = [member.read() for member in members if member is not None]
    assert len(texts) > 20
    assert_clean(server, *texts)


@pytest.mark.parametrize("name", NAMES)
def test_no_report_of_a_snapshot_holds_one(server: ControlPlane, snapshot: Callable[..., Path], name: str) -> None:
    path = snapshot("--helm-history")
    run = k8supgrade("scan", "--target", "1.28", "-v", "-o", name, "--snapshot", path)
    assert run.code == 1
    assert_clean(server, *of_run(run))


BREAKS: dict[str, faults.Fault] = {
    "answered as an error": lambda handler, body: handler.answer(500, body),
    "forbidden": lambda handler, body: handler.answer(403, body),
    "not JSON": faults.changed(lambda body: b"#" + body),
    "truncated": faults.truncated,
    "reset": faults.reset,
}


@pytest.mark.parametrize("name", BREAKS)
def test_no_failure_tells_one(server: ControlPlane, tmp_path: Path, name: str) -> None:
    """Each list and each release is broken, with the objects in what is sent."""
    with proxy(server, tmp_path / "kubeconfig", Rule(r"/(secrets|cronjobs)\b", BREAKS[name])) as config:
        taken = k8supgrade("snapshot", "--timeout", "2", "-o", tmp_path / "cluster", config=config)
        runs = [scan(config, "-v", "--timeout", "2"), taken]
    assert [run.code for run in runs] == [1, 3]
    assert runs[0].report["skipped"]
    assert_clean(server, (tmp_path / "cluster").read_bytes())
    for run in runs:
        assert_clean(server, *of_run(run))


@pytest.mark.parametrize("answer", ["ready", "refused", "no object", "no credential", "failed"])
def test_what_a_credential_plugin_answers_is_not_told(
    server: ControlPlane, config: Path, tmp_path: Path, answer: str
) -> None:
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    token = server.token() if answer == "ready" else CANARY
    answers: dict[str, object] = {"no object": CANARY, "no credential": credential | {"token": CANARY}}
    whole = credential | {"status": {"token": token}}
    (tmp_path / "answer").write_text(json.dumps(answers.get(answer, whole)))
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\ncat '{tmp_path}/answer'\nexit {int(answer == 'failed')}\n")
    plugin.chmod(0o755)
    content = yaml.safe_load(config.read_text())
    execute = {"apiVersion": credential["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}
    content["users"][0]["user"] = {"exec": execute}
    config.write_text(yaml.safe_dump(content))
    run = scan(config, "-v")
    assert run.code == (1 if answer == "ready" else 3)
    assert_clean(server, *of_run(run))


@pytest.mark.parametrize("target", ["1.25", "1.28", "1.31"])
def test_a_snapshot_says_what_the_cluster_says(config: Path, snapshot: Callable[..., Path], target: str) -> None:
    live = scan(config, target=target)
    offline = k8supgrade("scan", "--target", target, "-o", "json", "--snapshot", snapshot())
    assert live.code == offline.code
    reports = [{key: value for key, value in run.report.items() if key != "generatedAt"} for run in (live, offline)]
    assert reports[0] == reports[1]


def test_what_no_document_is_cannot_be_read_from_a_snapshot_either(
    server: ControlPlane, config: Path, snapshot: Callable[..., Path]
) -> None:
    """A release whose manifest is broken: the gap stays, its text does not go into the snapshot."""
    stored = json.loads(server.kubectl("get", "secret", "sh.helm.release.v1.cart.v1", "-n=shop", "-o=json").stdout)
    release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(stored["data"]["release"]))))
    release |= {"name": "broken", "manifest": f"---\n{{broken: [{CANARY}\n", "hooks": []}
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode())).decode()
    broken = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": "sh.helm.release.v1.broken.v1",
            "namespace": "shop",
            "labels": {**stored["metadata"]["labels"], "name": "broken"},
        },
        "stringData": {"release": packed},
    }
    server.kubectl("create", "-f", "-", stdin=json.dumps(broken))
    try:
        path = snapshot("--allow-incomplete")
        runs = [scan(config), k8supgrade("scan", "--target", "1.28", "-o", "json", "--snapshot", path)]
        for run in runs:
            assert [skip["what"] for skip in run.report["skipped"]] == ["prod: release shop/broken revision 1"]
            assert_clean(server, *of_run(run))
        assert_clean(server, gzip.decompress(path.read_bytes()))
    finally:
        server.kubectl("delete", "secret", "sh.helm.release.v1.broken.v1", "-n=shop")
