"""`k8supgrade report`."""

from __future__ import annotations

from typing import Any

import click

from k8supgrade.cli.options import complete_files, no_color_option, output_option
from k8supgrade.cli.output import parse_outputs, write
from k8supgrade.cli.saved import read_saved


@click.command("report")
@click.argument("report", metavar="REPORT.json", shell_complete=complete_files)
@output_option("table")
@no_color_option
def command(report: str, **options: Any) -> int:
    """Render a saved JSON report again; - is standard input. Exits with 0, whatever the report says."""
    outputs = parse_outputs(options["outputs"], "table")
    write(read_saved(report), outputs, no_color=options["no_color"])
    return 0
