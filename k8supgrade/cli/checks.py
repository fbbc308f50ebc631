"""`k8supgrade checks`."""

from __future__ import annotations

import json

import click

from k8supgrade.checks import CHECKS


@click.command("checks")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(form: str) -> int:
    """List the checks; `k8supgrade explain CHECK` tells all about one."""
    if form == "json":
        click.echo(json.dumps([{"id": check.ID, "summary": check.SUMMARY} for check in CHECKS.values()], indent=2))
    else:
        width = max(map(len, CHECKS))
        for name, check in CHECKS.items():
            click.echo(f"{name:<{width}}  {check.SUMMARY}")
    return 0
