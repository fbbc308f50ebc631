"""Saved reports as command line arguments."""

from __future__ import annotations

import sys

from k8supgrade.errors import UsageError
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports.read import read_report


def read_saved(path: str) -> Verdict:
    """The verdict of a saved JSON report; - is standard input.

    Raises:
        UsageError: the file cannot be read, or is no such report.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a JSON report: not valid UTF-8") from error
    return read_report(text, "standard input" if path == "-" else path)
