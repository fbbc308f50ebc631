"""`-o yaml`: the data of the JSON report as YAML.

Written by hand: the data have one fixed shape, and PyYAML's dumper (also the C one, whose nodes are Python
objects) takes ten times as long for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring
from typing import Any

from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.document import frame, lists
from k8supgrade.reports.text import quoted_escapes, replace_surrogates

NAME = "yaml"

# Nothing that any YAML version reads as something else than a string; all the rest is quoted.
_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[A-Za-z][\w./-]*\Z", re.ASCII | re.IGNORECASE)


def render(verdict: Verdict, options: RenderOptions) -> str:
    text = "\n".join(_mapping({**frame(verdict), **lists(verdict)}, "")) + "\n"
    # YAML has no escape for half a character: it becomes the text of one.
    return quoted_escapes(replace_surrogates(text, r"\\u{:04x}"), r"\U{:08x}".format)


def _mapping(data: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{indent}{_scalar(key)}:", value, indent)


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield head
        yield from _mapping(value, indent + "  ")
    elif isinstance(value, list) and value:
        yield head
        for item in value:
            if isinstance(item, str):
                yield f"{indent}- {_scalar(item)}"
                continue
            lines = _mapping(item, indent + "  ")
            yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
            yield from lines
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value if _PLAIN.match(value) else encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "{}" if isinstance(value, dict) else "[]"
