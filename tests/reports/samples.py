"""The verdicts that several report tests render: one with everything in it, and hostile names."""

from __future__ import annotations

from typing import Any

from k8supgrade.model.chart import ChartEntry, ChartStatus, ChartVersion
from k8supgrade.model.finding import Severity
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.origin import Caller, ChartOrigin, ClusterOrigin, Evidence, Origin, ReleaseOrigin
from k8supgrade.model.verdict import Cluster, Ignored, Verdict
from k8supgrade.model.version import ComponentVersion
from tests.builders import finding, origin, skipped, verdict, warning

RELEASE = ReleaseOrigin(
    cluster="prod",
    namespace="shop",
    release="everywhere",
    revision=7,
    chart="everywhere-1.2.3",
    status="deployed",
    template="everywhere/templates/pdb.yaml",
)
CALLERS = tuple(
    Caller(user=user, user_agent=agent, count=count, first="2024-03-01T09:00:00Z", last="2024-03-01T10:00:00Z")
    for user, agent, count in (
        ("system:serviceaccount:shop:autoscaler", "cluster-autoscaler/v1.20.0", 7),
        ("jane", "kubectl/v1.20.4 (linux/amd64) kubernetes/e87da0b", 3),
        ("ci", "", 1),
        ("others", "", 1),
    )
)

FULL = verdict(
    finding("cart", at=("k8s/shop/cart.yaml", 12)),
    finding(
        "payments-worker-with-a-long-name",
        namespace="production-payments",
        owner="team-payments",
        origins=(
            origin("deploy/rendered/all.yaml", 1207, "payments/templates/pdb.yaml"),
            origin("k8s/overlays/production/payments/worker/pod-disruption-budget.yaml", 3),
        ),
    ),
    finding(None, at=("-", 7), locator="-#3", fix=None, replacement=None, reference=None),
    finding(
        "letsencrypt",
        api_version="cert-manager.io/v1alpha2",
        kind="Certificate",
        component="cert-manager",
        message="cert-manager.io/v1alpha2 Certificate is not served from 1.6 on.",
        fix="Use cert-manager.io/v1 Certificate.\nThe CRD upgrade needs every object stored as v1.",
        introduced_in="0.11",
        deprecated_in="1.4",
        removed_in="1.6",
        replacement=Replacement(
            api_version="cert-manager.io/v1",
            kind="Certificate",
            available_in=ComponentVersion.parse("1.0"),
        ),
        reference=None,
    ),
    warning(),
    warning("größe-日本-🚢", at=("k8s/größe.yaml", 2)),
    finding(
        "old",
        severity=Severity.INFO,
        check="removed-api-reference",
        message="An annotation of an earlier write still names policy/v1beta1.",
        fix=None,
    ),
    finding(
        "everywhere",
        origins=(
            origin("k8s/everywhere.yaml", 4),
            ClusterOrigin(
                cluster="prod",
                evidence="last-applied",
                manager="kubectl-client-side-apply",
                time="2024-03-01T09:00:00Z",
            ),
            ClusterOrigin(cluster="prod", evidence="managed-fields", manager="argocd-controller", time=None),
            ClusterOrigin(cluster="prod", evidence="served"),
            RELEASE,
        ),
        owner="Helm release shop/everywhere",
    ),
    finding(
        "overtaken",
        severity=Severity.INFO,
        message="policy/v1beta1 PodDisruptionBudget is removed in 1.25; helm has since written it as policy/v1",
        origins=(
            ClusterOrigin(
                cluster="prod", evidence="managed-fields", manager="kubectl", time="2023-03-01T09:00:00Z", stale=True
            ),
        ),
    ),
    finding(
        None,
        namespace=None,
        kind="PodSecurityPolicy",
        origins=(ClusterOrigin(cluster="prod", evidence="metrics", count=1234),),
    ),
    finding(
        None,
        namespace=None,
        check="removed-api-requested",
        owner="system:serviceaccount:shop:autoscaler",
        origins=(
            ClusterOrigin(cluster="prod", evidence="requested"),
            ClusterOrigin(cluster="audit.log", evidence="audit", count=12, callers=CALLERS),
        ),
    ),
    target={"kubernetes": "1.28", "cert-manager": "1.13"},
    current={"kubernetes": "1.24"},
    clusters=(Cluster(name="prod", version="1.24", reached=True), Cluster(name="eu", version=None, reached=False)),
    releases=2,
    skipped=(
        skipped(origin=origin("k8s/broken.yaml", 3)),
        skipped("charts/db", reason="no renderer found:\ninstall helm", optional=True),
    ),
    ignored=(
        Ignored(finding=finding("legacy"), rule="ignore[0]", reason="goes with the old cluster", expires="2026-06-30"),
        Ignored(finding=warning("other"), rule="ignore[1]", reason="", expires=None),
    ),
)

