"""Charts pinned in files other than Helmfiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped


def read_gitops(paths: Sequence[str]) -> Iterator[Pin | Skipped]:
    yield from ()
