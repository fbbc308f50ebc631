"""What the sources need of an API server: one method, so that a live server and a snapshot of one are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

JSON = "application/json"
# Objects without spec and status: for evidence the metadata is enough, and the server sends less.
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
TEXT = "text/plain"


class ApiError(Exception):
    """A request that failed for good: retries are behind it.

    status: the HTTP status, None where no (whole) answer came.
    reason: one sentence for the report, in words for an operator; holds no token and no body.
    is_unreachable: no connection could be made; the host is not asked again in this run.
    """

    def __init__(self, reason: str, *, status: int | None = None, is_unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.is_unreachable = is_unreachable


class TooLargeError(ApiError):
    """The answer is larger than the caller allows."""


class ExpiredError(ApiError):
    """The server no longer has the state that a continue token speaks of (410).

    token: goes on from there with what there is now; None where the server sends none.
    """

    def __init__(self, reason: str, *, token: str | None = None) -> None:
        super().__init__(reason, status=410)
        self.token = token


class Api(Protocol):
    """An API server, or a snapshot of one."""

    @property
    def name(self) -> str:
        """The context's name."""

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        """The whole body of a GET.

        `path` begins with `/` and is already quoted; `limit` is the most bytes to take.

        Raises:
            TooLargeError: the body is longer than `limit` bytes.
            ApiError: every other failure.
        """
