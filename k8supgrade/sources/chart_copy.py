"""A private copy of a chart, made for rendering it: see capabilities.py for what is changed in it.

Charts are other people's: an archive is unpacked by our own rules, and nothing is written outside of the copy.
"""

from __future__ import annotations

import os
from collections.abc import Set
from typing import IO, TYPE_CHECKING, cast

from k8supgrade.sources.capabilities import answer_capabilities

if TYPE_CHECKING:
    from gzip import GzipFile

MAX_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 20_000
MAX_DEPTH = 64
MAX_NESTED_ARCHIVES = 8

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn"})


class ChartError(Exception):
    """The chart cannot be copied; the message says why, for the user."""


def copy_chart(path: str, into: str, served: Set[str]) -> None:
    """Copies the directory or archive `path` to the new directory `into`, sub-chart archives unpacked.

    `served`: every group/version and group/version/Kind of the target.

    Raises:
        ChartError: the chart is too large, or an archive is damaged or unsafe.
        OSError: a file cannot be read.
    """
    budget = _Budget()
    if os.path.isdir(path):
        _copy_directory(path, into, budget)
    else:
        _unpack(path, into, budget)
    _unpack_subcharts(into, budget, 0)
    for directory, _, names in os.walk(into):
        if "templates" in os.path.relpath(directory, into).split(os.sep):
            for name in names:
                _rewrite(os.path.join(directory, name), served)


def _rewrite(path: str, served: Set[str]) -> None:
    with open(path, "rb") as file:
        template = file.read()
    answered = answer_capabilities(template, served)
    if answered != template:
        with open(path, "wb") as file:
            file.write(answered)


class _Budget:
    """What all of a chart, its sub-charts included, may take."""

    def __init__(self) -> None:
        self.bytes = MAX_BYTES
        self.members = MAX_MEMBERS

    def take(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise ChartError(f"the chart is larger than {MAX_BYTES >> 20} MiB")

    def member(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise ChartError(f"the chart has more than {MAX_MEMBERS} files")


class _Metered:
    """The decompressed bytes of an archive, charged to the budget before anyone holds them."""

    def __init__(self, stream: GzipFile, budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._budget.take(len(data))
        return data


def _copy_directory(source: str, into: str, budget: _Budget, above: tuple[str, ...] = ()) -> None:
    """As Helm reads a chart: symbolic links are followed, wherever they lead."""
    import shutil

    real = os.path.realpath(source)
    if real in above or len(above) > MAX_DEPTH:
        raise ChartError(f"{os.path.basename(source)}: a symbolic link that leads back, or too many directories")
    os.mkdir(into)
    with os.scandir(source) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            target = os.path.join(into, entry.name)
            budget.member()
            if entry.is_dir():
                if entry.name not in _VERSION_CONTROL:
                    _copy_directory(entry.path, target, budget, (*above, real))
            elif entry.is_file():
                budget.take(entry.stat().st_size)
                shutil.copyfile(entry.path, target)
            elif entry.is_symlink():
                raise ChartError(f"{entry.name}: dangling symbolic link")
            else:
                raise ChartError(f"{entry.name} is no regular file")


def _unpack_subcharts(chart: str, budget: _Budget, depth: int) -> None:
    """Unpacks charts/*.tgz beside the archives and removes these, in sub-charts of sub-charts too."""
    charts = os.path.join(chart, "charts")
    if not os.path.isdir(charts):
        return
    if depth > MAX_NESTED_ARCHIVES:
        raise ChartError("sub-charts are nested too deep")
    for name in sorted(os.listdir(charts)):
        path = os.path.join(charts, name)
        if name.endswith(".tgz") and not name.startswith((".", "_")) and os.path.isfile(path):
            directory = path.removesuffix(".tgz").rstrip(".") + "-unpacked"
            _unpack(path, directory, budget)
            os.remove(path)
            path = directory
        if os.path.isdir(path):
            _unpack_subcharts(path, budget, depth + 1)


def _unpack(archive: str, into: str, budget: _Budget) -> None:
    """Unpacks NAME/... without its first directory. Only files are made; a link inside is left out, as Helm does."""
    import gzip
    import shutil
    import tarfile
    import zlib

    os.mkdir(into)
    try:
        with (
            gzip.open(archive) as stream,
            tarfile.open(fileobj=cast("IO[bytes]", _Metered(stream, budget)), mode="r|") as members,
        ):
            for member in members:
                budget.member()
                target = os.path.join(into, *_parts(member.name))
                if member.issym() or member.islnk():
                    _check_link(member.name, member.linkname, symbolic=member.issym())
                elif member.isreg() and not member.issparse() and (content := members.extractfile(member)):
                    if target == into:
                        raise ChartError(f"the archive has a file outside of the chart's directory: {member.name!r}")
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with open(target, "wb") as file:
                        shutil.copyfileobj(content, file)
                elif not member.isdir():
                    raise ChartError(f"the archive has a special file: {member.name!r}")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError) as error:
        raise ChartError(f"not a readable chart archive: {error}") from error


def _parts(name: str) -> list[str]:
    """The path below the archive's first directory."""
    parts = name.split("/")
    if (
        len(parts) > MAX_DEPTH
        or name.startswith("/")
        or ".." in parts
        or "\\" in name
        or "\0" in name
        or ":" in parts[0]
    ):
        raise ChartError(f"the archive has an unsafe path: {name!r}")
    return [part for part in parts[1:] if part not in ("", ".")]


def _check_link(name: str, to: str, *, symbolic: bool) -> None:
    """A symbolic link's target counts from its own directory, a hard link's from the top of the archive."""
    top = name.split("/")[0]
    first = os.path.normpath(os.path.join(os.path.dirname(name), to) if symbolic else to).split(os.sep)[0]
    if os.path.isabs(to) or first == ".." or top not in (".", first):
        raise ChartError(f"the archive has a link that leads outside: {name!r}")
