"""Bytes to text that a YAML parser accepts, and where they were none."""

from __future__ import annotations

import re

from k8supgrade.manifest.records import Fault

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def first_bad_byte(data: bytes) -> int | None:
    """The offset of the first byte that is not UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def readable(data: bytes) -> tuple[str, Fault | None]:
    """`data` as text, with a replacement for what is no UTF-8 or no character of YAML; `line` counts from 0.

    It ends with the newline that was cut off with the marker behind it: a block scalar would miss it.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        return _NOT_YAML.sub("\ufffd", text), Fault(data.count(b"\n", 0, error.start), "not valid UTF-8")
    control = _NOT_YAML.search(text)
    if control is None:
        return text, None
    reason = f"a control character (U+{ord(control[0]):04X}) that YAML does not allow"
    return _NOT_YAML.sub("\ufffd", text), Fault(text.count("\n", 0, control.start()), reason)


def needs_care(data: bytes) -> bool:
    """Whether anything in the file may force the full parse of a document. Cheap questions come first."""
    return (
        b"!" in data
        or b"&" in data
        or not data.isascii()
        or (b"<" in data and b"<<" in data)
        or (b"{" in data and b"{{" in data)
    )
