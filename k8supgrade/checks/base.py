"""What a check is, and the findings that most of them make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeGuard

from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import ApiLifecycle, Release, Replacement
from k8supgrade.model.origin import ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import Request, Resource
from k8supgrade.model.version import KubeVersion, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check is asked for. `current` is None where nobody said what runs now.

    `memory` keeps what a check has worked out about an API, so that ten thousand objects of a kind cost one look-up.
    """

    table: LifecycleTable
    target: Target
    current: KubeVersion | None = None
    memory: dict[Any, Any] = field(default_factory=dict, compare=False)

    def release(self, component: str) -> Release | None:
        """The component's release after the upgrade; None where it is not known."""
        if component == "kubernetes":
            return self.target.kubernetes
        return self.target.components.get(component)

    def rows(self) -> tuple[ApiLifecycle, ...]:
        """The table's rows, put in order once for all the checks."""
        if LifecycleTable not in self.memory:
            self.memory[LifecycleTable] = self.table.rows()
        found: tuple[ApiLifecycle, ...] = self.memory[LifecycleTable]
        return found


class Described(Protocol):
    """A module with these names, and those of one of the protocols below, is a check.

    Its docstring is its manual page: what, why, an example that fails, one that passes.
    """

    @property
    def ID(self) -> str: ...  # noqa: N802

    @property
    def SUMMARY(self) -> str: ...  # noqa: N802

    def interest(self, context: Context) -> Interest:
        """What the check must see."""


class ObjectCheck(Described, Protocol):
    """Judges objects, one at a time."""

    def check(self, resource: Resource, context: Context) -> Iterator[Finding]:
        """What it has to say about one object."""


class RequestCheck(Described, Protocol):
    """Judges the use of APIs: who calls what."""

    def check_request(self, request: Request, context: Context) -> Iterator[Finding]:
        """What it has to say about the calls of one API."""


class ChartCheck(Described, Protocol):
    """Judges charts that a Helmfile (or another file) pins."""

    def check_chart(self, chart: JudgedChart, context: Context) -> Iterator[Finding]:
        """What it has to say about one release of one environment."""


Check = ObjectCheck | RequestCheck | ChartCheck


def judges_objects(check: Check) -> TypeGuard[ObjectCheck]:
    return hasattr(check, "check")


def judges_requests(check: Check) -> TypeGuard[RequestCheck]:
    return hasattr(check, "check_request")


def judges_charts(check: Check) -> TypeGuard[ChartCheck]:
    return hasattr(check, "check_chart")


class Judgement(NamedTuple):
    """What is to be said about each object of an API."""

    severity: Severity
    message: str
    fix: str | None
    lifecycle: ApiLifecycle | None
    replacement: Replacement | None


def finding(check: str, resource: Resource, judgement: Judgement) -> Finding:
    """The finding that `judgement` makes of `resource`. Stale evidence is good to know, whatever it is evidence of."""
    ref, origin = resource.ref, resource.origin
    is_stale = isinstance(origin, ClusterOrigin) and origin.stale
    return Finding(
        check=check,
        severity=Severity.INFO if is_stale else judgement.severity,
        api_version=ref.api_version,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        message=f"{judgement.message}; {resource.note}" if resource.note else judgement.message,
        fix=_fix_at(origin, judgement.fix),
        origins=(origin,),
        owner=_owner(origin),
        replacement=judgement.replacement,
        **row_fields(judgement.lifecycle),
        locator=_locator(resource) if ref.name is None else None,
    )


def row_fields(row: ApiLifecycle | None) -> dict[str, Any]:
    """What a finding tells of the API's row, as its fields."""
    if row is None:
        return {}
    return {
        "component": row.component,
        "introduced_in": _text(row.introduced_in),
        "deprecated_in": _text(row.deprecated_in),
        "removed_in": _text(row.removed_in),
        "reference": row.reference,
    }


def is_history(resource: Resource) -> bool:
    """Whether it belongs to a Helm revision that another one has replaced: only a rollback would use it again."""
    return isinstance(resource.origin, ReleaseOrigin) and resource.origin.status == "superseded"


def is_in_use(resource: Resource) -> bool:
    """Whether somebody wrote the object in just this apiVersion, and not only in a revision of the past."""
    return resource.is_written and not is_history(resource)


def _owner(origin: Origin) -> str | None:
    """Who has to change it, as far as the origin tells."""
    if isinstance(origin, ReleaseOrigin):
        return f"Helm release {origin.namespace}/{origin.release}"
    return origin.manager if isinstance(origin, ClusterOrigin) else None


def _fix_at(origin: Origin, fix: str | None) -> str | None:
    if not isinstance(origin, ReleaseOrigin):
        return fix
    repair = (
        f"Upgrade the release before the cluster, to a chart that renders something newer; after it, only "
        f"`helm mapkubeapis {origin.release} --namespace {origin.namespace}` makes `helm upgrade` work again."
    )
    return f"{fix} {repair}" if fix else repair


def _locator(resource: Resource) -> str | None:
    """What tells an object without a name from others of its kind."""
    origin = resource.origin
    if isinstance(origin, FileOrigin):
        return f"{origin.path}#{resource.index}"
    if isinstance(origin, ReleaseOrigin):
        return f"{origin.cluster}/{origin.namespace}/{origin.release}#{resource.index}"
    return None


@cache
def _text(release: Release | None) -> str | None:
    return None if release is None else str(release)


def release_name(component: str, release: Release) -> str:
    """`1.25` for Kubernetes itself, `cert-manager 1.6` for an add-on."""
    return str(release) if component == "kubernetes" else f"{component} {release}"


def replacement_of(lifecycle: ApiLifecycle, context: Context) -> Replacement | None:
    return context.table.replacement_at(lifecycle, context.target)


def fix_of(lifecycle: ApiLifecycle, replacement: Replacement | None, context: Context) -> str | None:
    """What has to be changed: the new apiVersion, then what a plain rename misses."""
    parts = []
    if replacement is not None:
        name = replacement.api_version
        if replacement.kind != lifecycle.kind:
            name += f" {replacement.kind}"
        parts.append(_change(name, lifecycle, replacement, context))
    elif not lifecycle.notes:
        parts.append("Nothing replaces it." if lifecycle.removed_in else "No replacement is named.")
    if lifecycle.notes:
        parts.append(lifecycle.notes.strip())
    return " ".join(parts) or None


def _change(name: str, lifecycle: ApiLifecycle, replacement: Replacement, context: Context) -> str:
    """To what, and when: the target or the current version may not serve it yet, or not by default."""
    since, release = replacement.available_in, context.release(lifecycle.component)
    if since is None:
        return f"Change it to {name}."
    begins = release_name(lifecycle.component, since)
    if release is not None and since > release:
        return f"Change it to {name} later: it is served from {begins} on."
    text = f"Change it to {name} (served since {begins})."
    if lifecycle.is_addon:
        return text
    table, target, current = context.table, context.target.kubernetes, context.current
    if table.is_served(*_api(replacement), target) and not table.is_default(*_api(replacement), target):
        text += (
            f" It is off by default at {target}: it needs --runtime-config={runtime_config(replacement.api_version)}."
        )
    if current is not None and since > current:
        text += f" {current} does not serve it yet: change it once the cluster runs {since}."
    return text


def _api(replacement: Replacement) -> tuple[str, str]:
    return replacement.api_version, replacement.kind


def runtime_config(api_version: str) -> str:
    """What the API server takes to serve a version that is off by default."""
    return f"{api_version}=true" if "/" in api_version else f"api/{api_version}=true"
