"""A scan leaves no trace in what the server counts as deprecated use, unless it was allowed to."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.e2e.cluster import ControlPlane
from tests.e2e.predictions import scan

REQUESTED = re.compile(r"^apiserver_requested_deprecated_apis\{(.*)\} 1$", re.MULTILINE)
POLICY = {
    "apiVersion": "policy/v1beta1",
    "kind": "PodSecurityPolicy",
    "spec": {name: {"rule": "RunAsAny"} for name in ("seLinux", "runAsUser", "supplementalGroups", "fsGroup")},
}
PATH = "/apis/policy/v1beta1/podsecuritypolicies"


def test_the_first_scan_of_a_server_leaves_no_trace(control_plane: Callable[..., ControlPlane]) -> None:
    """The objects are from before a restart: the server that is scanned has seen no request but the scan's."""
    server = control_plane("1.24")
    assert requested(server) == set()
    for name in ("restricted", "privileged"):
        assert server.request("POST", PATH, {**POLICY, "metadata": {"name": name}})[0] == 201
    assert requested(server) == {"podsecuritypolicies"}
    server.restart()

    assert requested(server) == set()
    (counted,) = scan(server)
    assert (counted["severity"], counted["kind"], counted["name"]) == ("blocker", "PodSecurityPolicy", None)
    assert [(one["evidence"], one["count"]) for one in counted["origins"]] == [("metrics", 2)]
    assert requested(server) == set()

    named = scan(server, "--allow-deprecated-calls")
    assert [(one["severity"], one["kind"], one["name"]) for one in named] == [
        ("blocker", "PodSecurityPolicy", "privileged"),
        ("blocker", "PodSecurityPolicy", "restricted"),
    ]
    assert requested(server) == {"podsecuritypolicies"}


def requested(server: ControlPlane) -> set[str]:
    """The deprecated resources that somebody has asked this server for."""
    status, body = server.get("/metrics")
    assert status == 200
    series = REQUESTED.findall(body.decode())
    assert len(series) == body.count(b"\napiserver_requested_deprecated_apis{")
    return {resource for one in series for resource in re.findall(r'\bresource="([^"]*)"', one)}
