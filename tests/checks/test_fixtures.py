"""Every file below tests/manifests says in its comments what a scan of it finds; adding a case is adding a file.

    # --target 1.25: removed-api blocker cart        check, severity, name (- for none)
    # says: Change it to policy/v1                   stands in the message or fix of one of the findings above
    # --target 1.20: nothing

All that is found with a set of options must be listed, one line each.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import judges_charts
from k8supgrade.cli.main import cli

MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
FOLDERS = ("removed", "deprecated", "unavailable", "references", "clean")
FILES = sorted(path for folder in FOLDERS for path in (MANIFESTS / folder).glob("*.yaml"))
# They judge clusters, releases of the past and calls; each has a test of its own.
NOT_OF_FILES = {"crd-version", "rollback-blocked", "removed-api-requested"} | {
    name for name, check in CHECKS.items() if judges_charts(check)
}
_LINE = re.compile(r"# (--target .*?): (.+)")
_SAYS = "# says: "


class Case(NamedTuple):
    expected: list[str]
    texts: list[str]


def cases(path: Path) -> dict[str, Case]:
    found: dict[str, Case] = {}
    case = None
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if match is not None:
            case = found.setdefault(match[1], Case([], []))
            if match[2] != "nothing":
                case.expected.append(match[2])
        elif line.startswith(_SAYS):
            assert case is not None
            case.texts.append(line.removeprefix(_SAYS))
    return found


def scan(path: Path, options: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        cli, ["scan", *options.split(), "-o", "json", "--", str(path)], standalone_mode=False, catch_exceptions=False
    )
    report: dict[str, Any] = json.loads(result.stdout)
    return report


@pytest.mark.parametrize(
    ("path", "options"),
    [pytest.param(path, options, id=f"{path.stem} {options}") for path in FILES for options in cases(path)],
)
def test_the_file_says_what_is_found(path: Path, options: str) -> None:
    case = cases(path)[options]
    report = scan(path, options)
    assert report["skipped"] == []
    found = [f"{f['check']} {f['severity']} {f['name'] or '-'}" for f in report["findings"]]
    assert sorted(found) == sorted(case.expected)
    said = [f"{f['message']} {f['fix']}" for f in report["findings"]]
    assert [text for text in case.texts if not any(text in one for one in said)] == [], said


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_in_the_folder_that_it_belongs_to(path: Path) -> None:
    found = {line.split()[0] for case in cases(path).values() for line in case.expected}
    assert cases(path), "the file says nothing about itself"
    folder = path.parent.name
    if folder == "clean":
        assert not found
    elif path.stem not in ("odd-shapes", "current-older-than-the-data"):
        assert {"references": "removed-api-reference"}.get(folder, f"{folder}-api") in found


def test_every_check_has_a_file() -> None:
    found = {line.split()[0] for path in FILES for case in cases(path).values() for line in case.expected}
    assert found == set(CHECKS) - NOT_OF_FILES
