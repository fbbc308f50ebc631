"""Lists, page by page.

A list that takes longer than the server keeps its history (five minutes, as a rule) expires. The server then sends a
token to go on with what there is now (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks):
nothing is lost that existed all the time. From a server that sends none, the list is read once more from its beginning:
an object may then be on two pages. Consumers see pages only, and must bear an object that comes twice, as they must
anyway: one that is deleted and made again between two pages does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from k8supgrade.kube.api import JSON, Api, ApiError, ExpiredError, TooLargeError

PAGE_SIZE = 500
_FETCHES = 3  # of a page whose text is broken
_EXPIRIES = 3  # without a page in between
# A server refuses these beside a token: the token has its own.
_FIRST_PAGE_ONLY = frozenset(("resourceVersion", "resourceVersionMatch"))


class _Metadata(msgspec.Struct):
    token: str | None = msgspec.field(name="continue", default=None)


class _List(msgspec.Struct):
    metadata: _Metadata | None = None


_DECODER = msgspec.json.Decoder(_List)


def pages(
    api: Api, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, page_size: int = PAGE_SIZE
) -> Iterator[bytes]:
    """The pages of a list, each a JSON document; an object may come twice where a list expires.

    Raises:
        ApiError: a page could not be had; those before it have been yielded.
    """
    listing = _Listing(api, path, dict(query or {}), accept, page_size)
    while (page := listing.next_page()) is not None:
        yield page


class _Listing:
    def __init__(self, api: Api, path: str, query: dict[str, str], accept: str, page_size: int) -> None:
        self._api = api
        self._path = path
        self._query = query
        self._accept = accept
        self._size = max(page_size, 1)
        self._token: str | None = ""  # None: there was a last page
        self._seen: set[str] = set()
        self._expiries = 0
        self._broken = 0
        self._is_second_time = False

    def next_page(self) -> bytes | None:
        if self._token is None:
            return None
        page, token = self._read()
        self._go_on_with(token)
        return page

    def _go_on_with(self, token: str) -> None:
        if token in self._seen:
            raise ApiError("the server sends the same pages of the list again and again")
        if token:
            self._seen.add(token)
        self._token = token or None

    def _read(self) -> tuple[bytes, str]:
        """A page and the token for the next one."""
        while (read := self._attempt()) is None:
            pass
        self._expiries = self._broken = 0
        return read

    def _attempt(self) -> tuple[bytes, str] | None:
        """None: it is to be tried again, with what has been learned."""
        try:
            page = self._api.get(self._path, query=self._page_query(), accept=self._accept)
            return page, _next_token(page)
        except TooLargeError as error:
            if self._size == 1:
                reason = f"one object of the list is too large, or the server sends no pages: {error.reason}"
                raise ApiError(reason) from error
            self._size //= 2
        except ExpiredError as error:
            self._expired(error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._broken += 1
            if self._broken >= _FETCHES:
                raise ApiError("the server's answer is no JSON") from None
        return None

    def _page_query(self) -> dict[str, str]:
        if not self._token:
            return {**self._query, "limit": str(self._size)}
        query = {key: value for key, value in self._query.items() if key not in _FIRST_PAGE_ONLY}
        return {**query, "limit": str(self._size), "continue": self._token}

    def _expired(self, error: ExpiredError) -> None:
        self._expiries += 1
        if self._expiries > _EXPIRIES:
            raise error
        if error.token:
            self._seen.add(error.token)
            self._token = error.token
        elif self._token and not self._is_second_time:
            self._is_second_time = True
            self._token = ""
            self._seen.clear()
        else:
            raise error


def _next_token(page: bytes) -> str:
    """Reads the whole text to see that it is whole, but makes no objects of it."""
    metadata = _DECODER.decode(page).metadata
    return (metadata.token if metadata else None) or ""
