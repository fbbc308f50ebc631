"""The completion scripts: the shell reads them, and they complete."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.cli.program import run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_read_its_script(shell: str) -> None:
    result = run("completion", shell)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"_K8SUPGRADE_COMPLETE" in result.stdout
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    parsed = subprocess.run([program, "-n"], input=result.stdout, capture_output=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, b"")


@pytest.mark.parametrize(
    "words",
    ["k8supgrade scan --target 1.28 k8", "k8supgrade report ", "k8supgrade merge r", "k8supgrade apis --table t"],
)
def test_files_are_left_to_the_shell(words: str) -> None:
    typed = words.split(" ")
    variables = {
        "_K8SUPGRADE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(typed) - 1),
    }  # fmt: skip
    assert run(variables=variables).stdout.decode() == f"file,{typed[-1]}\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("k8supgrade sc", ["scan"]),
        ("k8supgrade ", ["scan", "apis", "explain", "checks", "merge", "report", "completion"]),
        ("k8supgrade scan --fail", ["--fail-on"]),
        ("k8supgrade scan --fail-on ", ["blocker", "warning", "info", "never"]),
        ("k8supgrade scan --check remo", ["removed-api", "removed-api-reference"]),
        ("k8supgrade scan --skip-check dup", ["duplicate-key"]),
        ("k8supgrade scan -o ", ["table", "json", "markdown"]),
        ("k8supgrade report -o ma", ["markdown"]),
        ("k8supgrade explain una", ["unavailable-api"]),
    ],
)
def test_what_is_offered(words: str, offered: list[str]) -> None:
    typed = words.split(" ")
    variables = {
        "_K8SUPGRADE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(typed) - 1),
    }  # fmt: skip
    result = run(variables=variables)
    assert result.returncode == 0
    found = [line.split(",", 1)[1] for line in result.stdout.decode().split("\n") if line]
    assert set(offered) <= set(found)
    if typed[-1]:
        assert all(one.startswith(typed[-1]) for one in found)
