"""A short run of the fuzzer; `python -m tests.manifest.fuzz` runs longer ones."""

from __future__ import annotations

import pytest

from tests.manifest import fuzz


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fuzz(seed: int) -> None:
    assert fuzz.run(1000, seed).valid > 200
