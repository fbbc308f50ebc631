"""Text that others wrote, made safe to show: names and paths come from manifests nobody has vetted.

A name may hold terminal escapes, newlines that fake a verdict, or bidi controls that show another name
than the one meant. All of these become visible escapes; letters of any script and emoji stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Literal ranges and not unicodedata.category: the result must not change with Python's Unicode version.
_INVISIBLE = (
    "\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"  # DEL, C1, fillers
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"  # zero width, separators, bidi
    "\\u3164\\ufeff\\uffa0\\ufff0-\\uffff"  # fillers, byte order mark, interlinear annotation
    "\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"  # musical controls, tags
)
_SURROGATES = "\\ud800-\\udfff"

_UNSAFE = re.compile(f"[\\x00-\\x1f{_INVISIBLE}{_SURROGATES}]")
_UNSAFE_IN_QUOTES = re.compile(f"[{_INVISIBLE}]")
_SURROGATE = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|\n")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def clean(text: str) -> str:
    """`text` on one line and without anything that a terminal would act on or not show.

    >>> clean("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_visible, text)


def clean_lines(text: str) -> list[str]:
    """Like `clean`, for our own prose, where a line break is one."""
    return [clean(line) for line in _LINE_END.split(text)] if "\n" in text else [clean(text)]


def quoted_escapes(text: str, astral: Callable[[int], str]) -> str:
    """Escapes, in the text of a JSON or YAML document, what `clean` would; the data stay the same.

    Such characters stand in double quotes there, where the escape means the character itself. `astral`
    writes those past U+FFFF, where the two differ.
    """
    if text.isascii() and "\x7f" not in text:
        return text

    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\u{code:04x}" if code <= 0xFFFF else astral(code)

    return _UNSAFE_IN_QUOTES.sub(escape, text)


def replace_surrogates(text: str, form: str) -> str:
    """Lone surrogates, which no encoding takes, as `form` (filled with the number); pairs are joined."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: _surrogate(match[0], form), text)
    return text


def _surrogate(found: str, form: str) -> str:
    if len(found) == 2:
        return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    return form.format(ord(found))


def width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters and emoji take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if char < "\u0300":
        return 1
    if unicodedata.combining(char) or "\ufe00" <= char <= "\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns`, nothing cut: breaks at spaces, and inside what is longer than a line."""
    if width(text) <= columns:
        return [text]
    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        size = width(word)
        if line and used + 1 + size <= columns:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        while size > columns:
            head = _fitting(word, columns)
            lines.append(head)
            word = word[len(head) :]
            size = width(word)
        line, used = word, size
    return [*lines, line] if line else lines


def _fitting(word: str, columns: int) -> str:
    if word.isascii():
        return word[:columns]
    used = 0
    for index, char in enumerate(word):
        used += _char_width(char)
        if used > columns:
            return word[: max(index, 1)]
    return word


def plural(count: int, word: str, words: str | None = None) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {words or word + 's'}"
