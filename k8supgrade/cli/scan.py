"""`k8supgrade scan`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import click

from k8supgrade import engine
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context
from k8supgrade.cli.clusters import Asked, cluster_options, connect, open_snapshots
from k8supgrade.cli.contexts import Contexts
from k8supgrade.cli.options import (
    allow_incomplete_option,
    choose_checks,
    complete_files,
    complete_with,
    current_option,
    environment_option,
    fail_on_option,
    no_color_option,
    output_option,
    parse_current,
    quiet_option,
    table_option,
    target_option,
)
from k8supgrade.cli.output import parse_outputs, write
from k8supgrade.cli.places import Places, Sources, asked_for
from k8supgrade.cli.progress import Progress
from k8supgrade.cli.verdict import make_verdict
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.origin import ReleaseOrigin

# Findings are many and hold no cycles: look for garbage a hundred times less often than Python does.
_GARBAGE = (50_000, 20, 20)


helm_history_option = click.option(
    "--helm-history",
    is_flag=True,
    envvar="K8SUPGRADE_HELM_HISTORY",
    help="Look at superseded revisions too: which of them can still be rolled back to.",
)


@click.command("scan")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...", shell_complete=complete_files)
@target_option("the one after that of each cluster, or --current")
@current_option("Kubernetes version that runs now. Default: the cluster's.")
@output_option("table")
@fail_on_option
@allow_incomplete_option
@click.option("--strict", is_flag=True, envvar="K8SUPGRADE_STRICT", help="Parse every document in full.")
@click.option(
    "--check",
    "only",
    multiple=True,
    envvar="K8SUPGRADE_CHECK",
    metavar="ID",
    shell_complete=complete_with(lambda: CHECKS),
    help="Run only this check; repeatable.",
)
@click.option(
    "--skip-check",
    "without",
    multiple=True,
    envvar="K8SUPGRADE_SKIP_CHECK",
    metavar="ID",
    shell_complete=complete_with(lambda: CHECKS),
    help="Leave this check out; repeatable.",
)
@click.option(
    "--include",
    multiple=True,
    envvar="K8SUPGRADE_INCLUDE",
    metavar="GLOB",
    help="In directories, read only the files that match (as in .gitignore), whatever their suffix; repeatable.",
)
@click.option(
    "--exclude",
    multiple=True,
    envvar="K8SUPGRADE_EXCLUDE",
    metavar="GLOB",
    help="In directories, leave out files, directories and charts that match; repeatable.",
)
@click.option(
    "--render",
    is_flag=True,
    envvar="K8SUPGRADE_RENDER",
    help="Render charts (helm) and kustomizations (kubectl or kustomize) for the target and scan the result.",
)
@table_option
@no_color_option
@click.option("--no-progress", is_flag=True, envvar="K8SUPGRADE_NO_PROGRESS", help="No progress on a terminal.")
@quiet_option
@click.option("-v", "--verbose", is_flag=True, envvar="K8SUPGRADE_VERBOSE", help="Say on stderr what is done.")
@click.option(
    "--cluster/--no-cluster",
    default=None,
    envvar="K8SUPGRADE_CLUSTER",
    help="Scan the live cluster. Default: where no path is given.",
)
@click.option(
    "--helm/--no-helm",
    default=None,
    envvar="K8SUPGRADE_HELM",
    help="Scan the cluster's Helm releases. Default: as the cluster.",
)
@helm_history_option
@click.option(
    "--audit-log",
    "audit_logs",
    multiple=True,
    envvar="K8SUPGRADE_AUDIT_LOG",
    metavar="FILE",
    shell_complete=complete_files,
    help="Kubernetes audit events, for who calls deprecated APIs; repeatable.",
)
@click.option(
    "--snapshot",
    "snapshots",
    multiple=True,
    envvar="K8SUPGRADE_SNAPSHOT",
    metavar="FILE",
    shell_complete=complete_files,
    help="A cluster as `k8supgrade snapshot` has written it, instead of a live one; repeatable.",
)
@click.option(
    "--helmfile",
    "helmfiles",
    multiple=True,
    envvar="K8SUPGRADE_HELMFILE",
    metavar="PATH",
    shell_complete=complete_files,
    help="Check the chart versions pinned there too, as `k8supgrade charts` does; with a cluster, compare them with "
    "what is installed; repeatable.",
)
@environment_option
@cluster_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Find what breaks at the target version.

    PATH: manifests, directories, chart directories and archives, kustomizations; - is standard input. Without one, the
    live cluster of the current context and its Helm releases.
    """
    places = asked_for(paths, options)
    outputs = parse_outputs(options["outputs"], "table")
    table = load_table(options["tables"])
    current = parse_current(options["current"])
    names = choose_checks(options["only"], options["without"], list(CHECKS))
    clusters = _clusters(places, options)
    contexts = Contexts(table, options["targets"], current, clusters)
    progress = Progress(enabled=not (options["quiet"] or options["no_progress"]))
    gc.freeze()  # the table stays as it is, in the processes that a scan forks too
    gc.set_threshold(*_GARBAGE)
    gc.enable()
    try:
        checks = [CHECKS[name] for name in names]
        installed: list[ReleaseOrigin] = []

        def sources(context: Context) -> Sources:
            return Sources(places, options, checks, context, progress, installed)

        scan = engine.combine(
            [
                engine.run(_sources(sources(context), group, last), checks, context)
                for context, group, last in contexts.groups()
            ]
        )
    finally:
        progress.clear()
        gc.disable()  # what was found lives until the report is written
    if options["verbose"]:
        message = f"{scan.scanned.files} files read, {scan.scanned.resources} objects, {len(scan.findings)} findings"
        click.echo(message, err=True)
    verdict = make_verdict(scan, contexts, clusters, policy_options=(options["fail_on"], options["allow_incomplete"]))
    write(verdict, outputs, no_color=options["no_color"])
    if len(names) < len(CHECKS) and not options["quiet"]:
        click.echo(f"Only these checks ran: {', '.join(names)}.", err=True)
    if all(output.path is not None for output in outputs) and not options["quiet"]:
        from k8supgrade.reports.summary import closing

        click.echo(closing(verdict).headline, err=True)
    return verdict.exit_code


def _clusters(places: Places, options: dict[str, Any]) -> list[Asked]:
    """The clusters to look at."""
    if places.snapshots:
        return open_snapshots(places.snapshots)
    return connect(options) if places.live else []


def _sources(sources: Sources, clusters: list[Asked], is_last: bool) -> Iterator[engine.Source]:
    """Clusters first: what they define adds to what is looked for in files."""
    yield from sources.of_clusters(clusters)
    if is_last:
        yield from sources.of_files()
