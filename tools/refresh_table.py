"""Write the Kubernetes table: data/deprecations/kubernetes.yaml and data/served/kubernetes.yaml.

Without options both are derived from the committed files in data/upstream/, so CI can prove with --check that
nobody edited them by hand. --fetch first reads upstream's Go modules again, which is all a new release takes.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from tools.table import overlay, upstream
from tools.table.derive import apply_overlay, deprecations_document, served_document
from tools.table.gvk import TableError
from tools.table.render import render

DATA = Path(__file__).resolve().parent.parent / "data"


def outputs(data: Path) -> dict[Path, str]:
    """What the two files have to hold, given data/upstream/."""
    read = upstream.read(data / "upstream" / "kubernetes.json")
    curated = overlay.read(data / "upstream" / "overlay.yaml")
    apply_overlay(read, curated)
    deprecations = render(deprecations_document(read, curated), rows="deprecated-versions", one_line=False)
    return {
        data / "deprecations" / "kubernetes.yaml": deprecations,
        data / "served" / "kubernetes.yaml": render(served_document(read), rows="apis", one_line=True),
    }


def differences(data: Path) -> list[str]:
    """A diff of each file that is not as derived; a missing file counts as empty."""
    found: list[str] = []
    for file, expected in outputs(data).items():
        actual = file.read_text(encoding="utf-8") if file.exists() else ""
        name = file.relative_to(data.parent).as_posix()
        found += difflib.unified_diff(
            actual.splitlines(), expected.splitlines(), f"{name} (committed)", f"{name} (derived)", "", "", 1, ""
        )
    return found


@click.command()
@click.option("--fetch", is_flag=True, help="Read upstream's Go modules first (needs the go command and network).")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a committed file is not as derived.")
def main(*, fetch: bool, check: bool) -> None:
    """Refresh the Kubernetes deprecation table."""
    if fetch and check:
        raise click.UsageError("--check compares committed files; it does not go with --fetch")
    try:
        if fetch:
            file = DATA / "upstream" / "kubernetes.json"
            upstream.write(upstream.fetch(upstream.read(file) if file.exists() else None), file)
        diff = differences(DATA)
        if check:
            _report(diff)
            return
        for path, text in outputs(DATA).items():
            path.write_text(text, encoding="utf-8")
    except TableError as error:
        raise click.ClickException(str(error)) from error
    changed = sum(line.startswith(("+", "-")) and not line.startswith(("+++", "---")) for line in diff)
    click.echo(f"table written, {changed} lines changed", err=True)


def _report(diff: list[str]) -> None:
    if diff:
        click.echo("\n".join(diff))
        click.echo("the table is not what data/upstream/ says: run `python -m tools.refresh_table`", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
