"""The group of commands. A command's module is imported when the command is called, not before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from k8supgrade import __version__
from k8supgrade.cli.boundary import USAGE, ReaderGoneError

# name -> (module, what `k8supgrade --help` says of it)
COMMANDS = {
    "scan": ("k8supgrade.cli.scan", "Find what breaks at the target version."),
    "charts": ("k8supgrade.cli.charts", "Check which chart versions of a Helmfile are ready for the target."),
    "snapshot": ("k8supgrade.cli.snapshot", "Write what a scan of a cluster needs into a file."),
    "report": ("k8supgrade.cli.report", "Render a saved JSON report again."),
    "merge": ("k8supgrade.cli.merge", "Make one report of many."),
    "apis": ("k8supgrade.cli.apis", "List what is deprecated and removed between two versions."),
    "explain": ("k8supgrade.cli.explain", "Explain a check, or the life of an API."),
    "checks": ("k8supgrade.cli.checks", "List the checks."),
    "completion": ("k8supgrade.cli.completion", "Print the completion script of a shell."),
}


class _Commands(click.Group):
    """Commands by name; the help needs no import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the commands are {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a command there is nothing to do: the help says so, and the exit code too."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would end the process with 1, which is our word for findings.
            raise ReaderGoneError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _print_version(ctx: click.Context, _: click.Parameter, value: Any) -> None:
    if not value or ctx.resilient_parsing:
        return
    from k8supgrade.lifecycle.load import load_table

    table = load_table()
    click.echo(f"k8supgrade {__version__} (data {table.data_version}, Kubernetes {table.oldest} to {table.newest})")
    ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version, that of the data, and the Kubernetes versions that it covers.",
)
def cli() -> None:
    """Find what breaks at a Kubernetes upgrade, before it.

    \b
    k8supgrade scan --target 1.28 k8s/           manifests in a directory
    helm template shop | k8supgrade scan --target 1.28 -
    k8supgrade explain "policy/v1beta1 PodDisruptionBudget"

    Exit codes: 0 ready, 1 findings, 2 usage error, 3 something could not be examined.
    """
