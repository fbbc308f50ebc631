"""How far a scan is: one line on a terminal, gone when the report comes."""

from __future__ import annotations

import sys
import time

_EVERY_SECONDS = 0.2


class Progress:
    """Writes to standard error, on a terminal only."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr is not None and sys.stderr.isatty()
        self._shown = False
        self._next = time.monotonic() + _EVERY_SECONDS

    def show(self, done: int, of: int) -> None:
        """`done` of `of` files are read."""
        if not self._enabled or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        self._shown = True
        sys.stderr.write(f"\r{done} of {of} files\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
