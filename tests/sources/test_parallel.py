"""The map over processes gives what a plain one gives, whatever happens to a child."""

from __future__ import annotations

import os
import signal
import time

import pytest

from k8supgrade.sources.parallel import WORTH_A_PROCESS, parallel_map

ITEMS = [f"item {number}" for number in range(WORTH_A_PROCESS * 3 + 7)]
PARENT = os.getpid()


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
