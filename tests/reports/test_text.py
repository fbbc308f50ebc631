from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.reports.text import clean, clean_lines, plural, replace_surrogates, width, wrap

any_text = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain-name", "plain-name"),
        ("größe 日本 🚢 ❤️", "größe 日本 🚢 ❤️"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("\x9b1m\x7f", "\\x9b1m\\x7f"),
        ("\u202e\u2066\u200b\u2028\u2029\ufeff", "\\u202e\\u2066\\u200b\\u2028\\u2029\\ufeff"),
        ("\ud800x\udcff", "\\ud800x\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("\xad", "\\xad"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(any_text)
def test_clean_leaves_nothing_that_a_terminal_acts_on(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in cleaned)
    assert clean(cleaned) == cleaned


@given(any_text)
def test_surrogates_never_reach_the_encoder(text: str) -> None:
    replaced = replace_surrogates(text, "\\u{:04x}")
    replaced.encode()
    assert replace_surrogates(replaced, "?") == replaced


def test_surrogate_pairs_are_one_character() -> None:
    assert replace_surrogates("\ud83d\ude00 \ud83d", "<{:x}>") == "😀 <d83d>"


def test_clean_lines_keeps_line_breaks_only() -> None:
    assert clean_lines("a\r\nb\x1b\nc") == ["a", "b\\x1b", "c"]


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("🚢", 2), ("", 0)])
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("abcdefghijklmnop qr", ["abcdefgh", "ijklmnop", "qr"]),
        ("a bcdefghijk", ["a", "bcdefghi", "jk"]),
        ("日本語日本語", ["日本語日", "本語"]),
        ("", [""]),
    ],
)
def test_wrap(text: str, lines: list[str]) -> None:
    assert wrap(text, 8) == lines


@given(st.text(), st.integers(2, 30))
def test_wrap_keeps_every_letter_and_the_width(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line) <= columns for line in lines)


def test_plural() -> None:
    assert (plural(1, "file"), plural(1200, "file")) == ("1 file", "1,200 files")
