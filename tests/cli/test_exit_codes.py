"""The exit codes of the contract, of the process itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.program import BROKEN, CLEAN, COMMAND, DEPRECATED, NOTED, REMOVED, environment, run

TEXTS = {"removed": REMOVED, "deprecated": DEPRECATED, "noted": NOTED, "clean": CLEAN, "broken": BROKEN, "empty": ""}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("clean.yaml", 0),
        ("clean.yaml deprecated.yaml", 0),
        ("clean.yaml noted.yaml", 0),
        ("removed.yaml", 1),
        ("clean.yaml removed.yaml", 1),
        ("removed.yaml broken.yaml", 1),
        ("removed.yaml nosuch.yaml", 1),
        ("removed.yaml broken.yaml --allow-incomplete", 1),
        ("broken.yaml", 3),
        ("clean.yaml broken.yaml", 3),
        ("deprecated.yaml broken.yaml", 3),
        ("nosuch.yaml", 3),
        ("empty.yaml", 3),
        ("broken.yaml --allow-incomplete", 0),
        ("clean.yaml nosuch.yaml --allow-incomplete", 0),
        ("deprecated.yaml broken.yaml --allow-incomplete", 0),
        # --fail-on
        ("removed.yaml --fail-on blocker", 1),
        ("removed.yaml --fail-on warning", 1),
        ("removed.yaml --fail-on info", 1),
        ("removed.yaml --fail-on never", 0),
        ("deprecated.yaml --fail-on blocker", 0),
        ("deprecated.yaml --fail-on warning", 1),
        ("deprecated.yaml --fail-on info", 1),
        ("deprecated.yaml --fail-on never", 0),
        ("noted.yaml --fail-on warning", 0),
        ("noted.yaml --fail-on info", 1),
        ("clean.yaml --fail-on info", 0),
        ("removed.yaml broken.yaml --fail-on never", 3),
        ("removed.yaml broken.yaml --fail-on never --allow-incomplete", 0),
        # what does not run finds nothing
        ("removed.yaml --skip-check removed-api", 0),
        ("removed.yaml --check deprecated-api", 0),
        ("removed.yaml --check removed-api --check deprecated-api", 1),
        # usage
        ("", 2),
        ("clean.yaml --fail-on everything", 2),
        ("clean.yaml --nosuch", 2),
        ("clean.yaml --current 1.29", 2),
        ("clean.yaml --check nosuch", 2),
        ("clean.yaml -o nosuch", 2),
        ("clean.yaml --table nosuch", 2),
        ("removed.yaml -o json=no/such/directory", 2),
        ("- -", 2),
    ],
)
def test_exit_code(arguments: str, code: int, files: Path) -> None:
    result = run("scan", "--target", "1.28", *arguments.split(), cwd=files)
    assert result.returncode == code, result
    if code == 2:
        assert result.stdout == b""
        assert b"Error: " in result.stderr
    report = run("scan", "--target", "1.28", *arguments.split(), "-o", "json=report.json", cwd=files)
    assert report.returncode == code
    if code != 2:
        assert json.loads((files / "report.json").read_text())["summary"]["exitCode"] == code


@pytest.mark.parametrize(
    "arguments", [(), ("nosuch",), ("scan",), ("scan", "x"), ("report",), ("merge",), ("explain",)]
)
def test_nothing_that_can_be_done_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == b""
    assert result.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("--version",), ("checks",), ("scan", "--help")])
def test_what_was_asked_for_is_no_error(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout


def _heed_interrupts() -> None:
    """A shell has what it starts in the background ignore them, and so what that starts in turn."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C while a slow pipe is read: 130, no traceback, no report and no half of one."""
    process = subprocess.Popen(
        [*COMMAND, "scan", "--target", "1.28", "-", "-o", "json=report.json", "-o", "table"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(),
        preexec_fn=_heed_interrupts,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(REMOVED.encode() + b"---\n")
    process.stdin.flush()
    _wait_until_it_reads(process.pid)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == b""
    assert errors.decode().strip() == "Interrupted: nothing is reported."
    assert list(tmp_path.iterdir()) == []


def _wait_until_it_reads(pid: int) -> None:
    """Until the process sleeps in a read of its standard input; elsewhere than on Linux, a while."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if (Path("/proc") / str(pid) / "wchan").read_text().find("pipe") >= 0:
                return
        except OSError:
            time.sleep(2)
            return
        time.sleep(0.05)
    assert os.path.exists(f"/proc/{pid}"), "the scan has ended"


def test_a_reader_that_goes_away_does_not_change_the_verdict(files: Path) -> None:
    many = "---\n".join(REMOVED.replace("cart", f"cart-{number}") for number in range(3000))
    (files / "many.yaml").write_text(many)
    for arguments, code in (
        (["scan", "--target", "1.28", "many.yaml"], 1),
        (["scan", "--target", "1.28", "many.yaml", "-o", "json"], 1),
        (["scan", "--target", "1.28", "many.yaml", "-o", "json", "--fail-on", "never"], 0),
        (["apis", "--component", "all", "-o", "json"], 0),
        (["explain", "v1"], 0),
    ):
        read, write = os.pipe()
        os.close(read)
        result = subprocess.run(
            [*COMMAND, *arguments], stdout=write, stderr=subprocess.PIPE, cwd=files, env=environment(), check=False
        )
        os.close(write)
        assert (result.returncode, result.stderr) == (code, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_said() -> None:
    for arguments in (["scan", "--target", "1.28", "-"], ["apis"], ["explain", "Pod"], ["checks"]):
        with open("/dev/full", "wb") as full:
            result = subprocess.run(
                [*COMMAND, *arguments], stdout=full, input=CLEAN.encode(), stderr=subprocess.PIPE, env=environment(),
                check=False,
            )  # fmt: skip
        assert result.returncode == 2
        assert b"No space left on device" in result.stderr
        assert b"Traceback" not in result.stderr
        assert b"internal error" not in result.stderr


def test_one_output_that_fails_does_not_cost_the_others(tmp_path: Path) -> None:
    result = run(
        "scan", "--target", "1.28", "-", "-o", "json=/dev/full", "-o", "csv=out.csv", cwd=tmp_path,
        stdin=REMOVED.encode(),
    )  # fmt: skip
    assert result.returncode == 2
    assert b"/dev/full: No space left on device" in result.stderr
    assert b"PodDisruptionBudget" in (tmp_path / "out.csv").read_bytes()


def test_closed_standard_streams() -> None:
    command = " ".join(COMMAND)
    for shell, code in (
        (f"{command} scan --target 1.28 - >&-", 2),
        (f"{command} scan --target 1.28 - <&-", 3),
        (f"{command} scan --target 1.28 - 2>&-", 0),
        (f"{command} apis >&-", 2),
    ):
        result = run(shell, command=("sh", "-c"), stdin=CLEAN.encode())
        assert result.returncode == code, shell
