"""Scalars of YAML 1.1 as values, as go-yaml reads them."""

from __future__ import annotations

import re
from typing import Any

# Kept as they are written: a name 1.10 or 007 must not become a number on its way into the report.
VERBATIM = frozenset({"apiVersion", "kind", "name", "namespace", "generateName"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?\Z", re.ASCII)


def resolve(text: str, plain: bool, *, verbatim: bool) -> Any:
    """A scalar's value: YAML 1.1 booleans as go-yaml v2 reads them; exotic numbers stay text."""
    if not plain:
        return text
    if text in _NULLS:
        return None
    if verbatim:
        return text
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] in "+-.0123456789":
        if _INT.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text
