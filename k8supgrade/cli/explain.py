"""`k8supgrade explain`."""

from __future__ import annotations

import inspect
import re
import textwrap

import click

from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import release_name
from k8supgrade.checks.gone import group_of
from k8supgrade.cli.options import complete_with, did_you_mean, table_option
from k8supgrade.cli.output import echo
from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.names import plural
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.lifecycle import ApiLifecycle
from k8supgrade.model.version import KubeVersion
from k8supgrade.reports.text import clean

_API = re.compile(r"(?P<version>(?:[a-z0-9.-]+/)?v[0-9][a-z0-9]*)(?:[ /:]+(?P<kind>[a-z0-9]+))?\Z")
_INDENT = 18


def _names() -> list[str]:
    table = load_table()
    return [*CHECKS, *sorted({kind for _, kind in table.apis()} | {version for version, _ in table.apis()})]


@click.command("explain")
@click.argument("what", nargs=-1, required=True, metavar="CHECK|API", shell_complete=complete_with(_names))
@table_option
def command(what: tuple[str, ...], tables: tuple[str, ...]) -> int:
    """Explain a check, or the life of an API.

    \b
    k8supgrade explain removed-api
    k8supgrade explain policy/v1beta1 PodDisruptionBudget
    k8supgrade explain PodSecurityPolicy
    """
    text = " ".join(what).strip()
    if not text:
        raise UsageError("say what: a check, or an API like 'policy/v1beta1 PodDisruptionBudget'")
    if text in CHECKS:
        echo(_manual(text))
        return 0
    table = load_table(tables)
    echo("\n\n".join(_life(*api, table) for api in _apis(text, table)) + "\n")
    return 0


def _manual(check: str) -> str:
    """The docstring, its paragraphs (not its examples) fitted to 80 columns."""
    paragraphs = inspect.cleandoc(CHECKS[check].__doc__ or "").split("\n\n")
    fitted = [
        text if text.startswith(" ") else textwrap.fill(text, 80, break_long_words=False, break_on_hyphens=False)
        for text in paragraphs
    ]
    return "\n\n".join([f"{check}: {CHECKS[check].SUMMARY}", *fitted]) + "\n"


def _apis(text: str, table: LifecycleTable) -> list[tuple[str, str]]:
    """The APIs that the user means: one, all versions of a kind, or all kinds of a version or group."""
    known = sorted(table.apis() | {(row.api_version, row.kind) for row in table.rows()})
    wanted = text.lower()
    match = _API.match(wanted)
    if match is None:
        found = [api for api in known if wanted == group_of(api[0]) or _is_kind(wanted, api[1])]
        if not found:
            names = [*CHECKS, *sorted({kind for _, kind in known})]
            raise UsageError(f"{text!r} is no check and no API of the table: {_near(text, names)}")
        return found
    version, kind = match["version"], match["kind"]
    of_version = [api for api in known if api[0] == version]
    found = [api for api in of_version if kind is None or _is_kind(kind, api[1])]
    if found:
        return found
    if of_version:
        kinds = sorted({other for _, other in of_version})
        raise UsageError(f"{version} has no kind {text[match.start('kind') :]!r}: {did_you_mean(kind, kinds)}")
    others = sorted({other for other, name in known if kind is not None and _is_kind(kind, name)})
    hint = f"the table has it in {', '.join(others)}" if others else _near(text, [api for api, _ in known])
    raise UsageError(f"{text!r} is no check and no API of the table: {hint}")


def _is_kind(text: str, kind: str) -> bool:
    """`text` (in small letters) names the kind or its resource."""
    return text in (kind.lower(), plural(kind))


def _near(text: str, names: list[str]) -> str:
    hint = did_you_mean(text, names)
    return hint if hint.startswith("did") else "see `k8supgrade checks` and `k8supgrade apis --component all`"


def _life(api_version: str, kind: str, table: LifecycleTable) -> str:
    row = table.get(api_version, kind)
    served, default = (_ranges(api_version, kind, table, default_only=only) for only in (False, True))
    lines = [f"{api_version} {kind}"]
    facts: list[tuple[str, str]] = []
    if row is not None and row.is_addon:
        facts.append(("component", row.component))
    if served:
        facts.append(("served in", f"Kubernetes {served}"))
        if default != served:
            facts.append(("on by default", default or "in none of them (it needs --runtime-config)"))
    namespaced = table.namespaced(api_version, kind)
    if namespaced is not None:
        facts.append(("scope", "namespaced" if namespaced else "cluster"))
    if row is not None:
        facts += _facts(row)
    elif served:
        facts.append(("deprecated", "no"))
    lines += [f"  {name + ':':<{_INDENT - 2}}{_wrapped(value)}" for name, value in facts]
    return "\n".join(lines)


def _facts(row: ApiLifecycle) -> list[tuple[str, str]]:
    facts = []
    for name, release in (
        ("introduced in", row.introduced_in),
        ("deprecated in", row.deprecated_in),
        ("removed in", row.removed_in),
        ("served again in", row.served_again_in),
    ):
        if release is not None:
            facts.append((name, release_name(row.component, release)))
    if row.replacement is not None:
        since = row.replacement.available_in
        text = f"{row.replacement.api_version} {row.replacement.kind}"
        facts.append(("use instead", text + (f", since {release_name(row.component, since)}" if since else "")))
    if row.notes:
        facts.append(("notes", row.notes.strip()))
    if row.reference:
        facts.append(("reference", row.reference))
    return facts


def _wrapped(value: str) -> str:
    """Fitted to 80 columns, behind the name; whatever a table of the user's holds, the terminal is safe."""
    text = textwrap.fill(
        clean(" ".join(value.split())),
        80,
        initial_indent=" " * _INDENT,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return text[_INDENT:]


def _ranges(api_version: str, kind: str, table: LifecycleTable, *, default_only: bool) -> str:
    """`1.16 to 1.21, 1.24`; an open end is said as such."""
    asks = table.is_default if default_only else table.is_served
    minors = [minor for minor in _minors(table) if asks(api_version, kind, minor)]
    runs: list[list[KubeVersion]] = []
    for minor in minors:
        if runs and runs[-1][-1].next() == minor:
            runs[-1].append(minor)
        else:
            runs.append([minor])
    return ", ".join(_run(run, table) for run in runs)


def _run(run: list[KubeVersion], table: LifecycleTable) -> str:
    first = f"{run[0]} (or earlier)" if run[0] == table.oldest else str(run[0])
    if run[-1] == table.newest:
        return f"{first} and later"
    return first if len(run) == 1 else f"{first} to {run[-1]}"


def _minors(table: LifecycleTable) -> list[KubeVersion]:
    return [KubeVersion(table.oldest.major, minor) for minor in range(table.oldest.minor, table.newest.minor + 1)]
