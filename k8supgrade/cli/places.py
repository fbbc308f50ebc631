"""What a scan looks at: paths, clusters, releases, logs; and the sources that these are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from k8supgrade import engine
from k8supgrade.checks.base import Check, Context
from k8supgrade.cli.clusters import Asked, Reached, gap
from k8supgrade.cli.progress import Progress
from k8supgrade.errors import UsageError
from k8supgrade.manifest.interest import Interest, union
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.sources.helm_written import HelmWritten

# They mean nothing without a cluster: given on the command line all the same, they are a mistake.
_OF_CLUSTERS = {
    "contexts": "--context",
    "all_contexts": "--all-contexts",
    "kubeconfig": "--kubeconfig",
    "namespaces": "--namespace",
    "allow_deprecated_calls": "--allow-deprecated-calls",
    "helm_history": "--helm-history",
}


class Places(NamedTuple):
    """What was asked for. `live`: clusters are asked, for objects (`cluster`) or releases (`helm`) or both."""

    paths: tuple[str, ...]
    cluster: bool
    helm: bool
    audit_logs: tuple[str, ...]
    snapshots: tuple[str, ...]
    helmfiles: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        return (self.cluster or self.helm) and not self.snapshots


def asked_for(paths: tuple[str, ...], options: dict[str, Any]) -> Places:
    """A path or a log stands for itself; without any, the cluster is what is scanned.

    Raises:
        UsageError: nothing is left to look at, or an option that has no meaning there.
    """
    logs, snapshots = tuple(options["audit_logs"]), tuple(options["snapshots"])
    helmfiles = tuple(options["helmfiles"])
    cluster, helm = options["cluster"], options["helm"]
    if cluster is None:
        cluster = bool(snapshots) or not (paths or logs or helm or helmfiles)
    if helm is None:
        helm = cluster
    places = Places(paths, cluster, helm, logs, snapshots, helmfiles)
    if not (paths or logs or helmfiles or cluster or helm):
        raise UsageError("nothing to scan: name a file or directory, or - for standard input, or scan the cluster")
    if [*paths, *logs].count("-") > 1:
        raise UsageError("- is named twice: standard input can be read once")
    if not places.live:
        _refuse_cluster_options(bool(snapshots))
    return places


def _refuse_cluster_options(is_snapshot: bool) -> None:
    context = click.get_current_context()
    for name, option in _OF_CLUSTERS.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            why = "a snapshot is scanned" if is_snapshot else "only paths are scanned: add --cluster to scan it too"
            raise UsageError(f"{option} speaks of a live cluster, and {why}")


class Sources:
    """Makes the sources of one run, each when those before it have been read.

    `installed` takes the Helm releases of the clusters, for what is pinned to be compared with.
    """

    def __init__(
        self,
        places: Places,
        options: dict[str, Any],
        checks: list[Check],
        context: Context,
        progress: Progress,
        installed: list[ReleaseOrigin],
    ) -> None:
        self._places = places
        self._options = options
        self._checks = checks
        self._context = context
        self._progress = progress
        self._installed = installed

    def of_clusters(self, clusters: list[Asked]) -> Iterator[engine.Source]:
        for cluster in clusters:
            if not isinstance(cluster, Reached):
                yield gap(cluster)
                continue
            has_releases = self._places.helm and cluster.confines.get("helm", True)
            written = HelmWritten()
            if self._places.cluster:
                yield self._cluster(cluster, written if has_releases else None)
            if has_releases:
                yield self._helm(cluster, written)
            yield written

    def of_files(self) -> Iterator[engine.Source]:
        if self._places.audit_logs:
            from k8supgrade.lifecycle.names import kinds_by_resource
            from k8supgrade.sources.audit_log import AuditLogSource

            yield AuditLogSource(self._places.audit_logs, kinds_by_resource(self._context.table))
        if self._places.paths:
            from k8supgrade.sources.dump import WORDS, DumpReader
            from k8supgrade.sources.files import FileSource
            from k8supgrade.sources.walk import Selection

            interest = self._interest()
            yield FileSource(
                self._places.paths,
                union([interest, Interest(words=WORDS)]),
                selection=Selection(self._options["include"], self._options["exclude"]),
                renderer=self._renderer() if self._options["render"] else None,
                dump=DumpReader(interest, self._context.table, self._context.target),
                progress=self._progress.show,
            )

        if self._places.helmfiles:
            from k8supgrade.cli.pins import CHARTS_OF_A_SCAN, chart_source, read_pins

            options = {**CHARTS_OF_A_SCAN, **self._options}
            pins = read_pins(self._places.helmfiles, options)
            yield chart_source(pins, options, self._context, self._progress.show_charts, self._installed)

    def _interest(self) -> Interest:
        return engine.interest_of(self._checks, self._context, everything=self._options["strict"])

    def _cluster(self, cluster: Reached, written: HelmWritten | None) -> engine.Source:
        from k8supgrade.sources.cluster import ClusterSource

        return ClusterSource(
            cluster.api,
            self._interest,
            self._context.table,
            self._context.target,
            current=cluster.version,
            namespaces=self._option("namespaces", cluster),
            allow_deprecated_calls=self._option("allow_deprecated_calls", cluster),
            helm=written,
            progress=self._shows(cluster),
        )

    def _helm(self, cluster: Reached, written: HelmWritten) -> engine.Source:
        from k8supgrade.sources.helm import HelmSource

        return HelmSource(
            cluster.api,
            self._interest(),
            self._context.table,
            namespaces=self._option("namespaces", cluster),
            history=self._option("helm_history", cluster),
            written=written,
            installed=self._installed.append,
            progress=self._shows(cluster),
        )

    def _option(self, name: str, cluster: Reached) -> Any:
        """As it was when a snapshot was taken, as it is asked for of a live cluster."""
        return cluster.confines.get(name, self._options[name])

    def _shows(self, cluster: Reached) -> Callable[[str, int], None]:
        return lambda what, objects: self._progress.show_cluster(cluster.api.name, what, objects)

    def _renderer(self) -> Any:
        from k8supgrade.sources.render import Renderer

        return Renderer(self._context.table, self._context.target)
