"""The files of one run: each is read once, and parsed once where it is no template; nobody may ask without end."""

from __future__ import annotations

from k8supgrade.helmfile.compose import parse
from k8supgrade.helmfile.files import FileError, read_text
from k8supgrade.helmfile.text import Source, whole
from k8supgrade.helmfile.tree import Node, TreeError

MAX_VISITS = 2000


class Library:
    """`begin` before every environment of a Helmfile."""

    def __init__(self) -> None:
        self._sources: dict[str, Source | FileError] = {}
        self._documents: dict[tuple[str, int, int], list[Node] | TreeError] = {}
        self._visits = 0

    def begin(self) -> None:
        self._visits = 0

    def source(self, path: str) -> Source:
        """The file, as it was when it was read first.

        Raises:
            FileError: it cannot be read, or files include each other without end.
        """
        self._visits += 1
        if self._visits > MAX_VISITS:
            raise FileError(f"more than {MAX_VISITS:,} files are included")
        found = self._sources.get(path)
        if found is None:
            try:
                found = Source(path, read_text(path))
            except FileError as error:
                found = error
            self._sources[path] = found
        if isinstance(found, FileError):
            raise found
        return found

    def parsed(self, source: Source, start: int, end: int) -> list[Node]:
        """The documents of a range that is no template.

        Raises:
            TreeError: it is no YAML.
        """
        key = (source.path, start, end)
        found = self._documents.get(key)
        if found is None:
            try:
                found = parse(whole(source, start, end), source.path)
            except TreeError as error:
                found = error
            self._documents[key] = found
        if isinstance(found, TreeError):
            raise found
        return found
