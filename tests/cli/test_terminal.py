"""What a person sees: colour and progress on a terminal only."""

from __future__ import annotations

import io
import os
import select
import subprocess
import time
from pathlib import Path

import pytest

from k8supgrade.cli.progress import Progress
from tests.cli.program import COMMAND, DEPRECATED, REMOVED, environment, run

pty = pytest.importorskip("pty")
ESCAPE = b"\x1b["


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("---\n".join([REMOVED, DEPRECATED]))
    (tmp_path / "evil.yaml").write_text(REMOVED.replace("cart", '"\\e[31mred\\a"'))
    return tmp_path


def on_terminal(files: Path, *arguments: str, **variables: str) -> bytes:
    """Standard output and error as a terminal of 80 columns gets them."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=side, stderr=side, cwd=files,
        env=environment(TERM="xterm", COLUMNS="80", **variables),
    )  # fmt: skip
    os.close(side)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([main], [], [], 1)
        if ready:
            try:
                data = os.read(main, 65536)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            seen += data
    os.close(main)
    assert process.wait(60) in (0, 1)
    assert b"Traceback" not in seen
    return seen.replace(b"\r\n", b"\n")


def test_colour_on_a_terminal(files: Path) -> None:
    seen = on_terminal(files, "scan", "--target", "1.28", "a.yaml")
    assert b"\x1b[1;31mBLOCKER" in seen
    assert b"\x1b[1;33mWARNING" in seen


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--no-color"], {}),
        ([], {"NO_COLOR": "1"}),
        ([], {"K8SUPGRADE_NO_COLOR": "1"}),
        (["-o", "json"], {}),
        (["-o", "csv"], {}),
        (["-o", "markdown"], {}),
    ],
)
def test_no_colour_where_nobody_wants_it(arguments: list[str], variables: dict[str, str], files: Path) -> None:
    assert ESCAPE not in on_terminal(files, "scan", "--target", "1.28", "a.yaml", "-q", *arguments, **variables)


def test_an_empty_no_color_is_none(files: Path) -> None:
    """As no-color.org has it."""
    assert ESCAPE in on_terminal(files, "scan", "--target", "1.28", "a.yaml", NO_COLOR="")


def test_no_colour_where_there_is_no_terminal(files: Path) -> None:
    for form in ("table", "wide", "json", "yaml", "csv", "markdown"):
        assert ESCAPE not in run("scan", "--target", "1.28", "a.yaml", "-o", form, cwd=files).stdout
    on_terminal(files, "scan", "--target", "1.28", "a.yaml", "-o", "table=report.txt")
    assert ESCAPE not in (files / "report.txt").read_bytes()


def test_a_name_cannot_speak_to_the_terminal(files: Path) -> None:
    for form in ("table", "wide", "json", "yaml", "csv", "markdown"):
        seen = on_terminal(files, "scan", "--target", "1.28", "evil.yaml", "--no-color", "-o", form)
        assert ESCAPE not in seen
        assert b"\a" not in seen


def test_a_row_of_the_users_table_cannot_either(files: Path) -> None:
    (files / "rows.txt").write_text(
        'component: shop\ndeprecated-versions:\n- {version: s/v1, kind: Cart, removed-in: "2.0", notes: "\\e[31mred"}\n'
    )
    assert b"red" in on_terminal(files, "explain", "Cart", "--table", "rows.txt")
    assert ESCAPE not in on_terminal(files, "explain", "Cart", "--table", "rows.txt")


def test_everything_fits_80_columns(files: Path) -> None:
    for arguments in (
        ["scan", "--target", "1.28", "a.yaml", "--no-color"],
        ["apis", "--from", "1.20", "--to", "1.30"],
        ["checks"],
        ["explain", "PodDisruptionBudget"],
        ["explain", "removed-api-reference"],
        ["--help"],
        ["scan", "--help"],
    ):
        lines = on_terminal(files, *arguments).decode().splitlines()
        assert [line for line in lines if len(line) > 80 and "https://" not in line] == []


def test_progress_goes_when_the_report_comes(files: Path) -> None:
    many = files / "many"
    many.mkdir()
    for number in range(400):
        (many / f"{number}.yaml").write_text(REMOVED)
    for arguments in (["-q"], ["--no-progress"]):
        assert b"of 400 files" not in on_terminal(files, "scan", "--target", "1.28", "many", *arguments)
    assert b"of 400 files" not in run("scan", "--target", "1.28", "many", cwd=files).stderr


def test_progress_is_one_line_that_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    clock = iter([0.0, 0.1, 0.3, 0.3, 0.4, 0.6, 0.6])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    progress = Progress(enabled=True)
    for done in (1, 2, 3, 4):
        progress.show(done, 9)
    progress.clear()
    assert terminal.getvalue() == "\r2 of 9 files\x1b[K\r4 of 9 files\x1b[K\r\x1b[K"
