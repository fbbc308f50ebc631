"""`k8supgrade charts`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from k8supgrade import engine
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import judges_charts
from k8supgrade.cli.contexts import Contexts
from k8supgrade.cli.options import (
    allow_incomplete_option,
    complete_files,
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
from k8supgrade.cli.output import echo, parse_outputs, write
from k8supgrade.cli.pins import chart_source, read_pins
from k8supgrade.cli.progress import Progress
from k8supgrade.cli.verdict import make_verdict
from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.chart import EVIDENCE

F = TypeVar("F", bound=Callable[..., Any])

_CHOICES = ("smallest", "latest")

_OPTIONS = (
    environment_option,
    click.option(
        "--evidence",
        type=click.Choice([one for one in EVIDENCE if one != "none"]),
        default="rendered",
        show_default=True,
        envvar="K8SUPGRADE_EVIDENCE",
        help="Best evidence to gather: rendered by helm where it is on PATH, static (templates as they are written), "
        "kube-version (no archives are fetched).",
    ),
    click.option(
        "--candidates",
        type=click.IntRange(min=1, max=1000),
        default=10,
        show_default=True,
        envvar="K8SUPGRADE_CANDIDATES",
        help="How many versions of a chart are looked into from below, and from above.",
    ),
    click.option("--offline", is_flag=True, envvar="K8SUPGRADE_OFFLINE", help="Only what the cache holds, no network."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0.1),
        default=30.0,
        show_default=True,
        envvar="K8SUPGRADE_TIMEOUT",
        metavar="SECONDS",
        help="Per request.",
    ),
    click.option(
        "--use-helmfile",
        is_flag=True,
        envvar="K8SUPGRADE_USE_HELMFILE",
        help="Ask the helmfile program for what a static reading cannot resolve; it runs the code in templates.",
    ),
)


def chart_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def bump_option(name: str, text: str) -> Callable[[F], F]:
    """An option that may stand alone, and then means `smallest`."""
    return click.option(
        f"--{name}",
        is_flag=False,
        flag_value=_CHOICES[0],
        default=None,
        envvar=f"K8SUPGRADE_{name.upper()}",
        metavar="[smallest|latest]",
        help=text,
    )


@click.command("charts")
@click.argument("paths", nargs=-1, metavar="[HELMFILE]...", shell_complete=complete_files)
@target_option("the one after --current")
@current_option("Kubernetes version that runs now: what is proposed installs on it too.")
@chart_options
@bump_option("diff", "Print the change of the files instead of a report, with the smallest or the latest versions.")
@bump_option("write", "Make the change in the files, with the smallest or the latest versions.")
@output_option("table")
@fail_on_option
@allow_incomplete_option
@table_option
@no_color_option
@click.option("--no-progress", is_flag=True, envvar="K8SUPGRADE_NO_PROGRESS", help="No progress on a terminal.")
@quiet_option
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Is every pinned chart ready for the target, and which version should it be bumped to?

    HELMFILE: Helmfiles, or directories with one; also Chart.yaml, Argo CD applications and Flux releases. Without one,
    the working directory.
    """
    bump, paths = _bump(paths, options)
    outputs = [] if options["diff"] and not options["outputs"] else parse_outputs(options["outputs"], "table")
    if options["diff"] and any(output.path is None for output in outputs):
        raise UsageError("--diff prints the change to standard output: write the report to a file with -o FORMAT=FILE")
    table = load_table(options["tables"])
    contexts = Contexts(table, options["targets"], parse_current(options["current"]), [])
    ((context, _, _),) = contexts.groups()
    progress = Progress(enabled=not (options["quiet"] or options["no_progress"]))
    pins = list(read_pins(paths or (".",), options))
    try:
        source = chart_source(pins, options, context, progress.show_charts)
        scan = engine.run([source], [check for check in CHECKS.values() if judges_charts(check)], context)
    finally:
        progress.clear()
    verdict = make_verdict(scan, contexts, [], policy_options=(options["fail_on"], options["allow_incomplete"]))
    write(verdict, outputs, no_color=options["no_color"])
    if bump is not None:
        from k8supgrade.cli.bump import change

        text = change(pins, verdict.charts, bump, writes=options["write"] is not None)
        for line in () if options["quiet"] else text.messages:
            click.echo(line, err=True)
        if options["diff"]:
            echo(text.diff)
    return verdict.exit_code


def _bump(paths: tuple[str, ...], options: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Which version to go to. `--write helmfile.yaml` takes the path for its value: it is given back."""
    if options["diff"] is not None and options["write"] is not None:
        raise UsageError("--diff shows the change and --write makes it: give one of them")
    for name in ("diff", "write"):
        value = options[name]
        if value is not None:
            if value in _CHOICES:
                return value, paths
            return _CHOICES[0], (value, *paths)
    return None, paths
