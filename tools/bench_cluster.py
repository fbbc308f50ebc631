"""`make bench-cluster`: how fast and how lean the scan of a cluster is, against a real API server on this machine.

The measure is what nobody can beat by far: one client that reads the same lists one page after the other, and throws
the pages away. Nothing is asserted. Needs what `make e2e` needs (Go builds the server).
"""

from __future__ import annotations

import http.client
import json
import ssl
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from tests.e2e.cluster import ControlPlane
from tools.bench import compare, peak_memory, seconds, show

VERSION = "1.28"
TARGET = "1.31"
_WRITERS = 8

# Reads every page of every path, one after the other; prints the bytes.
RAW_READER = """
import http.client, json, ssl, sys
host, port, ca, token, *paths = sys.argv[1:]
connection = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(cafile=ca))
total = 0
for path in paths:
    token_of_page = ""
    while True:
        page = f"{path}?limit=500&continue={token_of_page}"
        connection.request("GET", page, headers={"Authorization": "Bearer " + token})
        body = connection.getresponse().read()
        total += len(body)
        head = body[:body.index(b'"items"')].rstrip().rstrip(b",") + b"}"
        token_of_page = json.loads(head)["metadata"].get("continue", "")
        if not token_of_page:
            break
print(total)
"""


def deployment(number: int) -> dict[str, Any]:
    """As `kubectl apply` leaves it: 4.6 kB with the annotation and what the server adds."""
    labels = {"app.kubernetes.io/name": f"service-{number}", "app.kubernetes.io/part-of": "shop", "team": "payments"}
    container = {
        "name": "app",
        "image": f"registry.example.com/shop/service-{number}:1.{number % 50}.3",
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "metrics"}],
        "env": [{"name": f"SETTING_{n}", "value": f"value-{n}-{number}"} for n in range(4)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 10},
    }
    manifest: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"service-{number}", "namespace": f"bench-{number % 10}", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app.kubernetes.io/name": f"service-{number}"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    applied = json.dumps(manifest, separators=(",", ":")) + "\n"
    manifest["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    return manifest


def fill(server: ControlPlane, first: int, last: int) -> None:
    """Creates the Deployments [first, last)."""
    slices = [range(start, last, _WRITERS) for start in range(first, first + _WRITERS)]
    with ThreadPoolExecutor(_WRITERS) as pool:
        for done in pool.map(lambda numbers: _create(server, numbers), slices):
            assert done is None


def _create(server: ControlPlane, numbers: range) -> None:
    host, port = _address(server)
    connection = http.client.HTTPSConnection(host, port, context=ssl.create_default_context(cafile=str(server.ca_file)))
    for number in numbers:
        manifest = deployment(number)
        path = f"/apis/apps/v1/namespaces/{manifest['metadata']['namespace']}/deployments"
        path += "?fieldManager=kubectl-client-side-apply"
        headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(manifest), headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 201, body
    connection.close()


def _address(server: ControlPlane) -> tuple[str, int]:
    host, port = server.server.removeprefix("https://").split(":")
    return host, int(port)


@click.command()
@click.option("--runs", default=5, show_default=True, help="Counted runs of each command.")
@click.option("--objects", default=20_000, show_default=True, help="Deployments in the cluster.")
@click.option("--more-objects", default=100_000, show_default=True, help="For how memory grows; 0 leaves it out.")
def main(runs: int, objects: int, more_objects: int) -> None:
    """Print the ratios."""
    with (
        tempfile.TemporaryDirectory(prefix="k8supgrade-bench-") as name,
        ControlPlane(VERSION, Path(name) / "server", arguments=["--max-requests-inflight=2000"]) as server,
    ):
        config = server.kubeconfig(Path(name) / "kubeconfig")
        scan = [sys.executable, "-m", "k8supgrade", "scan", "--target", TARGET, "--kubeconfig", str(config)]
        show("almost empty cluster: scan / import kubernetes", compare(
            scan, [sys.executable, "-c", "import kubernetes"], 3 * runs))  # fmt: skip
        for number in range(10):
            server.kubectl("create", "namespace", f"bench-{number}")
        fill(server, 0, objects)
        host, port = _address(server)
        raw = [sys.executable, "-c", RAW_READER, host, str(port), str(server.ca_file), server.token()]
        show(f"{objects:,} Deployments: scan / raw pages one by one", compare(
            scan, [*raw, "/apis/apps/v1/deployments"], runs))  # fmt: skip
        click.echo(f"{objects:,} Deployments: peak memory {peak_memory(scan) / 2**20:.0f} MiB")
        if more_objects:
            fill(server, objects, more_objects)
            took = statistics.median(seconds(scan) for _ in range(3))
            peak = peak_memory(scan) / 2**20
            click.echo(f"{more_objects:,} Deployments: peak memory {peak:.0f} MiB ({took:.0f} s)")


if __name__ == "__main__":
    main()
