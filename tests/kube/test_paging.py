"""Lists in pages, from a server that loses its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from k8supgrade.kube.api import JSON, ApiError, ExpiredError, TooLargeError
from k8supgrade.kube.paging import pages
from tests.kube.conftest import Clients
from tests.kube.servers import Server, answer, failure

_PATH = "/api/v1/pods"


class Fake:
    """Lists the numbers from 0; the token is where to go on. `faults` come first, one for each request."""

    name = "fake"

    def __init__(self, count: int = 10, largest_page: int = 1000) -> None:
        self.count = count
        self.largest_page = largest_page
        self.queries: list[dict[str, str]] = []
        self.faults: dict[int, Exception | bytes] = {}
        self.next_token: Callable[[int], str] = str

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        assert (path, query is not None) == (_PATH, True)
        asked = dict(query or {})
        self.queries.append(asked)
        fault = self.faults.get(len(self.queries))
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return fault
        size, start = int(asked["limit"]), int(asked.get("continue") or 0)
        if size > self.largest_page:
            raise TooLargeError("the answer is larger than 64 MiB")
        end = min(start + size, self.count)
        token = self.next_token(end) if end < self.count else ""
        return json.dumps({"metadata": {"continue": token}, "items": list(range(start, end))}).encode()


def items(page: bytes) -> list[int]:
    found: list[int] = json.loads(page)["items"]
    return found


def listed(api: Fake, page_size: int = 3, query: Mapping[str, str] | None = None) -> list[int]:
    return [item for page in pages(api, _PATH, page_size=page_size, query=query) for item in items(page)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
@pytest.mark.parametrize("page_size", [1, 3, 500])
def test_all_pages_come_once_and_in_order(count: int, page_size: int) -> None:
    api = Fake(count)
    assert listed(api, page_size) == list(range(count))
    assert len(api.queries) == max(1, -(-count // page_size))


def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    api = Fake()
    next(pages(api, _PATH, page_size=3))
    assert len(api.queries) == 1


def test_what_a_server_refuses_beside_a_token_is_left_out_there() -> None:
    api = Fake(4)
    query = {"labelSelector": "a=b", "resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"}
    listed(api, query=query)
    assert api.queries == [{**query, "limit": "3"}, {"labelSelector": "a=b", "limit": "3", "continue": "3"}]


@pytest.mark.parametrize("text", [b'{"metadata": null}', b"{}", b'{"metadata": {}, "items": [{"metadata": 1}]}'])
def test_a_document_without_a_token_is_the_last_page(text: bytes) -> None:
    api = Fake()
    api.faults[1] = text
    assert list(pages(api, _PATH)) == [text]


# ------------------------------------------------------------------ expired


def test_an_expired_list_goes_on_with_the_token_that_the_server_sends() -> None:
    api = Fake(10)
    api.faults[3] = ExpiredError("gone (410)", token="6")
    assert listed(api) == list(range(10))
    assert [query.get("continue") for query in api.queries] == [None, "3", "6", "6", "9"]


def test_an_expired_list_without_a_token_is_read_once_more() -> None:
    api = Fake(10)
    api.faults[3] = ExpiredError("gone (410)")
    assert listed(api) == [*range(6), *range(10)]
    api = Fake(10)
    api.faults = {3: ExpiredError("gone (410)"), 6: ExpiredError("gone (410)")}
    with pytest.raises(ExpiredError):
        listed(api)


def test_a_first_page_does_not_expire() -> None:
    api = Fake()
    api.faults[1] = ExpiredError("gone (410)")
    with pytest.raises(ExpiredError):
        listed(api)


def test_a_long_list_may_expire_often_but_must_go_on_between() -> None:
    api = Fake(12)
    api.faults = {number: ExpiredError("gone (410)", token=f"0{number}") for number in (2, 4, 6)}
    api.faults = {2: ExpiredError("", token="03"), 4: ExpiredError("", token="06"), 6: ExpiredError("", token="09")}
    assert listed(api) == list(range(12))
    api = Fake(12)
    api.faults = {number: ExpiredError("gone (410)", token="0" * number + "3") for number in range(2, 99)}
    with pytest.raises(ExpiredError):
        listed(api)
    assert len(api.queries) < 10


@pytest.mark.parametrize("token", [lambda end: "3", lambda end: "30"[end % 2]])
def test_a_server_that_goes_in_circles(token: Callable[[int], str]) -> None:
    api = Fake(10)
    api.next_token = token
    with pytest.raises(ApiError, match="again and again"):
        listed(api)


# ------------------------------------------------------------------ too large, broken


@pytest.mark.parametrize("largest", [1, 2, 7, 100])
def test_pages_that_are_too_large_are_halved(largest: int) -> None:
    api = Fake(20, largest_page=largest)
    assert listed(api, page_size=500) == list(range(20))
    assert len(api.queries) < 40


def test_an_object_that_is_too_large_is_told() -> None:
    with pytest.raises(ApiError) as raised:
        listed(Fake(20, largest_page=0))
    assert not isinstance(raised.value, TooLargeError)
    assert raised.value.reason == (
        "one object of the list is too large, or the server sends no pages: the answer is larger than 64 MiB"
    )


_BROKEN = [b'{"metadata": {"continue": "3"}, "items": [1, 2', b"<html>", b"", b"[]", b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("text", _BROKEN)
def test_a_broken_page_is_fetched_again(text: bytes) -> None:
    api = Fake(5)
    api.faults = {2: text, 3: text}
    assert listed(api) == list(range(5))


@pytest.mark.parametrize("text", _BROKEN)
def test_a_page_that_stays_broken_is_told(text: bytes) -> None:
    api = Fake(5)
    api.faults = {2: text, 3: text, 4: text}
    with pytest.raises(ApiError, match=r"^the server's answer is no JSON$"):
        listed(api)


def test_other_failures_are_left_to_the_caller() -> None:
    api = Fake(5)
    api.faults[2] = ApiError("forbidden (403)", status=403)
    got = pages(api, _PATH, page_size=3)
    assert items(next(got)) == [0, 1, 2]
    with pytest.raises(ApiError) as raised:
        next(got)
    assert raised.value.status == 403


# ------------------------------------------------------------------ with a real server


def test_pages_of_a_server(server: Server, clients: Clients) -> None:
    first, second = b'{"metadata":{"continue":"a/b+c=="},"items":[1]}', b'{"metadata":{},"items":[2]}'
    server.on(f"{_PATH}?limit=500", answer(first))
    server.on(
        f"{_PATH}?limit=500&continue=a%2Fb%2Bc%3D%3D",
        failure(410, "too old", metadata={"continue": "new"}),
    )
    server.on(f"{_PATH}?limit=500&continue=new", answer(second[:-3]), answer(second))
    assert list(pages(clients(server.url), _PATH)) == [first, second]
