"""README.md and docs/charts.md: every command in it works as printed, and shows what is shown.

In a ```console block a line `$ …` is a command (`> …` continues it), what follows is its output. `...` alone on a line
stands for any lines, within one for any text. Commands that set something up run where releases are tried (`make
package`) and in CI; here it is held that what they name exists.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from k8supgrade import policy
from k8supgrade.checks import CHECKS
from k8supgrade.reports import NAMES
from tests.e2e import binaries

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CHARTS = (ROOT / "docs" / "charts.md").read_text(encoding="utf-8")
_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = _CONSOLE.findall(README)
END = "=== end of command"


class Command(NamedTuple):
    line: str
    shown: str

    @property
    def is_setup(self) -> bool:
        return self.line.startswith(("make ", "source ")) or "dist/" in self.line


def commands(block: str) -> list[Command]:
    """The commands of a block, each with the output that is shown below it."""
    found: list[Command] = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Command(line[2:].rstrip("\n"), ""))
        elif line.startswith("> "):
            found[-1] = Command(f"{found[-1].line}\n{line[2:].rstrip()}", "")
        else:
            found[-1] = found[-1]._replace(shown=found[-1].shown + line)
    return found


SETUP = [command.line for block in BLOCKS for command in commands(block) if command.is_setup]
SESSIONS = [
    [command for command in commands(block) if not command.is_setup] for block in [*BLOCKS, *_CONSOLE.findall(CHARTS)]
]
SESSIONS = [session for session in SESSIONS if session]


def pattern(shown: str) -> re.Pattern[str]:
    lines = [
        r"(?:.*\n)*?" if line == "...\n" else re.escape(line).replace(re.escape("..."), "[^\n]*")
        for line in shown.splitlines(keepends=True)
    ]
    return re.compile("".join(lines) + r"\Z")


def search_path() -> str:
    """The interpreter's own programs first; Helm also from where the end-to-end tests have built it."""
    built = binaries.cache_directory() / f"helm-{binaries.HELM}"
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], str(built)])


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session[0].line.split("\n")[0])
def test_shows_what_the_commands_print(session: list[Command], tmp_path: Path) -> None:
    path = search_path()
    if any(re.search(r"^helm |--render", command.line) for command in session) and not shutil.which("helm", path=path):
        pytest.skip("helm is not on PATH; `make e2e` builds it")
    shutil.copytree(ROOT / "charts-fixtures", tmp_path / "charts-fixtures")
    script = "".join(f"{command.line}\nstatus=$?; echo '{END}'; (exit $status)\n" for command in session)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("K8SUPGRADE")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**environment, "PATH": path, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    printed = done.stdout.split(f"{END}\n")[:-1]
    assert len(printed) == len(session), done.stdout
    for command, output in zip(session, printed, strict=True):
        if not pattern(command.shown).match(output):
            pytest.fail(f"README.md shows something else than\n$ {command.line}\n{output}", pytrace=False)


@pytest.mark.parametrize("command", SETUP)
def test_sets_up_with_what_is_there(command: str) -> None:
    if command.startswith("make "):
        assert re.search(rf"^{re.escape(command.removeprefix('make '))}:", MAKEFILE, re.MULTILINE)
    elif command.startswith("source "):
        assert command == "source .venv/bin/activate"
        assert "VENV := .venv\n" in MAKEFILE
    else:
        assert re.search(r"dist/k8supgrade-\*\.(whl|pyz)( |$)", command)


def test_starts_with_two_commands() -> None:
    assert [command.line for command in commands(BLOCKS[0])] == ["make demo", "make test"]


def test_lists_the_exit_codes() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert codes == {policy.READY, policy.FINDINGS, policy.USAGE, policy.INCOMPLETE, policy.INTERRUPTED}


def test_lists_the_formats() -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", README, re.MULTILINE) == list(NAMES)


def test_names_only_checks_that_exist() -> None:
    assert set(re.findall(r"--(?:skip-)?check ([a-z-]+)", README)) <= set(CHECKS)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)
    missing = [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()]
    assert missing == []