WRITTEN: tuple[Evidence, ...] = ("last-applied", "managed-fields")

# A fleet without a file: one cluster is away, a release cannot be read, objects of one release share a cause.
LIVE = verdict(
    *(
        finding(
            name,
            namespace="observability-and-logging",
            fix="Use policy/v1 PodDisruptionBudget. Upgrade the release before the cluster.",
            owner="Helm release observability-and-logging/prometheus-operator-with-thanos",
            origins=(
                *(
                    ClusterOrigin(cluster=cluster, evidence=evidence, manager="helm", time="2024-03-01T09:00:00Z")
                    for cluster in ("prod-eu-west-1", "prod-us-east-1")
                    for evidence in WRITTEN
                ),
                *(
                    ReleaseOrigin(
                        cluster="prod-eu-west-1",
                        namespace="observability-and-logging",
                        release="prometheus-operator-with-thanos",
                        revision=revision,
                        chart="kube-prometheus-stack-45.27.2",
                        status=status,
                        template="kube-prometheus-stack/charts/grafana/templates/pdb.yaml",
                    )
                    for revision, status in ((41, "deployed"), (42, "failed"))
                ),
            ),
        )
        for name in ("prometheus-operator-with-thanos-alertmanager", "grafana")
    ),
    finding(
        None,
        namespace=None,
        check="removed-api-requested",
        severity=Severity.WARNING,
        message="policy/v1beta1 PodDisruptionBudget is removed in 1.25; it has been called, by whom is not known",
        origins=(ClusterOrigin(cluster="prod-us-east-1", evidence="requested"),),
    ),
    current={"kubernetes": "1.24"},
    clusters=(
        Cluster(name="prod-eu-west-1", version="1.24", reached=True),
        Cluster(name="prod-us-east-1", version="1.25", reached=True),
        Cluster(name="arn:aws:eks:ap-south-1:123456789012:cluster/prod", version=None, reached=False),
    ),
    resources=1234,
    files=0,
    releases=7,
    skipped=(
        skipped("cluster arn:aws:eks:ap-south-1:123456789012:cluster/prod", reason="no answer within 30 s"),
        skipped(
            "prod-us-east-1: release shop/cart revision 7",
            reason="manifest, line 3: a mapping is not closed",
            origin=ReleaseOrigin(
                cluster="prod-us-east-1", namespace="shop", release="cart", revision=7, chart="cart-1.2.3",
                status="deployed",
            ),
        ),
    ),
)  # fmt: skip

HOSTILE = (
    "</script><script>alert(1)</script>",
    "a|b||c",
    "`code` ``` **bold** [x](javascript:alert(1)) <img src=x onerror=y>",
    "=cmd|' /C calc'!A0",
    "+1", "-1", "@everyone", "\t=1", "\r=1",
    "\x1b[2J\x1b]0;owned\x07 \x9b31m",
    "\u202eevil\u2066 zero\u200bwidth\ufeff \u2028line\u2029",
    "two\nlines\r\nReady for 1.28",
    "</details>\n\n# heading",
    "https://evil.example/x www.evil.example me@evil.example #1 @octocat",
    "\ud800 lone \udc80 pair \ud83d\ude00",
    "tag \U000e0041 del \x7f nul \x00",
    "🚢日本語größe",
    "null", "1.28", "yes", " lead", "trail ", "\\", "a\\|b", "'", '"', "",
    "n" * 10_000,
    "日" * 500,
)  # fmt: skip


def live_origins(text: str) -> tuple[Origin, ...]:
    """`text` wherever a cluster or somebody with rights in it chooses the words."""
    caller = Caller(user=text, user_agent=text, count=1, first=text, last=text)
    return (
        ClusterOrigin(cluster=text, evidence="last-applied", manager=text, time=text, stale=True),
        ClusterOrigin(cluster=text, evidence="audit", count=2, callers=(caller, caller)),
        ReleaseOrigin(
            cluster=text, namespace=text, release=text, revision=1, chart=text, status=text, template=text
        ),
    )  # fmt: skip


