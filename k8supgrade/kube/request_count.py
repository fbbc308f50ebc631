"""OpenShift's own record of who calls what: `apirequestcounts.apiserver.openshift.io/v1`.

The types are those of github.com/openshift/api at 08f06366bf9b, apiserver/v1/types_apirequestcount.go. An object is
named `resource.version.group`. `last24h` has an element for each hour of the day, the current one live; `currentHour`
repeats that one, so it counts only where `last24h` is missing. A node lists only its busiest users in an hour: what the
others did is counted as OTHERS.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import msgspec

from k8supgrade.kube.api import ApiError
from k8supgrade.kube.metrics import RequestedApi
from k8supgrade.model.origin import Caller

PATH = "/apis/apiserver.openshift.io/v1/apirequestcounts"
# Stands for callers that were counted but not named; it has no user agent.
OTHERS = "others"


class RequestCount(NamedTuple):
    """`total` requests in the last 24 hours; the busiest callers first."""

    api: RequestedApi
    total: int
    callers: tuple[Caller, ...]


class Page(NamedTuple):
    """`token` asks for the next page ("continue"), "" on the last one."""

    requested: tuple[RequestCount, ...]
    token: str


class _User(msgspec.Struct, rename="camel"):
    username: str = ""
    user_agent: str = ""
    request_count: int = 0


class _Node(msgspec.Struct, rename="camel"):
    by_user: list[_User] | None = None
    request_count: int = 0


class _Hour(msgspec.Struct, rename="camel"):
    by_node: list[_Node] | None = None


class _Status(msgspec.Struct, rename="camel"):
    removed_in_release: str = ""
    request_count: int = 0
    current_hour: _Hour | None = None
    last24h: list[_Hour] | None = msgspec.field(name="last24h", default=None)


class _Metadata(msgspec.Struct):
    name: str = ""


class _Item(msgspec.Struct):
    metadata: _Metadata
    status: _Status | None = None


class _ListMetadata(msgspec.Struct):
    token: str | None = msgspec.field(name="continue", default=None)


class _Page(msgspec.Struct):
    metadata: _ListMetadata
    items: list[_Item] | None = None


_DECODER = msgspec.json.Decoder(_Page)


def decode(page: bytes, now: datetime | None = None) -> Page:
    """The APIs of a list page that a release removes and somebody calls.

    now: when the page was taken; with it the hours of the callers are known.

    Raises:
        ApiError: it is no such list.
    """
    try:
        decoded = _DECODER.decode(page)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ApiError(f"{PATH}: not a list of APIRequestCounts: {error}") from error
    counts = (_request_count(item.metadata.name, item.status, now) for item in decoded.items or () if item.status)
    return Page(tuple(count for count in counts if count is not None), decoded.metadata.token or "")


def _request_count(name: str, status: _Status, now: datetime | None) -> RequestCount | None:
    if not status.removed_in_release or status.request_count <= 0:
        return None
    resource, _, rest = name.partition(".")
    version, _, group = rest.partition(".")
    if not resource or not version:
        return None
    api = RequestedApi(group, version, resource, "", status.removed_in_release)
    return RequestCount(api, status.request_count, _callers(status, now))


def _callers(status: _Status, now: datetime | None) -> tuple[Caller, ...]:
    """Summed over nodes and hours."""
    counts: dict[tuple[str, str], int] = {}
    hours: dict[tuple[str, str], list[datetime]] = {}
    for hour, log in _hours(status, now):
        for who, count in _users(log):
            counts[who] = counts.get(who, 0) + count
            if hour is not None:
                hours.setdefault(who, []).append(hour)
    callers = [
        Caller(
            user=user,
            user_agent=user_agent,
            count=count,
            first=_text(min(hours[user, user_agent])) if (user, user_agent) in hours else None,
            last=_text(max(hours[user, user_agent])) if (user, user_agent) in hours else None,
        )
        for (user, user_agent), count in counts.items()
    ]
    return tuple(sorted(callers, key=lambda caller: (-caller.count, caller.user, caller.user_agent)))


def _users(log: _Hour) -> Iterator[tuple[tuple[str, str], int]]:
    for node in log.by_node or ():
        named = 0
        for user in node.by_user or ():
            if user.request_count > 0:
                named += user.request_count
                yield (user.username, user.user_agent), user.request_count
        if node.request_count > named:
            yield (OTHERS, ""), node.request_count - named


def _hours(status: _Status, now: datetime | None) -> Iterator[tuple[datetime | None, _Hour]]:
    """Each hour's log and, where it is known, when the hour began. API servers of OpenShift run on UTC."""
    this_hour = None if now is None else now.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)
    if not status.last24h:
        if status.current_hour is not None:
            yield this_hour, status.current_hour
        return
    for index, log in enumerate(status.last24h):
        yield this_hour and this_hour - timedelta(hours=(this_hour.hour - index) % 24), log


def _text(hour: datetime) -> str:
    return hour.strftime("%Y-%m-%dT%H:%M:%SZ")
