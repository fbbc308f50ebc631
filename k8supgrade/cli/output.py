"""`-o FORMAT[=FILE]`: where reports go. What cannot be written is found before the scan starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from k8supgrade.atomic import replace_file
from k8supgrade.cli.boundary import discard_output
from k8supgrade.cli.options import did_you_mean
from k8supgrade.errors import UsageError
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import NAMES, RenderOptions, load

CLOSED = "standard output is closed: there is nowhere to write to"


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
    places = [None if output.path is None else os.path.realpath(output.path) for output in outputs]
    for output, place in zip(outputs, places, strict=True):
        if places.count(place) > 1:
            where = "standard output" if output.path is None else output.path
            raise UsageError(f"-o: two reports for {where}; write one of them to another file with -o FORMAT=FILE")
        if output.path is not None:
            _check_writable(output.format, output.path)
        elif sys.stdout is None:
            raise UsageError(CLOSED)
    return outputs


def _check_writable(name: str, path: str) -> None:
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
    raise UsageError(f"-o {name}={path}: cannot be written: {reason}")


def write(verdict: Verdict, outputs: Sequence[Output], *, no_color: bool) -> None:
    """Renders the verdict into every output; one that fails does not keep the others from being written.

    Raises:
        UsageError: a report could not be written after all.
    """
    failed = []
    for output in outputs:
        on_terminal = output.path is None and sys.stdout.isatty()
        color = on_terminal and not no_color and not os.environ.get("NO_COLOR")
        options = RenderOptions(color=color, width=_width(on_terminal))
        data = load(output.format).render(verdict, options).encode("utf-8", "backslashreplace")
        try:
            if output.path is None:
                _write_stdout(data)
            else:
                _write_file(output.path, data)
        except OSError as error:
            if output.path is None:
                discard_output()
            failed.append(f"{output.path or 'standard output'}: {error.strerror or error}")
    if failed:
        raise UsageError(f"the report could not be written: {'; '.join(failed)}")


def _width(on_terminal: bool) -> int:
    """Of the terminal; reports for a file or a pipe are the same wherever they are made."""
    if not on_terminal and "COLUMNS" not in os.environ:
        return 80
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def echo(text: str) -> None:
    """Text for standard output, whatever encoding the terminal claims to have: what it lacks becomes an escape."""
    if sys.stdout is None:
        raise UsageError(CLOSED)
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise UsageError(f"standard output: cannot be written: {error.strerror or error}") from error


def _write_stdout(data: bytes) -> None:
    """A reader that goes away (`| head`) has what it wanted: the verdict stands."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        discard_output()


def _write_file(path: str, data: bytes) -> None:
    """Replaces a file in one step, so that nobody reads half a report. What is no plain file (a device, a pipe) or
    lies in a directory that takes no new file is written to."""
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    is_special = os.path.exists(path) and not os.path.isfile(path)
    if is_special or path.startswith("/dev/") or (os.path.exists(path) and not os.access(directory, os.W_OK)):
        with open(path, "wb") as file:
            file.write(data)
        return
    replace_file(target, data, mode=_mode(target))


def _mode(path: str) -> int:
    """The file's permissions, or those of a new one."""
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
