"""`k8supgrade snapshot`."""

from __future__ import annotations

import contextlib
import gzip
import os
import tarfile
import tempfile
from typing import Any

import click

from k8supgrade import __version__, engine, policy
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context
from k8supgrade.cli.clusters import Reached, Unreached, cluster_options, connect
from k8supgrade.cli.options import allow_incomplete_option, complete_files, quiet_option
from k8supgrade.cli.progress import Progress
from k8supgrade.cli.scan import helm_history_option
from k8supgrade.cli.verdict import now
from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.manifest.interest import Interest, union
from k8supgrade.model.resource import Skipped
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.reports.text import clean, plural


@click.command("snapshot")
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    envvar="K8SUPGRADE_SNAPSHOT_OUTPUT",
    metavar="FILE",
    shell_complete=complete_files,
    help="The file to write, a gzipped tar archive.",
)
@click.option("--helm/--no-helm", default=True, envvar="K8SUPGRADE_HELM", help="Take the Helm releases too.")
@helm_history_option
@cluster_options
@allow_incomplete_option
@click.option("--no-progress", is_flag=True, envvar="K8SUPGRADE_NO_PROGRESS", help="No progress on a terminal.")
@quiet_option
def command(path: str, **options: Any) -> int:
    """Write what a scan of the cluster needs into a file.

    `k8supgrade scan --snapshot FILE --target VERSION` scans it, on any machine and for any later version. It holds
    names, versions and who wrote what; no data of Secrets and ConfigMaps, no environment variables, arguments or chart
    values.
    """
    _check_writable(path)
    clusters = connect(options)
    if len(clusters) > 1:
        raise UsageError("a snapshot holds one cluster: name one --context, and write a file for each")
    (cluster,) = clusters
    if isinstance(cluster, Unreached):
        click.echo(f"Error: no snapshot: cluster {clean(cluster.name)}: {clean(cluster.reason)}", err=True)
        return policy.INCOMPLETE
    progress = Progress(enabled=not (options["quiet"] or options["no_progress"]))
    try:
        taken = _take(cluster, path, options, progress)
    finally:
        progress.clear()
    return _report(taken, path, options)


def _check_writable(path: str) -> None:
    directory = os.path.dirname(path) or "."
    if os.path.isdir(path) or not os.path.isdir(directory) or not os.access(directory, os.W_OK):
        raise UsageError(f"-o {path}: cannot be written: no such directory, or permission denied")


def _take(cluster: Reached, path: str, options: dict[str, Any], progress: Progress) -> engine.Scan:
    """Asks what scans for all the versions to come would ask, and keeps the answers; the file is there at the end, or
    not at all. Only its owner may read it."""
    from k8supgrade.sources.cluster import ClusterSource
    from k8supgrade.sources.helm import HelmSource
    from k8supgrade.sources.recording import Recorder

    table = load_table(())
    contexts = [
        Context(table=table, target=Target(KubeVersion(1, minor), {}), current=cluster.version)
        for minor in range(max(cluster.version, table.oldest).minor, table.newest.minor + 1)
    ]

    def interest() -> Interest:
        return union([engine.interest_of(CHECKS.values(), context) for context in contexts])

    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".k8supgrade-")
    try:
        with (
            open(descriptor, "wb") as file,
            gzip.GzipFile("", "wb", 6, file) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            recorder = Recorder(cluster.api, archive, frozenset(interest().bodies))
            recorder.describe(
                tool=__version__,
                taken_at=now(),
                namespaces=options["namespaces"],
                releases=options["helm"],
                deprecated_calls=options["allow_deprecated_calls"],
                history=options["helm_history"],
            )
            recorder.get("/version")
            sources: list[engine.Source] = [
                ClusterSource(
                    recorder,
                    interest,
                    table,
                    contexts[-1].target,
                    current=cluster.version,
                    namespaces=options["namespaces"],
                    allow_deprecated_calls=options["allow_deprecated_calls"],
                    progress=lambda what, objects: progress.show_cluster(cluster.api.name, what, objects),
                )
            ]
            if options["helm"]:
                sources.append(
                    HelmSource(
                        recorder,
                        interest(),
                        table,
                        namespaces=options["namespaces"],
                        history=options["helm_history"],
                        progress=lambda what, objects: progress.show_cluster(cluster.api.name, what, objects),
                    )
                )
            scan = engine.run(sources, [CHECKS["crd-version"]], contexts[-1])
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return scan


def _report(taken: engine.Scan, path: str, options: dict[str, Any]) -> int:
    missing = [skip for skip in taken.skipped if not skip.optional]
    if not options["quiet"]:
        for skip in taken.skipped:
            click.echo(_line(skip), err=True)
        held = f"{plural(taken.scanned.resources, 'object')}, {plural(taken.scanned.releases, 'release')}"
        size = f"{os.path.getsize(path) / 1024:,.0f} KiB"
        click.echo(
            f"{clean(path)}: {held}, {size}. Scan it with: k8supgrade scan --snapshot {clean(path)} --target …",
            err=True,
        )
    return policy.INCOMPLETE if missing and not options["allow_incomplete"] else policy.READY


def _line(skip: Skipped) -> str:
    optional = " (optional)" if skip.optional else ""
    return f"Not in the snapshot{optional}: {clean(skip.what)}: {clean(skip.reason)}"
