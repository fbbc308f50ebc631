from __future__ import annotations

import subprocess
import sys

import pytest

from k8supgrade.errors import UsageError
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import NAMES, RenderOptions, Report, csv_, json_, load, markdown, pr, table, wide, yaml_
from tests.builders import assert_golden, verdict
from tests.reports.samples import CHARTS, FULL, LIVE, hostile

# mypy reads here that every module is a report.
REPORTS: tuple[Report, ...] = (table, wide, json_, yaml_, csv_, markdown, pr)

FILES = {"table": "txt", "wide": "txt", "json": "json", "yaml": "yaml", "csv": "csv", "markdown": "md", "pr": "md"}


def test_every_module_is_registered_under_its_name() -> None:
    assert tuple(report.NAME for report in REPORTS) == NAMES
    assert all(load(report.NAME) is report for report in REPORTS)


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="'xml' is not an output format: use one of table, wide, json"):
        load("xml")


def test_the_registry_imports_no_format_until_it_is_used() -> None:
    code = (
        "import sys, k8supgrade.reports as r\n"
        "heavy = {'tabulate', 'yaml', 'csv', 'json', 'k8supgrade.reports.table', 'k8supgrade.model.verdict'}\n"
        "before = heavy & set(sys.modules)\n"
        "r.load('table')\n"
        "after = {'tabulate', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'{before} {after}' if before or after else 0)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("case", "shown"), [("full", FULL), ("live", LIVE), ("charts", CHARTS), ("empty", verdict())])
def test_golden(name: str, case: str, shown: Verdict) -> None:
    assert_golden(f"report-{case}-{name}.{FILES[name]}", load(name).render(shown, RenderOptions()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "shown", [verdict(), FULL, LIVE, CHARTS, hostile()], ids=["empty", "full", "live", "charts", "hostile"]
)
def test_same_bytes_twice(name: str, shown: Verdict) -> None:
    assert load(name).render(shown, RenderOptions()) == load(name).render(shown, RenderOptions())


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_reaches_no_terminal(name: str) -> None:
    text = load(name).render(hostile(), RenderOptions())
    text.encode()
    assert text.endswith("\n")
    bad = {char for char in text if char != "\n" and not char.isprintable()}
    assert not bad, sorted(map(ascii, bad))
    assert "🚢日本語größe" in text


@pytest.mark.parametrize("name", ["table", "wide", "csv"])
def test_a_name_cannot_fake_a_line(name: str) -> None:
    """The fix may have lines of its own, so the name alone is hostile here."""
    from tests.builders import finding

    text = load(name).render(verdict(finding("x\nReady for 1.28: all good")), RenderOptions())
    assert not any(line.startswith("Ready") for line in text.split("\n"))
    assert "x\\x0aReady for 1.28" in text
