"""Several iterators at once, for work that waits for a network."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


_PATIENCE_SECONDS = 0.2


class _End:
    """What a worker puts last; `error` is what ended it early."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class _Workers(Generic[T]):
    """Threads that take jobs, and put what these yield into a bounded queue."""

    def __init__(self, jobs: Sequence[Callable[[], Iterator[T]]], workers: int) -> None:
        self.results: queue.Queue[T | _End] = queue.Queue(maxsize=workers)
        self._waiting = iter(jobs)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(workers, len(jobs)))]

    def start(self) -> int:
        for thread in self._threads:
            thread.start()
        return len(self._threads)

    def stop(self) -> None:
        """Each thread puts one result more at most: with the queue empty, none waits for room."""
        self._stop.set()
        with suppress(queue.Empty):
            while True:
                self.results.get_nowait()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)  # one that still waits for a server ends with the process

    def _work(self) -> None:
        try:
            for job in iter(self._next, None):
                if not all(self._put(item) for item in job()):
                    return
        except BaseException as error:
            self._put(_End(error))  # raised again where the results are taken
        else:
            self._put(_End())

    def _next(self) -> Callable[[], Iterator[T]] | None:
        with self._lock:
            return None if self._stop.is_set() else next(self._waiting, None)

    def _put(self, item: T | _End) -> bool:
        """Waits for room; False once nobody takes anything any more."""
        if self._stop.is_set():
            return False
        self.results.put(item)
        return not self._stop.is_set()


def in_background(jobs: Sequence[Callable[[], Iterator[T]]], *, workers: int) -> Iterator[T]:
    """What all the jobs yield, as it comes. At most `workers` run, and each waits while what it made is not yet taken,
    so that memory stays flat. An exception of a job is raised here and ends the others."""
    pool = _Workers(jobs, workers)
    running = pool.start()
    try:
        while running:
            item = pool.results.get()
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                running -= 1
    finally:
        pool.stop()
