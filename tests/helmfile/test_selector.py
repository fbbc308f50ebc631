"""Selectors of sub-Helmfiles."""

from __future__ import annotations

import pytest

from k8supgrade.helmfile.selector import selects
from k8supgrade.model.pin import Pin

PIN = Pin(
    reader="helmfile",
    path="helmfile.yaml",
    line=1,
    release="loki",
    chart="r/loki",
    name="loki",
    namespace="logs",
    labels=(("tier", "back"),),
)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ((), True),
        (("tier=back",), True),
        (("tier=front",), False),
        (("tier!=front",), True),
        (("name=loki,namespace=logs",), True),
        (("name=loki,namespace=other",), False),
        (("tier=front", "name=loki"), True),
        (("other=x",), False),
        (("other!=x",), True),
    ],
)
def test_selects(selectors: tuple[str, ...], expected: bool) -> None:
    assert selects(selectors, PIN) is expected
