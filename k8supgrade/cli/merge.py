"""`k8supgrade merge`."""

from __future__ import annotations

from typing import Any

import click

from k8supgrade.cli.options import (
    allow_incomplete_option,
    complete_files,
    fail_on_option,
    no_color_option,
    output_option,
    severity_of,
)
from k8supgrade.cli.output import parse_outputs, write
from k8supgrade.cli.saved import read_saved
from k8supgrade.merge import merge_verdicts


@click.command("merge")
@click.argument("reports", nargs=-1, required=True, metavar="REPORT.json...", shell_complete=complete_files)
@output_option("json")
@fail_on_option
@allow_incomplete_option
@no_color_option
def command(reports: tuple[str, ...], **options: Any) -> int:
    """Make one report of many: of shards, repositories, clusters. Exits as a scan with these findings would."""
    outputs = parse_outputs(options["outputs"], "json")
    verdict = merge_verdicts(
        [read_saved(report) for report in reports],
        fail_on=severity_of(options["fail_on"]),
        allow_incomplete=options["allow_incomplete"],
    )
    write(verdict, outputs, no_color=options["no_color"])
    return verdict.exit_code
