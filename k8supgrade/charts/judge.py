"""Is a version of a chart ready for a version of Kubernetes? By the best evidence that is to be had, always named."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from k8supgrade.charts.examiner import Examined, Examiner
from k8supgrade.charts.kube_version import kube_version_for, refusal, remarks
from k8supgrade.charts.rendered import objects
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.chart import ChartEvidence, ChartStatus
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import Pin, Published
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.repository.error import RepositoryError
from k8supgrade.sources.render import Release, Renderer, RenderError

Fetch = Callable[[], str]


class Judged(NamedTuple):
    """`fails` are the findings that make it not ready, for a comparison of two Kubernetes versions."""

    status: ChartStatus
    evidence: ChartEvidence
    reasons: tuple[str, ...] = ()
    fails: frozenset[str] = frozenset()


class Judge:
    """`best` is the best evidence to gather; without helm it is what the templates tell.

    `target_named` is the target as the user spells it, with a vendor's suffix.
    """

    def __init__(
        self,
        table: LifecycleTable,
        target: Target,
        examiner: Examiner,
        *,
        best: ChartEvidence = "rendered",
        target_named: str | None = None,
        timeout: float = 120.0,
    ) -> None:
        self._table = table
        self._target = target
        self._examiner = examiner
        self._best = best
        self._target_named = target_named
        self._timeout = timeout
        self._renderers: dict[KubeVersion, Renderer] = {}
        self._known: dict[tuple[object, ...], Judged] = {}

    def admits(self, published: Published, kubernetes: KubeVersion) -> bool:
        """Whether its kubeVersion lets Helm install it; True where the chart does not say."""
        return kube_version_for(published.kube_version, kubernetes) is not None

    def judge(self, pin: Pin, published: Published, fetch: Fetch, kubernetes: KubeVersion) -> Judged:
        """`fetch` gives the path of the chart, a directory or an archive."""
        constraint = published.kube_version
        kube_version = kube_version_for(constraint, kubernetes)
        if kube_version is None:
            return Judged("not-ready", "kube-version", (refusal(constraint or "", kubernetes),))
        named = self._target_named if kubernetes == self._target.kubernetes else None
        notes = remarks(constraint, kubernetes, named)
        if self._best == "kube-version":
            return _by_kube_version(constraint, kubernetes, notes)
        try:
            path = fetch()
        except RepositoryError as error:
            weak = _by_kube_version(constraint, kubernetes, notes)
            return weak._replace(status="unknown", reasons=(f"not rendered: {error}", *weak.reasons))
        key = (path, kubernetes, *_rendering(pin))
        if key not in self._known:
            self._known[key] = self._by_objects(pin, path, kubernetes, kube_version)
        judged = self._known[key]
        return judged._replace(reasons=(*judged.reasons, *notes))

    def _by_objects(self, pin: Pin, path: str, kubernetes: KubeVersion, kube_version: str) -> Judged:
        renderer = self._renderer(kubernetes)
        if self._best != "rendered" or not renderer.renders_charts:
            from k8supgrade.charts.by_static import by_static

            why = "" if self._best != "rendered" else ", for helm is not on PATH"
            return by_static(path, kubernetes, kube_version, renderer.api_versions, self._examiner, why)
        try:
            with ExitStack() as files:
                text = renderer.render_release(path, _release(pin, kube_version, files))
        except RenderError as error:
            return Judged("unknown", "none", (f"not rendered: {str(error).removeprefix('chart not rendered: ')}",))
        except OSError as error:
            return Judged("unknown", "none", (f"not rendered: {error.strerror or error}",))
        found = objects(text, pin.chart, self._examiner.interest(kubernetes))
        judged = verdict("rendered", self._examiner.examine(found, kubernetes))
        return judged._replace(reasons=(*judged.reasons, *_caveats(pin)))

    def _renderer(self, kubernetes: KubeVersion) -> Renderer:
        if kubernetes not in self._renderers:
            target = Target(kubernetes, self._target.components)
            self._renderers[kubernetes] = Renderer(self._table, target, timeout=self._timeout)
        return self._renderers[kubernetes]


def verdict(evidence: ChartEvidence, examined: Examined) -> Judged:
    """What the objects of a chart say of it."""
    blockers = [finding for finding in examined.findings if finding.severity is Severity.BLOCKER]
    warnings = [finding for finding in examined.findings if finding.severity is Severity.WARNING]
    gaps = [f"not examined: {skip.reason}" for skip in examined.skipped if not skip.optional]
    status: ChartStatus = "not-ready" if blockers else "unknown" if gaps else "ready"
    fails = frozenset(finding.id for finding in blockers)
    return Judged(status, evidence, (*sentences(blockers), *dict.fromkeys(gaps), *sentences(warnings)), fails)


def sentences(findings: Sequence[Finding]) -> list[str]:
    """Each message once, with the templates that it speaks of."""
    templates: dict[str, dict[str, None]] = {}
    for finding in findings:
        places = templates.setdefault(finding.message, {})
        for origin in finding.origins:
            if isinstance(origin, FileOrigin) and origin.template:
                places[origin.template] = None
    return [f"{message} ({', '.join(places)})" if places else message for message, places in templates.items()]


def _by_kube_version(constraint: str | None, kubernetes: KubeVersion, notes: list[str]) -> Judged:
    if not constraint:
        return Judged("unknown", "none", ("the chart names no kubeVersion", *notes))
    return Judged("ready", "kube-version", (f"kubeVersion {constraint} admits {kubernetes}", *notes))


def _release(pin: Pin, kube_version: str, files: ExitStack) -> Release:
    """Values that are no file become one, in the order of all."""
    paths = []
    for values in pin.values:
        if isinstance(values, str):
            paths.append(values)
        else:
            directory = files.enter_context(tempfile.TemporaryDirectory(prefix="k8supgrade-"))
            paths.append(os.path.join(directory, "values.yaml"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(values, file)  # JSON is YAML
    sets = tuple((name, value.replace(",", "\\,")) for name, value in pin.sets)
    return Release(pin.release, pin.namespace or "default", tuple(paths), sets, kube_version)


def _rendering(pin: Pin) -> tuple[object, ...]:
    """What of a pin changes what is rendered."""
    values = json.dumps(pin.values, sort_keys=True, default=str)
    return (pin.release, pin.namespace, values, pin.sets, pin.values_unknown, pin.rewrites)


def _caveats(pin: Pin) -> list[str]:
    """Why what is deployed may be something else."""
    found = []
    if pin.values_unknown:
        found.append(f"rendered with default values in place of some: {'; '.join(pin.values_unknown)}")
    if pin.rewrites:
        found.append(f"rendered without {', '.join(pin.rewrites)}, which change the chart after Helm")
    return found
