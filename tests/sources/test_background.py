"""Several iterators at once: all that they yield, their errors, and no thread that outlives its consumer."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.sources.background import in_background

Job = Callable[[], Iterator[int]]


class BrokenError(Exception):
    pass


def breaks(*items: int) -> Iterator[int]:
    yield from items
    raise BrokenError(f"after {len(items)}")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def jobs_of(lists: list[list[int]]) -> list[Job]:
    return [partial(iter, one) for one in lists]


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=8), st.integers(1, 9))
def test_what_the_jobs_yield_whatever_the_number_of_workers(lists: list[list[int]], workers: int) -> None:
    assert Counter(in_background(jobs_of(lists), workers=workers)) == Counter(itertools.chain(*lists))


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=8))
def test_one_worker_keeps_the_order(lists: list[list[int]]) -> None:
    assert list(in_background(jobs_of(lists), workers=1)) == list(itertools.chain(*lists))


@given(st.lists(st.integers(), max_size=5), st.integers(0, 6), st.integers(0, 6), st.integers(1, 9))
def test_an_error_is_raised_where_the_results_are_taken(
    items: list[int], before: int, after: int, workers: int
) -> None:
    jobs: list[Job] = [*[partial(iter, [0])] * before, partial(breaks, *items), *[partial(iter, [0])] * after]
    taken: list[int] = []
    with pytest.raises(BrokenError, match=f"after {len(items)}"):
        taken += in_background(jobs, workers=workers)
    assert not [thread for thread in threading.enumerate() if "_work" in thread.name]


def test_what_came_before_the_error_is_yielded() -> None:
    results = in_background([partial(breaks, 1, 2)], workers=3)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(BrokenError):
        next(results)


@given(st.integers(0, 20), st.integers(1, 9))
def test_a_consumer_may_stop_early(after: int, workers: int) -> None:
    endless: list[Job] = [itertools.count] * 5
    results = in_background(endless, workers=workers)
    assert len(list(itertools.islice(results, after))) == after
    results.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if "_work" in thread.name]


def test_nothing_is_started_before_it_is_asked_for() -> None:
    before = threading.active_count()
    in_background([itertools.count], workers=1)
    assert threading.active_count() == before


def test_no_more_run_than_there_are_workers() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def job() -> Iterator[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        yield 1
        with lock:
            running -= 1

    assert sum(in_background([job] * 40, workers=3)) == 40
    assert 2 <= most <= 3


def test_they_wait_at_the_same_time() -> None:
    everybody = threading.Barrier(4, timeout=5)

    def job() -> Iterator[int]:
        yield everybody.wait()

    assert sorted(in_background([job] * 4, workers=4)) == [0, 1, 2, 3]


def test_nobody_works_far_ahead_of_the_consumer() -> None:
    made = itertools.count()

    def job() -> Iterator[int]:
        for _ in range(100):
            yield next(made)

    results = in_background([job] * 4, workers=4)
    next(results)
    time.sleep(0.05)
    assert next(made) <= 1 + 4 + 4  # taken, in the queue, in the hands of the workers
    results.close()  # type: ignore[attr-defined]


def test_no_jobs() -> None:
    assert list(in_background([], workers=3)) == []
