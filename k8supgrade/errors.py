"""The errors a user can meet; everything else is a bug and shows as one."""

from __future__ import annotations


class K8supgradeError(Exception):
    """An expected failure. The message starts with where, says what, and what to do."""


class UsageError(K8supgradeError):
    """The command line, the configuration or a data file is wrong: nothing was scanned (exit 2)."""
