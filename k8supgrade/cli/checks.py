"""`k8supgrade checks`."""

from __future__ import annotations

import json

import click

from k8supgrade.checks import CHECKS
from k8supgrade.cli.output import echo


@click.command("checks")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    envvar="K8SUPGRADE_CHECKS_OUTPUT",
    help="Format.",
)
def command(form: str) -> int:
    """List the checks; `k8supgrade explain CHECK` tells all about one."""
    if form == "json":
        echo(json.dumps([{"id": check.ID, "summary": check.SUMMARY} for check in CHECKS.values()], indent=2) + "\n")
    else:
        width = max(map(len, CHECKS))
        echo("".join(f"{name:<{width}}  {check.SUMMARY}\n" for name, check in CHECKS.items()))
    return 0
