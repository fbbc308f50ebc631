"""Sessions of requests as charts need them, and what their failures mean."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

_RETRIES = 2
_MAX_WAIT = 10.0  # seconds, whatever Retry-After says


def new_session() -> requests.Session:
    """Retries what is worth it, follows redirects without credentials for another host, and takes none from .netrc."""
    import requests
    from requests.adapters import HTTPAdapter

    class Session(requests.Session):
        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            there = prepared_request.url or ""
            if "Authorization" in prepared_request.headers and self._strips(response.request.url, there):
                del prepared_request.headers["Authorization"]

        def _strips(self, here: str, there: str) -> bool:
            return bool(self.should_strip_auth(here, there))  # type: ignore[no-untyped-call]

    session = Session()
    session.auth = lambda request: request
    adapter = HTTPAdapter(max_retries=_retries())
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.max_redirects = 10
    return session


@cache
def _retries() -> Any:
    from urllib3.util import Retry

    class Bounded(Retry):
        def get_retry_after(self, response: Any) -> float | None:
            seconds = super().get_retry_after(response)
            return None if seconds is None else min(seconds, _MAX_WAIT)

    return Bounded(
        total=_RETRIES,
        connect=0,
        read=_RETRIES,
        status=_RETRIES,
        other=0,
        backoff_factor=0.2,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        raise_on_status=False,
    )


def why(error: Exception) -> str:
    """In our words: the library's texts hold whole addresses."""
    import requests

    text = str(error)
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "TLS: the server's certificate is not accepted; name its CA with caFile"),
        (requests.exceptions.ProxyError, "the proxy cannot be reached"),
        (requests.exceptions.ConnectTimeout, "timed out: no answer; check the address, or raise --timeout"),
        (requests.exceptions.ReadTimeout, "timed out: no answer; check the address, or raise --timeout"),
        (requests.exceptions.TooManyRedirects, "it redirects in circles"),
        (requests.exceptions.InvalidURL, "it is no address"),
        (requests.exceptions.InvalidSchema, "it is no http(s) address"),
        (requests.exceptions.ChunkedEncodingError, "the answer breaks off"),
        (requests.exceptions.ContentDecodingError, "the answer cannot be unpacked"),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    if "timed out" in text:
        return "timed out: no answer; check the address, or raise --timeout"
    if "NameResolution" in text or "getaddrinfo" in text or "Name or service" in text:
        return "the host's name is not known"
    if "refused" in text:
        return "the connection is refused"
    if isinstance(error, FileNotFoundError) or "could not find" in text.lower():
        return "a certificate, key or CA file is not there"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the connection fails"
    return f"the request fails ({type(error).__name__})"
