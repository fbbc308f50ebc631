"""`-o json`: the report `k8supgrade.report/v1`, described by `report.schema.json` beside this module.

One key or list item per line: json.dumps(indent=2) leaves the C encoder and takes ten times as long,
and a line per finding is what grep and git diff want.
"""

from __future__ import annotations

import json

from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.document import frame, lists
from k8supgrade.reports.text import quoted_escapes, replace_surrogates

NAME = "json"


def render(verdict: Verdict, options: RenderOptions) -> str:
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
    parts = [f"  {encode(key)}: {encode(value)}" for key, value in frame(verdict).items()]
    for key, items in lists(verdict).items():
        rows = ",\n    ".join(map(encode, items))
        parts.append(f"  {encode(key)}: [\n    {rows}\n  ]" if rows else f"  {encode(key)}: []")
    return _printable("{\n" + ",\n".join(parts) + "\n}\n")


def _printable(text: str) -> str:
    """As UTF-8 that a terminal shows: names in any script stay readable, controls are escaped."""
    return quoted_escapes(replace_surrogates(text, "\\u{:04x}"), _surrogate_pair)


def _surrogate_pair(code: int) -> str:
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
