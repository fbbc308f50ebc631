"""Paths on the command line to the files that are to be read, and what is not read as it stands."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from k8supgrade.model.resource import Skipped

if TYPE_CHECKING:
    import pathspec

SUFFIXES = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
ARCHIVES = (".tgz", ".tar.gz")
# Trees that hold other people's files or no manifests; named on the command line, they are read.
PASSED_OVER = frozenset({".git", ".hg", ".svn", "node_modules", "vendor", ".terraform", ".venv", "__pycache__", ".tox"})
KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
STDIN = "-"
_DANGLING_LINK = "dangling symbolic link"
MAX_DEPTH = 200
_DANGLING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_HEAD = 1 << 22  # bytes: how far into an archive a Chart.yaml is looked for


class File(NamedTuple):
    """A file to be read; `path` is as the user will see it."""

    path: str


class Chart(NamedTuple):
    """A chart directory or archive: its templates are not manifests."""

    path: str


class Kustomization(NamedTuple):
    """A directory with a kustomization file."""

    path: str


Entry = File | Chart | Kustomization | Skipped


@dataclass(frozen=True)
class Selection:
    """`--include` and `--exclude`: patterns as in .gitignore, against the path below the argument."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @cached_property
    def _specs(self) -> tuple[pathspec.GitIgnoreSpec | None, pathspec.GitIgnoreSpec | None]:
        if not self.include and not self.exclude:
            return None, None
        import pathspec

        return (
            pathspec.GitIgnoreSpec.from_lines(self.include) if self.include else None,
            pathspec.GitIgnoreSpec.from_lines(self.exclude) if self.exclude else None,
        )

    def reads(self, path: str, name: str) -> bool:
        """Whether a file found in a directory is read; an include pattern replaces the list of suffixes."""
        include, exclude = self._specs
        if exclude is not None and exclude.match_file(path):
            return False
        return include.match_file(path) if include is not None else name.endswith(SUFFIXES)

    def leaves_out(self, path: str) -> bool:
        """Whether an exclude pattern names the directory or chart `path`."""
        exclude = self._specs[1]
        return exclude is not None and (exclude.match_file(path) or exclude.match_file(path + "/"))


def walk(paths: Sequence[str], selection: Selection, *, kustomizations: bool = False) -> Iterator[Entry]:
    """What is to be read below `paths`, in the order of the file system's names.

    `kustomizations`: yield a directory with a kustomization as one entry instead of its files. What two of the
    paths lead to by the same name comes once.
    """
    if len(paths) < 2:
        yield from _walk(paths, selection, kustomizations)
        return
    seen: set[tuple[type, Entry]] = set()
    for entry in _walk(paths, selection, kustomizations):
        key = (type(entry), entry)
        if key not in seen:
            seen.add(key)
            yield entry


def _walk(paths: Sequence[str], selection: Selection, kustomizations: bool) -> Iterator[Entry]:
    for path in paths:
        if path == STDIN:
            yield File(path)
            continue
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            reason = _DANGLING_LINK if error.errno in _DANGLING and os.path.islink(path) else reason_of(error)
            yield Skipped(what=shown(path), reason=reason)
            continue
        if stat.S_ISDIR(mode):
            yield from _Walk(path, selection, kustomizations).run()
        elif path.endswith(ARCHIVES):
            yield Chart(path)
        else:
            yield File(path)


