"""Real API servers for the tests. What cannot be built or started fails, nothing is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.cluster import ControlPlane


@pytest.fixture
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ControlPlane]]:
    """control_plane("1.24", audit=True): a started server of the test's own, stopped at its end."""
    with ExitStack() as servers:

        def started(version: str, **options: Any) -> ControlPlane:
            return servers.enter_context(ControlPlane(version, tmp_path_factory.mktemp("server"), **options))

        yield started


def _shared(version: str, directories: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(version, directories.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def cluster_1_24(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Shared: for tests that only read, or write to a namespace of their own."""
    yield from _shared("1.24", tmp_path_factory)


@pytest.fixture(scope="session")
def cluster_1_28(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Shared: for tests that only read, or write to a namespace of their own."""
    yield from _shared("1.28", tmp_path_factory)
