"""Running programs, and their errors as one line."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from k8supgrade.sources import program
from k8supgrade.sources.program import ProgramError, brief, run


def python(code: str, directory: Path, timeout: float = 20) -> tuple[bytes, str | None]:
    return run([sys.executable, "-c", code], dict(os.environ), str(directory), timeout)


def test_output_and_error(tmp_path: Path) -> None:
    code = "import sys; print('a' * 3_000_000); print('b', file=sys.stderr)"
    assert python(code, tmp_path) == (b"a" * 3_000_000 + b"\n", None)
    assert python(code + "; sys.exit(3)", tmp_path)[1] == "b\n"
    assert python("raise SystemExit(3)", tmp_path)[1] == "exit code 3"


def test_nothing_is_read_from_the_terminal(tmp_path: Path) -> None:
    assert python("import sys; print(len(sys.stdin.read()))", tmp_path) == (b"0\n", None)


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); time.sleep(60)",
        "import subprocess; subprocess.run(['sleep', '60'])",
    ],
)
def test_what_does_not_end_is_ended(tmp_path: Path, code: str) -> None:
    started = time.monotonic()
    with pytest.raises(ProgramError, match=r"did not finish in 0\.5 seconds"):
        python(code, tmp_path, timeout=0.5)
    assert time.monotonic() - started < 10


def test_output_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "MAX_OUTPUT", 5 << 20)
    with pytest.raises(ProgramError, match="wrote more than 5 MiB"):
        python("while True: print('a' * 10000)", tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Error: it broke\n", "it broke"),
        ("WARNING: old\nError: it broke\n\nUse --debug flag to render out invalid YAML\n", "it broke"),
        ("error: at /tmp/x/chart/templates: no\n\tmore\n", "at charts/a/templates: no more"),
        ("\x1b[31mred\x1b[0m \x07bell \u202eturned", "red bell turned"),
        ("a" * 10_000, "a" * 499 + "…"),
        ("", ""),
    ],
)
def test_brief(text: str, line: str) -> None:
    assert brief(text, {"/tmp/x/chart": "charts/a"}) == line
