"""The map over processes gives what a plain one gives, whatever happens to a child."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8supgrade.sources.parallel import WORTH_A_PROCESS, parallel_map

ITEMS = [f"item {number}" for number in range(WORTH_A_PROCESS * 3 + 7)]
PARENT = os.getpid()
DESCRIPTORS = Path("/proc/self/fd")


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """A test that would hang fails."""

    def late(signum: int, frame: object) -> None:
        raise AssertionError(f"not done within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def left_behind() -> tuple[int, bool]:
    """How many descriptors are open; whether there are children, dead or alive."""
    try:
        os.waitpid(-1, os.WNOHANG)
        children = True
    except ChildProcessError:
        children = False
    return len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0, children


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No test of these leaves a child or a descriptor."""
    before = left_behind()
    with within(60):
        yield
    assert left_behind() == before


@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [0, 1, WORTH_A_PROCESS - 1, WORTH_A_PROCESS, len(ITEMS)])
def test_every_item_once(jobs: int, count: int) -> None:
    items = ITEMS[:count]
    assert sorted(parallel_map(str.upper, items, jobs)) == sorted((item, item.upper()) for item in items)


def test_results_larger_than_a_pipe() -> None:
    results = dict(parallel_map(lambda item: [item] * 50_000, ITEMS[:WORTH_A_PROCESS], 3))
    assert all(results[item] == [item] * 50_000 for item in ITEMS[:WORTH_A_PROCESS])


def _dies(item: str) -> str:
    if os.getpid() != PARENT and item.endswith("5"):
        os.kill(os.getpid(), signal.SIGKILL)
    return item.upper()


def _exits(item: str) -> str:
    if os.getpid() != PARENT:
        os._exit(7)
    return item.upper()


def _gives_what_cannot_be_sent(item: str) -> object:
    return item.upper() if os.getpid() == PARENT else object()


def _fails_in_the_child(item: str) -> str:
    if os.getpid() != PARENT:
        raise MemoryError
    return item.upper()


@pytest.mark.parametrize("function", [_dies, _exits, _gives_what_cannot_be_sent, _fails_in_the_child])
def test_a_child_that_dies_costs_nothing_but_time(function: object) -> None:
    assert callable(function)
    slow = iter([True])

    def work(item: str) -> object:
        if os.getpid() == PARENT and next(slow, False):
            time.sleep(0.3)  # so that the children get to work at all
        return function(item)

    assert sorted(parallel_map(work, ITEMS, 3)) == sorted((item, item.upper()) for item in ITEMS)


def test_an_error_reaches_the_caller() -> None:
    def fails(item: str) -> str:
        raise ValueError(item)

    with pytest.raises(ValueError, match="item"):
        list(parallel_map(fails, ITEMS, 3))


def test_no_child_is_left_behind() -> None:
    results = parallel_map(lambda item: item * 1000, ITEMS, 3)
    next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _started(function: Callable[[str], Any], items: list[str], jobs: int) -> Generator[tuple[str, Any], None, None]:
    return cast("Generator[tuple[str, Any], None, None]", parallel_map(function, items, jobs))


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(min_value=0, max_value=3 * WORTH_A_PROCESS) | st.sampled_from([5000, 20_011]),
    jobs=st.integers(min_value=0, max_value=9),
    repeated=st.booleans(),
)
def test_what_a_plain_loop_gives(count: int, jobs: int, repeated: bool) -> None:
    """The items may be equal: each is done as often as it is there."""
    items = [str(number % 7 if repeated else number) for number in range(count)]
    assert Counter(parallel_map(lambda item: item * 3, items, jobs)) == Counter((item, item * 3) for item in items)


def test_the_children_do_a_part_of_it() -> None:
    def who(item: str) -> int:
        time.sleep(0.001)
        return os.getpid()

    assert len(Counter(pid for _, pid in parallel_map(who, ITEMS, 3))) == 3


def test_more_processes_than_a_pipe_has_room_for() -> None:
    """The numbers of all the batches are in one pipe before anybody reads it; some pipes hold one page."""
    items = [str(number) for number in range(20_000)]
    plain = os.pipe
    pages = []

    def small() -> tuple[int, int]:
        import fcntl

        read, write = plain()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            pages.append(fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096))
        return read, write

    with pytest.MonkeyPatch.context() as patch, within(50):
        patch.setattr(os, "pipe", small)
        assert sum(len(result) for _, result in parallel_map(str.upper, items, 40)) == sum(map(len, items))
    assert pages or sys.platform != "linux"


