"""Faults between us and a real server: the same findings as without, or a gap that is named."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import faults
from tests.e2e.cluster import ControlPlane
from tests.e2e.faults import Rule, proxy
from tests.e2e.scanning import Report, Run, budget, findings, missing, scan

BUDGETS = 520  # more than a page
LIST = r"/apis/policy/v1/poddisruptionbudgets\b"
FIRST_PAGE = LIST + r"\?limit=\d+$"
SECOND_PAGE = LIST + r".*continue="
RELEASE = r"/secrets/sh\.helm\.release\.v1\.cart\.v1$"
TRANSIENT = {
    "429": faults.status(429, headers={"Retry-After": "1"}),
    "500": faults.status(500),
    "503": faults.status(503),
    "reset in mid-body": faults.reset,
    "truncated JSON": faults.truncated,
    "shorter than it says": faults.too_long,
    "longer than it says": faults.too_short,
    "stalled": faults.stalled,
}


@pytest.fixture(scope="module")
def server(cluster_1_24: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """With a release and two pages of budgets; the last of these is written in a version that goes."""
    cluster_1_24.kubectl("create", "namespace", "faults")
    root = "/apis/policy/{}/namespaces/faults/poddisruptionbudgets"
    for number in range(BUDGETS):
        code, body = cluster_1_24.request("POST", root.format("v1"), budget(f"b-{number:04}", "policy/v1"))
        assert code == 201, body
    assert cluster_1_24.request("POST", root.format("v1beta1"), budget("zz-old"))[0] == 201
    chart = tmp_path_factory.mktemp("chart") / "cart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: cart\nversion: 1.2.3\n")
    (chart / "templates" / "pdb.yaml").write_text(json.dumps(budget("released")))
    cluster_1_24.helm("install", "cart", str(chart), "--namespace=faults")
    return cluster_1_24


@pytest.fixture(scope="module")
def expected(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Report:
    report = scan(server.kubeconfig(tmp_path_factory.mktemp("config") / "kubeconfig")).report
    assert {"faults/zz-old", "faults/released"} <= set(findings(report))
    return report


@pytest.fixture
def through(server: ControlPlane, tmp_path: Path) -> Callable[..., Run]:
    """Scans through the proxy."""

    def run(*rules: Rule, arguments: tuple[str, ...] = ("--timeout", "2")) -> Run:
        with proxy(server, tmp_path / "kubeconfig", *rules) as config:
            return scan(config, *arguments)

    return run


def test_the_proxy_alone_changes_nothing(through: Callable[..., Run], expected: Report) -> None:
    assert through().report["findings"] == expected["findings"]


@pytest.mark.parametrize("place", ["the first page", "the second page", "a release"])
@pytest.mark.parametrize("name", TRANSIENT)
def test_what_passes_is_as_if_it_had_not_been(
    through: Callable[..., Run], expected: Report, name: str, place: str
) -> None:
    pattern = {"the first page": FIRST_PAGE, "the second page": SECOND_PAGE, "a release": RELEASE}[place]
    rule = Rule(pattern, TRANSIENT[name], times=1)
    run = through(rule)
    if place == "a release" and name in ("truncated JSON", "longer than it says"):
        assert_gap(run, "release faults/cart")  # whole, as far as HTTP can tell; a release is one object, not a page
        return
    assert rule.seen >= 2
    assert run.report["findings"] == expected["findings"]
    assert missing(run.report) == []


@pytest.mark.parametrize("name", [*TRANSIENT, "403"])
def test_what_does_not_pass_is_named(through: Callable[..., Run], expected: Report, name: str) -> None:
    fault = TRANSIENT.get(name) or faults.status(403, 'User "x" cannot list resource "poddisruptionbudgets"')
    run = through(Rule(LIST, fault))
    assert_gap(run, "list poddisruptionbudgets.policy")
    if name == "403":
        (reason,) = [reason for what, reason in missing(run.report)]
        assert 'apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: ["list"]' in reason
    lost = set(findings(expected)) - set(findings(run.report))
    assert lost <= set(budgets(expected)) - {"faults/released"}  # what the release says is still there


def budgets(report: Report) -> list[str]:
    """Other tests may have left some in the shared cluster, too."""
    return [name for name, one in findings(report).items() if one["kind"] == "PodDisruptionBudget"]


def assert_gap(run: Run, what: str) -> None:
    """That, and nothing else, was not examined."""
    assert run.code in (1, 3)
    named = {what for what, _ in missing(run.report)}
    assert [one for one in named if one.startswith(f"prod: {what}")] == list(named)
    assert named


def test_a_list_that_expires_is_read_again(through: Callable[..., Run], expected: Report) -> None:
    rule = Rule(SECOND_PAGE, faults.expired, times=1)
    run = through(rule)
    assert rule.seen == 2
    assert run.report["findings"] == expected["findings"]


def test_a_list_that_always_expires_is_named(through: Callable[..., Run]) -> None:
    assert_gap(through(Rule(SECOND_PAGE, faults.expired)), "list poddisruptionbudgets.policy")


def test_a_stalled_server_does_not_hold_us(through: Callable[..., Run]) -> None:
    run = through(Rule(r"^/version", faults.stalled))
    assert run.code == 3
    assert [what for what, _ in missing(run.report)] == ["cluster prod"]


def test_metrics_and_discovery(through: Callable[..., Run], expected: Report) -> None:
    run = through(Rule(r"^/metrics", faults.status(403)))
    assert "prod: metrics (who calls deprecated APIs)" in [skip["what"] for skip in run.report["skipped"]]
    assert_gap(through(Rule(r"^/apis$", faults.status(500))), "discovery of the API groups")
    assert_gap(through(Rule(r"^/apis/policy/v1$", faults.status(503))), "discovery of policy/v1")


def stored_release(change: Callable[[dict[str, Any]], bytes]) -> Callable[[bytes], bytes]:
    """Rewrites the release in a Secret; `change` gives the bytes to pack."""

    def rewrite(body: bytes) -> bytes:
        stored = json.loads(body)
        release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(stored["data"]["release"]))))
        packed = base64.b64encode(base64.b64encode(gzip.compress(change(release), 1)))
        stored["data"]["release"] = packed.decode()
        return json.dumps(stored).encode()

    return rewrite


def test_a_release_of_40_mb(through: Callable[..., Run], expected: Report) -> None:
    filler = "".join(f"---\n# Source: cart/x\n{json.dumps(budget(f'f-{n}', 'policy/v1'))}\n" for n in range(200_000))

    def grow(release: dict[str, Any]) -> bytes:
        return json.dumps(release | {"manifest": release["manifest"] + filler}).encode()

    assert len(filler) > 30_000_000
    run = through(Rule(RELEASE, faults.changed(stored_release(grow))), arguments=("--timeout", "60"))
    assert run.report["findings"] == expected["findings"]
    assert run.report["scanned"]["resources"] >= 200_000


def test_a_gzip_bomb_in_a_release(through: Callable[..., Run], expected: Report) -> None:
    bomb = faults.changed(stored_release(lambda _: b" " * (300 << 20)))
    run = through(Rule(RELEASE, bomb), arguments=("--timeout", "60"))
    assert_gap(run, "release faults/cart")
    assert "larger than 128 MiB" in missing(run.report)[0][1]
    assert "faults/zz-old" in findings(run.report)


def test_control_characters_in_names(through: Callable[..., Run]) -> None:
    hostile = "\x1b[2J\nReady for 1.28"

    def rename(body: bytes) -> bytes:
        return body.replace(b'"zz-old"', json.dumps(hostile).encode())

    run = through(Rule(LIST, faults.changed(rename)), arguments=("--timeout", "5", "-o", "table=/dev/stderr"))
    assert hostile in [one["name"] for one in run.report["findings"]]
    assert "\x1b" not in run.out + run.err
    assert "\nReady for 1.28" not in run.err


def test_an_aggregated_api_that_is_down(control_plane: Callable[..., ControlPlane], tmp_path: Path) -> None:
    """It costs only itself: optional, for neither the table nor a check asks about it."""
    for version in ("1.24", "1.28"):
        server = control_plane(version)
        server.kubectl("create", "namespace", "metrics")
        server.kubectl("create", "service", "clusterip", "metrics", "--tcp=443", "-n=metrics")
        service = {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {"name": "metrics", "namespace": "metrics"},
            },
        }
        server.kubectl("apply", "-f", "-", stdin=json.dumps(service))
        run = scan(server.kubeconfig(tmp_path / version), target="1.29")
        assert (run.code, missing(run.report)) == (0, [])
        assert [skip["what"] for skip in run.report["skipped"]] == ["prod: discovery of metrics.k8s.io/v1beta1"]
