"""A map over the processors, cheaper to start than a pool: forked children that take batches from one queue."""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Below this many items a second process costs more than it saves.
WORTH_A_PROCESS = 200
_BATCHES = 64  # for each process: small enough to even out what the processes get
_TICKET = 4  # bytes: the number of a batch, written and read in one piece
_TICKETS = 1024  # no more batches than that: the smallest pipe there is takes their numbers, all at once
_LENGTH = 8  # bytes: the length of a frame


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def parallel_map(function: Callable[[str], Any], items: Sequence[str], jobs: int) -> Iterator[tuple[str, Any]]:
    """Yields (item, function(item)); the order is not that of the items. Results must be plain values (marshal).

    The caller's own work between two results counts: whoever is free takes the next batch. A child that dies costs
    nothing but time: what it had taken is done again here; so does one that cannot be made.
    """
    if jobs < 2 or len(items) < WORTH_A_PROCESS or not hasattr(os, "fork"):
        for item in items:
            yield item, function(item)
        return
    size = -(-len(items) // min(_BATCHES * jobs, _TICKETS))
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    queue = _Queue(len(batches))
    children: list[_Child] = []
    done: set[int] = set()
    try:
        with contextlib.suppress(OSError):  # no more processes or descriptors: those that there are must do
            children.extend(_Child(function, batches, queue) for _ in range(min(jobs, len(batches)) - 1))
        while (number := queue.take()) is not None:
            done.add(number)
            for item in batches[number]:
                yield item, function(item)
            for child in children:
                for number, results in child.results(wait=False):
                    done.add(number)
                    yield from zip(batches[number], results, strict=True)
        for child in children:
            for number, results in child.results(wait=True):
                done.add(number)
                yield from zip(batches[number], results, strict=True)
        for number in sorted(set(range(len(batches))) - done):
            for item in batches[number]:
                yield item, function(item)
    finally:
        for child in children:
            child.stop()
        queue.close()


class _Queue:
    """The numbers of the batches, in a pipe that all the processes read from."""

    def __init__(self, count: int) -> None:
        self._read, write = os.pipe()
        os.write(write, b"".join(number.to_bytes(_TICKET, "big") for number in range(count)))
        os.close(write)

    def take(self) -> int | None:
        ticket = os.read(self._read, _TICKET)
        return int.from_bytes(ticket, "big") if ticket else None

    def close(self) -> None:
        os.close(self._read)


class _Child:
    """A forked process that works until the queue is empty; it writes the results of each batch as a frame."""

    def __init__(self, function: Callable[[str], Any], batches: Sequence[Sequence[str]], queue: _Queue) -> None:
        self._unread = bytearray()
        self._pipe, write = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._pipe)
            os.close(write)
            raise
        if self._pid == 0:
            with contextlib.suppress(BaseException):
                os.close(self._pipe)
                _work(function, batches, queue, write)
            os._exit(0)
        os.close(write)

    def results(self, *, wait: bool) -> Iterator[tuple[int, list[Any]]]:
        """The batches that are done: all that will ever be (`wait`), or those that lie ready."""
        os.set_blocking(self._pipe, wait)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._pipe, 1 << 20):
                self._unread += data
                yield from self._frames()

    def _frames(self) -> Iterator[tuple[int, list[Any]]]:
        while len(self._unread) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._unread[:_LENGTH], "big")
            if len(self._unread) < end:
                return
            with memoryview(self._unread) as view:
                number, results = marshal.loads(view[_LENGTH:end])  # noqa: S302 - our own child wrote it
            del self._unread[:end]
            yield number, results

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.waitpid(self._pid, 0)


def _work(function: Callable[[str], Any], batches: Sequence[Sequence[str]], queue: _Queue, write: int) -> None:
    """Writes what the pipe takes and goes on: the parent may be busy, and waiting for it would waste a processor."""
    os.set_blocking(write, False)
    pending = bytearray()
    while (number := queue.take()) is not None:
        frame = marshal.dumps((number, [function(item) for item in batches[number]]))
        pending += len(frame).to_bytes(_LENGTH, "big") + frame
        with contextlib.suppress(BlockingIOError):
            while pending:
                del pending[: os.write(write, pending)]
    os.set_blocking(write, True)
    data = memoryview(pending)
    while data:
        data = data[os.write(write, data) :]