class _Walk:
    """One directory tree. Symbolic links are followed; a directory that was seen is not entered again."""

    def __init__(self, root: str, selection: Selection, kustomizations: bool) -> None:
        self.root = root
        self.selection = selection
        self.kustomizations = kustomizations
        self.linked = False
        self.followed = False  # a link to somewhere else: its directories may be reached by another one again
        self.seen: set[tuple[int, int]] = set()

    def run(self) -> Iterator[Entry]:
        found = False
        for entry in self._directory(self.root, "", inside_chart=False):
            found = True
            yield entry
        if not found:
            yield Skipped(what=shown(self.root), reason="no manifest (.yaml, .yml, .json) in this directory")

    def _directory(self, path: str, below: str, *, inside_chart: bool) -> Iterator[Entry]:
        if below.count("/") > MAX_DEPTH:
            yield Skipped(what=shown(path), reason=f"directories nested deeper than {MAX_DEPTH} levels")
            return
        try:
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(what=shown(path), reason=reason_of(error))
            return
        names = {entry.name for entry in listed}
        chart = "Chart.yaml" in names and ("templates" in names or "values.yaml" in names or "charts" in names)
        if chart:
            if self.selection.leaves_out(below.rstrip("/") or "."):
                return
            yield Chart(path)
        if self.kustomizations and not inside_chart and names & KUSTOMIZATIONS:
            yield Kustomization(path)
            return
        inside_chart = inside_chart or chart
        for entry in listed:
            if chart and entry.name in ("templates", "charts"):
                continue  # templates are no manifests, and the sub-charts are the chart's
            yield from self._entry(entry, below + entry.name, inside_chart)

    def _entry(self, entry: os.DirEntry[str], below: str, inside_chart: bool) -> Iterator[Entry]:
        try:
            if entry.is_symlink() and not self._resolves(entry):
                if entry.name.endswith(SUFFIXES) and self.selection.reads(below, entry.name):
                    yield Skipped(what=shown(entry.path), reason=_DANGLING_LINK)
                return
            if entry.is_dir():
                if entry.name not in PASSED_OVER and not self.selection.leaves_out(below) and self._is_new(entry):
                    yield from self._directory(entry.path, below + "/", inside_chart=inside_chart)
                return
        except OSError as error:
            if not self.selection.leaves_out(below):
                yield Skipped(what=shown(entry.path), reason=reason_of(error))
            return
        if entry.name.endswith(ARCHIVES):
            if not self.selection.leaves_out(below) and entry.is_file() and is_chart_archive(entry.path):
                yield Chart(entry.path)
        elif self.selection.reads(below, entry.name):
            yield File(entry.path) if entry.is_file() else Skipped(what=shown(entry.path), reason="not a regular file")

    def _resolves(self, entry: os.DirEntry[str]) -> bool:
        if not self.linked:
            self.linked = True
            top = os.stat(self.root)
            self.seen.add((top.st_dev, top.st_ino))
        try:
            entry.stat()
        except OSError as error:
            if error.errno in _DANGLING:
                return False
            raise
        return True

    def _is_new(self, entry: os.DirEntry[str]) -> bool:
        """False where a symbolic link leads back into what is being walked (or was already)."""
        if not entry.is_symlink():
            return not self.followed or self._is_first(entry)
        real = os.path.realpath(entry.path)
        root = os.path.realpath(self.root)
        if real == root or root.startswith(real.rstrip("/") + "/"):
            return False
        below = real.removeprefix(root.rstrip("/") + "/")
        if below != real and PASSED_OVER.isdisjoint(below.split("/")):
            return False  # its files are read where they really are
        self.followed = True
        return self._is_first(entry)

    def _is_first(self, entry: os.DirEntry[str]) -> bool:
        status = entry.stat()
        key = (status.st_dev, status.st_ino)
        new = key not in self.seen
        self.seen.add(key)
        return new


def is_chart_archive(path: str) -> bool:
    """Whether a .tgz holds a Helm chart: NAME/Chart.yaml near its beginning. Unreadable ones are no charts here."""
    import gzip
    import io
    import tarfile
    import zlib

    head = io.BytesIO()
    with contextlib.suppress(OSError, EOFError, zlib.error), gzip.open(path) as stream:
        while head.tell() < _HEAD and (data := stream.read1(65536)):
            head.write(data)
    head.seek(0)
    with contextlib.suppress(tarfile.TarError, ValueError, OSError), tarfile.open(fileobj=head, mode="r:") as archive:
        return any(
            member.name.count("/") == 1 and member.name.endswith("/Chart.yaml")
            for member in itertools.islice(archive, 200)
        )
    return False


def reason_of(error: OSError) -> str:
    """The operating system's word for it: `Permission denied`, `No such file or directory`."""
    return error.strerror or type(error).__name__


def shown(path: str) -> str:
    """A path as reports show it: `/` as the separator, and what is no UTF-8 replaced."""
    path = path.replace(os.sep, "/") if os.sep != "/" else path
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
