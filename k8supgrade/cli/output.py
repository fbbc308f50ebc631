"""`-o FORMAT[=FILE]`: where reports go. What cannot be written is found before the scan starts."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from k8supgrade.cli.options import did_you_mean
from k8supgrade.errors import UsageError
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import NAMES, RenderOptions, load


class Output(NamedTuple):
    """A format, and the file that it goes to; None is standard output."""

    format: str
    path: str | None


def parse_outputs(values: Sequence[str], default: str) -> list[Output]:
    """Reads and checks the outputs.

    Raises:
        UsageError: an unknown format, two reports for standard output or for one file, a file that cannot be written.
    """
    outputs = []
    for value in values or (default,):
        name, separator, path = value.partition("=")
        if name not in NAMES:
            raise UsageError(f"-o {value}: unknown format, {did_you_mean(name, NAMES)}")
        if separator and not path:
            raise UsageError(f"-o {value}: the file name is missing")
        outputs.append(Output(name, None if not separator or path == "-" else path))
    for output in outputs:
        if outputs.count(output) > 1 or [other.path for other in outputs].count(output.path) > 1:
            where = "standard output" if output.path is None else output.path
            raise UsageError(f"-o: two reports for {where}; write one of them to another file with -o FORMAT=FILE")
        if output.path is not None:
            _check_writable(output)
    return outputs


def _check_writable(output: Output) -> None:
    path = output.path or ""
    directory = os.path.dirname(path) or "."
    if os.path.isdir(path):
        reason = "it is a directory"
    elif not os.path.isdir(directory):
        reason = f"the directory {directory} does not exist"
    elif os.path.exists(path) and not os.access(path, os.W_OK):
        reason = "permission denied"
    elif not os.path.exists(path) and not os.access(directory, os.W_OK):
        reason = f"permission denied in the directory {directory}"
    else:
        return
    raise UsageError(f"-o {output.format}={path}: cannot be written: {reason}")


def write(verdict: Verdict, outputs: Sequence[Output], *, no_color: bool) -> None:
    """Renders the verdict into every output.

    Raises:
        UsageError: a file could not be written after all.
    """
    for output in outputs:
        on_terminal = output.path is None and sys.stdout.isatty()
        color = on_terminal and not no_color and not os.environ.get("NO_COLOR")
        options = RenderOptions(color=color, width=shutil.get_terminal_size((80, 24)).columns)
        data = load(output.format).render(verdict, options).encode("utf-8", "backslashreplace")
        if output.path is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            _write_file(output.path, data)


def _write_file(path: str, data: bytes) -> None:
    """Replaces a file in one step, so that nobody reads half a report; devices and pipes are written to."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
            return
        target = os.path.realpath(path)
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".k8supgrade-")
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"{path}: the report could not be written: {error.strerror or error}") from error
