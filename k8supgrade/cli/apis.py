"""`k8supgrade apis`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from k8supgrade.cli.options import did_you_mean, newest_patch, parsed, table_option
from k8supgrade.cli.output import echo
from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.lifecycle import ApiLifecycle, Release
from k8supgrade.model.version import KUBERNETES, KubeVersion

FORMS = ("table", "json", "yaml", "csv", "markdown")
_COLUMNS = ("API", "KIND", "DEPRECATED", "REMOVED", "USE INSTEAD", "SINCE")


@click.command("apis")
@click.option(
    "--from", "start", envvar="K8SUPGRADE_FROM", metavar="VERSION", help="Leave out what happened up to this version."
)
@click.option(
    "--to", "end", envvar="K8SUPGRADE_TO", metavar="VERSION", help="Leave out what happens after this version."
)
@click.option(
    "--component",
    default=KUBERNETES,
    show_default=True,
    envvar="K8SUPGRADE_COMPONENT",
    metavar="NAME",
    help="An add-on, or all.",
)
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(FORMS),
    default="table",
    show_default=True,
    envvar="K8SUPGRADE_APIS_OUTPUT",
    help="Format.",
)
@table_option
def command(start: str | None, end: str | None, component: str, form: str, tables: tuple[str, ...]) -> int:
    """List what is deprecated and removed between two versions: in those after --from, up to --to.

    \b
    k8supgrade apis --from 1.25 --to 1.28
    k8supgrade apis --component cert-manager
    """
    table = load_table(tables)
    if component not in ("all", *table.components()):
        raise UsageError(f"--component {component}: unknown, {did_you_mean(component, sorted(table.components()))}")
    span = _span(start, end, component, table)
    rows = [
        row
        for row in table.rows()
        if component in ("all", row.component) and (_within(row.deprecated_in, span) or _within(row.removed_in, span))
    ]
    echo(_RENDERERS[form](rows))
    return 0


Span = tuple[Release | None, Release | None]


def _span(start: str | None, end: str | None, component: str, table: LifecycleTable) -> Span:
    if component == "all" and (start or end):
        raise UsageError("--from and --to are versions of one component: name it with --component")
    parse: Any = KubeVersion.parse if component == KUBERNETES else newest_patch
    first = parsed("--from", start, parse) if start else None
    last = parsed("--to", end, parse) if end else None
    if first is not None and last is not None and first > last:
        raise UsageError(f"--from {first} is newer than --to {last}")
    for option, version in (("--from", first), ("--to", last)):
        if component == KUBERNETES and version is not None and not table.oldest <= version <= table.newest:
            raise UsageError(f"{option} {version}: the data covers Kubernetes {table.oldest} to {table.newest}")
    return first, last


def _within(release: Release | None, span: Span) -> bool:
    start, end = span
    return release is not None and (start is None or release > start) and (end is None or release <= end)


def _cells(row: ApiLifecycle) -> tuple[str, ...]:
    replacement = row.replacement
    name = ""
    if replacement is not None:
        name = replacement.api_version
        if replacement.kind != row.kind:
            name += f" {replacement.kind}"
    since = replacement.available_in if replacement is not None else None
    return (row.api_version, row.kind, _text(row.deprecated_in), _text(row.removed_in), name, _text(since))


def _text(release: Release | None) -> str:
    return "" if release is None else str(release)


def _table(rows: Iterable[ApiLifecycle]) -> str:
    from tabulate import tabulate

    listed = [_cells(row) for row in rows]
    if not listed:
        return "Nothing is deprecated or removed there.\n"
    text = tabulate(listed, headers=_COLUMNS, tablefmt="plain", disable_numparse=True) + "\n"
    return text if _fits(text) else _stacked(listed)


def _fits(text: str) -> bool:
    """A pipe takes lines of any length, a terminal breaks them."""
    if sys.stdout is None or not sys.stdout.isatty():
        return True
    import shutil

    return max(map(len, text.splitlines())) <= shutil.get_terminal_size((80, 24)).columns


def _stacked(rows: Sequence[tuple[str, ...]]) -> str:
    """The table for a narrow terminal: each group/version with its kinds, and below them what becomes of them."""
    import textwrap

    kinds: dict[tuple[str, ...], list[str]] = {}
    for api, kind, *fate in rows:
        kinds.setdefault((api, *fate), []).append(kind)
    lines = []
    for (api, deprecated, removed, instead, since), names in kinds.items():
        facts = [
            f"deprecated in {deprecated}" if deprecated else "",
            f"removed in {removed}" if removed else "",
            f"use {instead}" if instead else "",
            f"since {since}" if since else "",
        ]
        what = textwrap.wrap(f"{api} {', '.join(names)}", 80, subsequent_indent="  ", break_on_hyphens=False)
        lines += [
            *what,
            *textwrap.wrap(", ".join(filter(None, facts)), 80, initial_indent=" " * 4, subsequent_indent=" " * 6),
        ]
    return "\n".join(lines) + "\n"


def _markdown(rows: Iterable[ApiLifecycle]) -> str:
    from tabulate import tabulate

    cells = [[cell.replace("|", "\\|") for cell in _cells(row)] for row in rows]
    return tabulate(cells, headers=_COLUMNS, tablefmt="github", disable_numparse=True) + "\n"


def _csv(rows: Iterable[ApiLifecycle]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["component", *(column.lower().replace(" ", "-") for column in _COLUMNS)])
    writer.writerows([row.component, *_cells(row)] for row in rows)
    return text.getvalue()


def _data(rows: Iterable[ApiLifecycle]) -> list[dict[str, Any]]:
    return [
        {
            "component": row.component,
            "apiVersion": row.api_version,
            "kind": row.kind,
            "namespaced": row.namespaced,
            "introducedIn": _text(row.introduced_in) or None,
            "deprecatedIn": _text(row.deprecated_in) or None,
            "removedIn": _text(row.removed_in) or None,
            "servedAgainIn": _text(row.served_again_in) or None,
            "replacement": None
            if row.replacement is None
            else {
                "apiVersion": row.replacement.api_version,
                "kind": row.replacement.kind,
                "availableIn": _text(row.replacement.available_in) or None,
            },
            "reference": row.reference,
            "notes": row.notes,
        }
        for row in rows
    ]


def _json(rows: Iterable[ApiLifecycle]) -> str:
    return json.dumps(_data(rows), indent=2, ensure_ascii=False) + "\n"


def _yaml(rows: Iterable[ApiLifecycle]) -> str:
    import yaml

    text: str = yaml.safe_dump(_data(rows), sort_keys=False, allow_unicode=True)
    return text


_RENDERERS: dict[str, Callable[[Iterable[ApiLifecycle]], str]] = {
    "table": _table,
    "json": _json,
    "yaml": _yaml,
    "csv": _csv,
    "markdown": _markdown,
}