def chart(release: str, status: ChartStatus, **values: Any) -> ChartEntry:
    defaults: dict[str, Any] = {
        "namespace": "shop",
        "environment": None,
        "path": "helmfile.yaml",
        "line": 9,
        "chart": f"company/{release}",
        "repository": "https://charts.example.com",
        "pinned": "1.0.0",
        "app_version": "10.0.2",
        "installed": True,
        "evidence": "rendered",
        "newest": ChartVersion(version="9.0.0", app_version="v12.1"),
    }
    return ChartEntry(release=release, status=status, **{**defaults, **values})


SMALLEST, LATEST = ChartVersion(version="1.2.0", app_version="10.1.0"), ChartVersion(version="8.5.1")
REMOVED = "policy/v1beta1 PodDisruptionBudget is removed in 1.25 (cart/templates/pdb.yaml)"

# A Helmfile of three environments and nothing else.
CHARTS = verdict(
    finding(
        "cart",
        check="chart-not-ready",
        api_version=None,
        kind=None,
        message=f"chart company/cart 1.0.0 is not ready for 1.28: {REMOVED}",
        fix="Bump it to 1.2.0 (app 10.1.0) before the upgrade.",
        introduced_in=None,
        deprecated_in=None,
        removed_in=None,
        replacement=None,
        reference=None,
        origins=tuple(
            ChartOrigin(
                path="helmfile.yaml", line=9, environment=name, release="cart", chart="company/cart", version="1.0.0"
            )
            for name in ("prod", "stg")
        ),
    ),
    resources=0,
    files=0,
    charts=(
        *(
            chart("cart", "not-ready", environment=name, reasons=(REMOVED,), smallest=SMALLEST, latest=LATEST)
            for name in ("prod", "stg")
        ),
        chart("cart", "ready", environment="dev", line=12, pinned="1.2.0", smallest=SMALLEST, latest=SMALLEST),
        chart(
            "old-thing-with-a-long-name",
            "not-ready",
            environment="prod",
            reasons=("kubeVersion <1.25.0-0 excludes 1.28", "no newer version is in the repository"),
            evidence="kube-version",
            installed=False,
            newest=None,
        ),
        chart(
            "search",
            "unknown",
            chart="oci://registry.example.com/charts/search",
            namespace=None,
            repository=None,
            pinned=None,
            app_version=None,
            evidence="none",
            reasons=("https://charts.example.com: 401 Unauthorized: the credentials are refused",),
            newest=None,
        ),
    ),
    skipped=(
        skipped(
            "release search",
            reason="https://charts.example.com: 401 Unauthorized: the credentials are refused",
            origin=ChartOrigin(
                path="helmfile.yaml",
                line=30,
                environment=None,
                release="search",
                chart="oci://registry.example.com/charts/search",
                version=None,
            ),
        ),
    ),
)


def chart_origin(text: str) -> ChartOrigin:
    return ChartOrigin(path=text, line=3, environment=text, release=text, chart=text, version=text)


def hostile_chart(text: str) -> ChartEntry:
    version = ChartVersion(version=text, app_version=text)
    return chart(
        text, "not-ready", namespace=text, environment=text, path=text, chart=text, repository=text, pinned=text,
        app_version=text, reasons=(text,), smallest=version, latest=version, newest=version,
    )  # fmt: skip


def hostile() -> Verdict:
    """Every hostile text in every place where one can get."""
    return verdict(
        *(
            finding(
                text,
                namespace=text,
                kind=text,
                api_version=text,
                message=text,
                fix=text,
                owner=text,
                reference=text,
                component=text,
                origins=(origin(text, 1, text), origin(text, 2), *live_origins(text), chart_origin(text)),
                replacement=Replacement(api_version=text, kind=text, available_in=None),
            )
            for text in HOSTILE
        ),
        skipped=tuple(skipped(text, reason=text, origin=origin(text)) for text in HOSTILE),
        ignored=tuple(Ignored(finding=finding(text), rule=text, reason=text) for text in HOSTILE),
        clusters=tuple(Cluster(name=text, version=None, reached=False) for text in HOSTILE),
        charts=tuple(hostile_chart(text) for text in HOSTILE),
    )
