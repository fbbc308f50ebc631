"""Options and their environment variables, and the help for what is misspelt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from k8supgrade.checks import CHECKS
from k8supgrade.cli.main import COMMANDS, cli
from tests.cli.program import BROKEN, CLEAN, DEPRECATED, REMOVED, error
from tests.cli.program import call as run


def options() -> Iterator[tuple[str, click.Option]]:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield name, parameter


@pytest.mark.parametrize(
    ("command", "option"), [pytest.param(*one, id=f"{one[0]} {one[1].opts[0]}") for one in options()]
)
def test_every_option_has_an_environment_variable_and_a_help(command: str, option: click.Option) -> None:
    assert isinstance(option.envvar, str)
    assert option.envvar.startswith("K8SUPGRADE_")
    assert option.help


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "removed.yaml").write_text(REMOVED)
    (tmp_path / "deprecated.yaml").write_text(DEPRECATED)
    (tmp_path / "notes.txt").write_text(REMOVED.replace("cart", "notes"))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "broken.yaml").write_text(BROKEN)
    (tmp_path / "rows.txt").write_text(
        "component: shop\ndeprecated-versions:\n- {version: apps/v1, kind: Deployment, removed-in: '2.0'}\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("variable", "value", "arguments"),
    [
        ("K8SUPGRADE_TARGET", "1.24", ["--target", "1.24"]),
        ("K8SUPGRADE_TARGET", "1.28 cert-manager=1.13", ["--target", "1.28", "--target", "cert-manager=1.13"]),
        ("K8SUPGRADE_CURRENT", "1.20", ["--current", "1.20"]),
        ("K8SUPGRADE_OUTPUT", "csv", ["-o", "csv"]),
        ("K8SUPGRADE_FAIL_ON", "never", ["--fail-on", "never"]),
        ("K8SUPGRADE_ALLOW_INCOMPLETE", "1", ["--allow-incomplete"]),
        ("K8SUPGRADE_ALLOW_INCOMPLETE", "0", []),
        ("K8SUPGRADE_STRICT", "true", ["--strict"]),
        ("K8SUPGRADE_CHECK", "deprecated-api duplicate-key", ["--check", "deprecated-api", "--check", "duplicate-key"]),
        ("K8SUPGRADE_SKIP_CHECK", "removed-api", ["--skip-check", "removed-api"]),
        ("K8SUPGRADE_INCLUDE", "*.txt", ["--include", "*.txt"]),
        ("K8SUPGRADE_EXCLUDE", "sub", ["--exclude", "sub"]),
        ("K8SUPGRADE_TABLE", "rows.txt", ["--table", "rows.txt"]),
        ("K8SUPGRADE_QUIET", "yes", ["-q"]),
        ("K8SUPGRADE_VERBOSE", "yes", ["-v"]),
        ("K8SUPGRADE_NO_COLOR", "1", ["--no-color"]),
        ("K8SUPGRADE_NO_PROGRESS", "1", ["--no-progress"]),
        ("K8SUPGRADE_FAIL_ON", "", []),
        ("K8SUPGRADE_CURRENT", "", []),
        ("K8SUPGRADE_STRICT", "", []),
    ],
)
def test_a_variable_does_what_its_option_does(variable: str, value: str, arguments: list[str], files: Path) -> None:
    rest = [] if variable == "K8SUPGRADE_TARGET" else ["--target", "1.28"]
    by_option = run("scan", ".", *rest, *arguments, cwd=files)
    by_variable = run("scan", ".", *rest, cwd=files, variables={variable: value})
    assert (by_variable.returncode, by_variable.stdout, by_variable.stderr) == (
        by_option.returncode, by_option.stdout, by_option.stderr,
    )  # fmt: skip
    assert by_option.returncode in (0, 1, 3)


def test_an_option_wins_over_its_variable(files: Path) -> None:
    variables = {"K8SUPGRADE_TARGET": "1.16", "K8SUPGRADE_OUTPUT": "csv", "K8SUPGRADE_FAIL_ON": "never"}
    result = run("scan", ".", "--target", "1.28", "-o", "json", "--fail-on", "info", cwd=files, variables=variables)
    assert result.returncode == 1
    assert json.loads(result.stdout)["target"] == {"kubernetes": "1.28"}


def test_the_variables_of_other_commands(files: Path) -> None:
    for variables, arguments in (
        ({"K8SUPGRADE_FROM": "1.27"}, ["--from", "1.27"]),
        ({"K8SUPGRADE_TO": "1.27"}, ["--to", "1.27"]),
        ({"K8SUPGRADE_COMPONENT": "istio"}, ["--component", "istio"]),
        ({"K8SUPGRADE_APIS_OUTPUT": "csv"}, ["-o", "csv"]),
    ):
        assert run("apis", variables=variables).stdout == run("apis", *arguments).stdout
    assert run("checks", variables={"K8SUPGRADE_CHECKS_OUTPUT": "json"}).stdout.startswith(b"[")
    # One pipeline sets it for its scans; the lists have formats of their own.
    assert run("apis", variables={"K8SUPGRADE_OUTPUT": "json=report.json"}).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("scna", "No such command 'scna': did you mean 'scan'?"),
        ("explian pods", "No such command 'explian': did you mean 'explain'?"),
        ("xyz", "No such command 'xyz': the commands are scan, "),
        ("--verison", "--version"),
        ("scan --targte 1.28", "--target"),
        ("scan --fail-on blokcer --target 1.28 .", "'blocker', 'warning', 'info', 'never'"),
        ("scan --target 1.28 --check removed .", "--check removed: unknown check, did you mean 'removed-api'"),
        ("scan --target 1.28 --skip-check Deprecated-API .", "unknown check, did you mean 'deprecated-api'"),
        ("scan --target 1.28 --check xyz .", "unknown check, the known ones are removed-api, deprecated-api"),
        ("scan --target 1.28 -o markdwon .", "unknown format, did you mean 'markdown'?"),
        ("report x -o Json", "unknown format, did you mean 'json'?"),
        ("merge x -o jsonn", "unknown format, did you mean 'json'?"),
        ("apis --component cert-manger", "--component cert-manger: unknown, did you mean 'cert-manager'?"),
        ("apis -o xml", "'table', 'json', 'yaml', 'csv', 'markdown'"),
        ("scan --target 1.28 --check removed-api --skip-check removed-api .", "no check is left to run"),
        ("scan --target 1.28 --no-cluster", "nothing to scan: name a file or directory, or - for standard input"),
        ("completion tcsh", "'bash', 'zsh', 'fish'"),
    ],
)
def test_misspelt(arguments: str, message: str) -> None:
    assert message in error(run(*arguments.split()))


def test_verbose_says_what_was_done(files: Path) -> None:
    result = run("scan", "-v", "--target", "1.28", "removed.yaml", "deprecated.yaml", cwd=files)
    assert b"2 files read, 2 objects, 2 findings" in result.stderr


def test_help_names_every_command_and_check() -> None:
    text = run("--help").stdout.decode()
    assert [name for name in COMMANDS if f"  {name} " not in text] == []
    assert max(map(len, text.splitlines())) <= 80
    listed = run("checks").stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == list(CHECKS)
    assert max(map(len, listed.splitlines())) <= 80
    rows = json.loads(run("checks", "-o", "json").stdout)
    assert [row["id"] for row in rows] == list(CHECKS)
    assert all(row["summary"] for row in rows)


def test_version_says_what_the_data_covers() -> None:
    text = run("--version").stdout.decode()
    assert text.startswith("k8supgrade ")
    assert "(data 1." in text
    assert "Kubernetes 1.16 to 1." in text


def test_standard_input_beside_files(files: Path) -> None:
    result = run("scan", "--target", "1.28", "-", "removed.yaml", "-o", "json", stdin=CLEAN.encode(), cwd=files)
    assert json.loads(result.stdout)["scanned"] == {"resources": 2, "files": 2, "releases": 0}
