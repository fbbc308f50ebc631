"""Selectors of sub-Helmfiles: `name=loki,tier!=back` (pkg/state/release_filters.go of helmfile)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from k8supgrade.model.pin import Pin

_TERM = re.compile(r"\s*([\w./-]+)\s*(==|=|!=)\s*([\w./-]*)\s*\Z", re.ASCII)


def selects(selectors: Sequence[str], pin: Pin) -> bool:
    """Whether one of the selectors takes the release; all of a selector's terms have to hold."""
    return not selectors or any(_matches(selector, pin) for selector in selectors)


def _matches(selector: str, pin: Pin) -> bool:
    labels = {**dict(pin.labels), "name": pin.release, "namespace": pin.namespace or "", "chart": pin.name}
    for term in selector.split(","):
        match = _TERM.match(term)
        if match is None:
            return True  # nothing is left out for a selector that is not understood
        key, operator, value = match.groups()
        if (labels.get(key) == value) is (operator == "!="):
            return False
    return True
