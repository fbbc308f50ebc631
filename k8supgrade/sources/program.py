"""Programs that are run for their output, and what of their errors a report may show."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence

MAX_OUTPUT = 256 * 1024 * 1024
MAX_REASON = 500
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# What comes before the line with this is warnings.
_ERROR = re.compile(r"(?i:error): ")


class ProgramError(Exception):
    """A program that took too long or wrote too much; the message says which."""


def run(command: Sequence[str], env: Mapping[str, str], directory: str, timeout: float) -> tuple[bytes, str | None]:
    """The standard output of `command`, and its standard error where it failed.

    Raises:
        ProgramError: it took too long, or wrote too much.
    """
    import contextlib
    import select
    import signal
    import subprocess
    import time

    name = os.path.basename(command[0])
    deadline = time.monotonic() + timeout
    parts: list[bytes] = []
    size = 0
    with open(os.path.join(directory, "stderr"), "w+b") as errors:
        process = subprocess.Popen(  # noqa: S603 - an absolute path from PATH, no shell
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        assert process.stdout is not None
        try:
            while select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
                data = os.read(process.stdout.fileno(), 1 << 20)
                if not data:
                    process.wait(max(deadline - time.monotonic(), 1))
                    break
                size += len(data)
                if size > MAX_OUTPUT:
                    raise ProgramError(f"{name} wrote more than {MAX_OUTPUT >> 20} MiB")
                parts.append(data)
            else:
                raise ProgramError(f"{name} did not finish in {timeout:g} seconds")
        except BaseException as error:
            # Its whole group: what is on PATH may be a wrapper. The leader is not reaped yet, so the number is its own.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ProgramError(f"{name} did not finish in {timeout:g} seconds") from error
            raise
        finally:
            process.stdout.close()
            process.wait()
        errors.seek(0)
        message = errors.read(65536).decode("utf-8", "replace")
    return b"".join(parts), None if process.returncode == 0 else message or f"exit code {process.returncode}"


def brief(text: str, paths: Mapping[str, str] | None = None) -> str:
    """A program's error on one line, bounded, without what a terminal would act on, `paths` replaced."""
    for path, name in (paths or {}).items():
        text = text.replace(path, name)
    lines = [_printable(line) for line in _ANSI.sub("", text[: 8 * MAX_REASON]).splitlines()]
    first = next((number for number, line in enumerate(lines) if _ERROR.match(line)), 0)
    lines = [_ERROR.sub("", line) for line in lines[first:] if line and not line.startswith("Use --debug flag")]
    whole = " ".join(lines)
    return whole if len(whole) <= MAX_REASON else whole[: MAX_REASON - 1].rstrip() + "…"


def _printable(line: str) -> str:
    line = line.replace("\t", " ")
    return "".join(one for one in line if unicodedata.category(one) not in ("Cc", "Cf", "Co", "Cs")).strip()
