from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from k8supgrade import engine
from k8supgrade.checks import removed_api_requested as check
from k8supgrade.checks.base import Check, Context, judges_objects, judges_requests
from k8supgrade.kube import request_count
from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.names import kinds_by_resource
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import Caller, ClusterOrigin
from k8supgrade.model.resource import Request
from k8supgrade.model.version import ComponentVersion, KubeVersion, Target
from k8supgrade.sources.audit_log import AuditLogSource

GARBAGE_COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector"
_EXAMPLE = re.compile(r"^(Fails|Passes)\b.*\n\n((?: {4}.*\n)+)", re.MULTILINE)


def context(target: str = "1.25", **components: str) -> Context:
    releases = {name.replace("_", "-"): ComponentVersion.parse(text) for name, text in components.items()}
    return Context(table=load_table(), target=Target(KubeVersion.parse(target), releases))


def caller(user: str, count: int = 1, agent: str = "client/1") -> Caller:
    return Caller(user=user, user_agent=agent, count=count)


OTHERS = caller(request_count.OTHERS, agent="")


def request(*callers: Caller, **values: Any) -> Request:
    origin = ClusterOrigin(cluster="prod", evidence="requested", callers=callers)
    defaults: dict[str, Any] = {
        "api_version": "policy/v1beta1",
        "kind": "PodDisruptionBudget",
        "resource": "poddisruptionbudgets",
        "removed_in": "1.25",
        "origin": origin,
    }
    return Request(**{**defaults, **values})


def findings(one: Request, where: Context | None = None) -> list[Finding]:
    return list(check.check_request(one, where or context()))


def finding(one: Request, where: Context | None = None) -> Finding:
    (found,) = findings(one, where)
    return found


def test_it_is_a_check_of_requests() -> None:
    module: Check = check
    assert judges_requests(module)
    assert not judges_objects(module)
    assert check.interest(context()).requests


def test_a_client_is_a_blocker() -> None:
    found = finding(request(caller("ci", 3, "helm/3"), caller(GARBAGE_COLLECTOR, 90)))
    assert found.severity is Severity.BLOCKER
    assert found.message == (
        "policy/v1beta1 PodDisruptionBudget is removed in 1.25; called by ci (helm/3, 3 times) and others (90 times)"
    )
    assert (found.api_version, found.kind, found.namespace, found.name) == (
        "policy/v1beta1",
        "PodDisruptionBudget",
        None,
        None,
    )
    assert (found.component, found.deprecated_in, found.removed_in, found.owner) == ("kubernetes", "1.21", "1.25", "ci")
    assert found.replacement is not None
    assert found.replacement.api_version == "policy/v1"
    assert found.reference is not None
    assert found.fix is not None
    assert "policy/v1 (served since 1.21)" in found.fix
    assert "user agent" in found.fix


def test_the_metric_alone_is_a_warning_that_asks_for_a_log() -> None:
    found = finding(request())
    assert found.severity is Severity.WARNING
    assert found.message.endswith("; it has been called, by whom is not known")
    assert found.owner is None
    assert "--audit-log FILE" in str(found.fix)


@pytest.mark.parametrize(
    ("users", "severity"),
    [
        (["system:apiserver"], Severity.INFO),
        (["system:kube-controller-manager", GARBAGE_COLLECTOR], Severity.INFO),
        (["system:kube-scheduler", "system:node:one"], Severity.BLOCKER),
        (["system:serviceaccount:kube-system:metrics-server"], Severity.BLOCKER),
        (["system:serviceaccount:shop:generic-garbage-collector"], Severity.BLOCKER),
        (["system:apiserver (impersonating system:apiserver)"], Severity.BLOCKER),
        (["system:anonymous"], Severity.BLOCKER),
    ],
)
def test_the_control_plane_is_no_client(users: list[str], severity: Severity) -> None:
    found = finding(request(*map(caller, users)))
    assert found.severity is severity
    assert ("only the control plane calls it" in found.message) == (severity is Severity.INFO)


def test_whom_nobody_named_is_not_known() -> None:
    found = finding(request(caller(GARBAGE_COLLECTOR), OTHERS))
    assert found.severity is Severity.WARNING
    assert found.message.endswith(f"; called by {GARBAGE_COLLECTOR} (client/1, once) and others (once)")
    assert "--audit-log FILE" in str(found.fix)
    alone = finding(request(OTHERS))
    assert alone.severity is Severity.WARNING
    assert alone.message.endswith("; it has been called once, by whom is not known")


def test_sources_and_check_have_one_name_for_the_rest() -> None:
    assert check.OTHERS == request_count.OTHERS


def test_a_few_callers_are_named() -> None:
    found = finding(request(*(caller(f"user-{n}", 10 - n, "") for n in range(6))))
    assert found.message.endswith(
        "called by user-0 (10 times), user-1 (9 times), user-2 (8 times) and others (18 times)"
    )


@pytest.mark.parametrize(
    ("values", "target", "said"),
    [
        ({}, "1.24", None),
        ({"removed_in": None}, "1.25", "removed in 1.25"),
        ({"removed_in": "1.22"}, "1.24", None),
        ({"api_version": "v1", "kind": "ComponentStatus", "removed_in": None}, "1.30", None),
        ({"api_version": "v1", "kind": "Endpoints", "removed_in": None}, "1.33", None),
        (
            {"api_version": "x.example/v1", "kind": "carts", "removed_in": "1.25"},
            "1.25",
            "1.25, as the API server says",
        ),
        ({"api_version": "x.example/v1", "kind": "carts", "removed_in": "1.26"}, "1.25", None),
        ({"api_version": "x.example/v1", "kind": "carts", "removed_in": None}, "1.25", None),
        ({"api_version": "x.example/v1", "kind": "carts", "removed_in": "soon\x1b"}, "1.25", None),
    ],
)
def test_the_table_decides_where_it_knows_the_api(values: dict[str, Any], target: str, said: str | None) -> None:
    found = findings(request(caller("ci"), **values), context(target))
    assert [said in one.message for one in found if said] == ([True] if said else [])
    assert len(found) == bool(said)


def test_an_api_of_an_add_on_is_judged_by_its_release() -> None:
    values = {"api_version": "cert-manager.io/v1alpha2", "kind": "Certificate", "removed_in": None}
    one = request(caller("ci"), **values)
    assert finding(one, context(cert_manager="1.13")).severity is Severity.BLOCKER
    assert findings(one, context(cert_manager="1.5")) == []
    unknown = finding(one)
    assert unknown.severity is Severity.WARNING
    assert unknown.component == "cert-manager"
    assert "which cert-manager will run is not known" in unknown.message


def test_the_examples_are_as_the_page_says(tmp_path: Path) -> None:
    page = inspect.cleandoc(check.__doc__ or "") + "\n"
    where = context()
    seen = []
    for word, block in _EXAMPLE.findall(page):
        (tmp_path / "audit.log").write_text("".join(line[4:] for line in block.splitlines(keepends=True)))
        source = AuditLogSource([str(tmp_path / "audit.log")], kinds_by_resource(where.table))
        scan = engine.run([source], [check], where)
        assert scan.skipped == ()
        assert [one.severity for one in scan.findings] == ([Severity.BLOCKER] if word == "Fails" else [])
        seen.append(word)
    assert seen == ["Fails", "Passes"]
