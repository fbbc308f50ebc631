"""When a request is made again, and how long to wait before."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TypeVar

from k8supgrade.kube.api import ApiError

ATTEMPTS = 4
LONGEST_WAIT = 5.0
LONGEST_ASKED_WAIT = 30.0  # what a server may ask for in Retry-After
_FIRST_WAIT = 0.1
_GROWTH = 4

T = TypeVar("T")


class Again(Enum):
    """How often a failure is worth another attempt."""

    NEVER = 1
    ONCE = 2
    OFTEN = ATTEMPTS


class AttemptError(Exception):
    """One attempt failed, with `error` if it was the last. `after`: seconds that the server asks to wait."""

    def __init__(self, error: ApiError, again: Again = Again.NEVER, after: float | None = None) -> None:
        super().__init__(error.reason)
        self.error = error
        self.again = again
        self.after = after


def call(attempt: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """The result of the first attempt that does not fail.

    Raises:
        ApiError: of the last attempt.
    """
    made = dict.fromkeys(Again, 0)
    while True:
        try:
            return attempt()
        except AttemptError as failed:
            made[failed.again] += 1
            total = sum(made.values())
            if made[failed.again] >= failed.again.value or total >= ATTEMPTS:
                if total > 1:
                    failed.error.reason += f" ({total} attempts)"
                    failed.error.args = (failed.error.reason,)
                raise failed.error from failed.__cause__
            wait = failed.after
        sleep(_wait(total) if wait is None else wait)


def _wait(attempts: int) -> float:
    """Grows, and is never the same for two clients that failed together."""
    return min(LONGEST_WAIT, _FIRST_WAIT * float(_GROWTH ** (attempts - 1))) * random.uniform(0.5, 1.0)  # noqa: S311


def retry_after(value: str | None) -> float | None:
    """The seconds of a Retry-After header, at most 30; None where there is none to understand."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_ASKED_WAIT)