def test_no_more_processes_than_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = []
    fork = os.fork

    def counted() -> int:
        forks.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", counted)
    items = ITEMS[:WORTH_A_PROCESS]
    assert sorted(item for item, _ in parallel_map(str.upper, items, 100_000)) == sorted(items)
    assert len(forks) == WORTH_A_PROCESS - 1


@pytest.mark.parametrize("made", [0, 1, 2])
def test_processes_that_cannot_be_made(made: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on processes: those that there are do all of it."""
    fork = os.fork
    forks = iter([True] * made)

    def limited() -> int:
        if not next(forks, False):
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return fork()

    monkeypatch.setattr(os, "fork", limited)
    assert sorted(parallel_map(str.upper, ITEMS, 5)) == sorted((item, item.upper()) for item in ITEMS)


def test_no_descriptors_for_more_processes() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe + 6, hard))
    try:
        result = sorted(parallel_map(str.upper, ITEMS, 50))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result == sorted((item, item.upper()) for item in ITEMS)


def test_batches_of_many_megabytes() -> None:
    """The time grows with the size, not with its square; a parent that does not listen makes no child wait for ever."""

    def large(item: str) -> bytes:
        return item.encode() * 100_000 if os.getpid() != PARENT else item.encode()

    start = time.perf_counter()
    total = 0
    for number, (item, result) in enumerate(parallel_map(large, ITEMS, 3)):
        if number == 0:
            time.sleep(0.2)  # the children fill their pipes meanwhile
        assert result in (item.encode(), item.encode() * 100_000)
        total += len(result)
    assert total > 50_000_000
    assert time.perf_counter() - start < 20


def test_one_frame_of_eighty_megabytes() -> None:
    size = 80_000_000

    def one(item: str) -> int | bytes:
        if os.getpid() == PARENT:
            time.sleep(0.001)
            return 0
        return bytes(size) if item == wanted else 0

    wanted = ITEMS[3]
    start = time.perf_counter()
    results = dict(parallel_map(one, ITEMS, 2))
    assert results[wanted] in (0, bytes(size))
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, ValueError])
@pytest.mark.parametrize("taken", [1, 50])
def test_an_interruption_stops_the_children(error: type[BaseException], taken: int) -> None:
    def slow(item: str) -> str:
        if os.getpid() != PARENT:
            time.sleep(30)
        return item

    start = time.perf_counter()
    results = _started(slow, ITEMS, 3)
    for _ in range(taken):
        next(results)
    with pytest.raises(error):
        results.throw(error)
    assert time.perf_counter() - start < 10


def test_an_interruption_while_waiting_for_a_child() -> None:
    """Ctrl-C when the parent has no work of its own any more."""

    def stuck(item: str) -> str:
        time.sleep(0.0005 if os.getpid() == PARENT else 30)
        return item

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    def take_all() -> None:
        for _ in parallel_map(stuck, ITEMS, 2):
            pass

    before = signal.signal(signal.SIGUSR1, interrupt)
    # a process of its own sends it: a timer would be in the way of `within`
    sender = subprocess.Popen(["/bin/sh", "-c", f"sleep 1; kill -USR1 {os.getpid()}"])
    try:
        start = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            take_all()
        assert time.perf_counter() - start < 15
    finally:
        sender.wait()
        signal.signal(signal.SIGUSR1, before)


def test_an_error_in_the_parent_alone() -> None:
    def fails(item: str) -> str:
        if os.getpid() != PARENT:
            time.sleep(0.05)
        elif item.endswith("3"):
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="item"):
        for _ in parallel_map(fails, ITEMS, 2):
            pass


def test_nothing_is_said_by_children_that_die(capfd: pytest.CaptureFixture[str]) -> None:
    """A child neither writes what the parent had not written yet, nor a traceback."""
    sys.stdout.write("once")
    assert len(list(parallel_map(_fails_in_the_child, ITEMS, 3))) == len(ITEMS)
    sys.stdout.flush()
    assert capfd.readouterr() == ("once", "")
