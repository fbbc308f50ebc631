"""How far a scan is: one line on a terminal, gone when the report comes."""

from __future__ import annotations

import shutil
import sys
import time

from k8supgrade.reports.text import clean, plural

_EVERY_SECONDS = 0.2


class Progress:
    """Writes to standard error, on a terminal only."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr is not None and sys.stderr.isatty()
        self._shown = False
        self._next = time.monotonic() + _EVERY_SECONDS

    def show(self, done: int, of: int) -> None:
        """`done` of `of` files are read."""
        if self._is_due():
            self._write(f"{done} of {of} files")

    def show_cluster(self, cluster: str, what: str, objects: int) -> None:
        """`what` is being read, a kind or a release; `objects` of the cluster have been."""
        if self._is_due():
            self._write(f"{cluster}: {plural(objects, 'object')}, {what}")

    def show_charts(self, done: int, of: int) -> None:
        """`done` of `of` releases are judged."""
        if self._is_due():
            self._write(f"{done} of {of} charts")

    def _is_due(self) -> bool:
        return self._enabled and time.monotonic() >= self._next

    def _write(self, text: str) -> None:
        """Never more than the line holds: what wraps could not be taken back."""
        self._next = time.monotonic() + _EVERY_SECONDS
        self._shown = True
        room = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{clean(text)[:room]}\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
