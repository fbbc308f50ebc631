"""What can go wrong with a repository, in words for the report."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


class RepositoryError(Exception):
    """The reason, which starts with where; never with credentials in it.

    missing: the repository was reached, and has no such chart or version.
    """

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


def bare(url: str) -> str:
    """The address without what may be a secret: a user's name and password, a query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=netloc, query="", fragment=""))
