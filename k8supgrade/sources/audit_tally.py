"""Audit events to who calls which API how often, in a table of bounded size."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from k8supgrade.kube.request_count import OTHERS
from k8supgrade.model.origin import Caller

MAX_CALLERS = 10_000
MAX_APIS = 1_000
SHOWN_CALLERS = 20
_MAX_TEXT = 512
_REMEMBERED = 100_000
_OTHERS = (OTHERS, "")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_URI = re.compile(r"/(?:api|apis/([^/?]+))/([^/?]+)/(?:watch/)?(?:namespaces/[^/?]+/)?([^/?]+)")

Api = tuple[str, str, str]


class _User(msgspec.Struct):
    username: str = ""


class _Ref(msgspec.Struct, rename="camel"):
    api_group: str = ""
    api_version: str = ""
    resource: str = ""


class _Annotations(msgspec.Struct):
    deprecated: str = msgspec.field(name="k8s.io/deprecated", default="")
    removed_release: str = msgspec.field(name="k8s.io/removed-release", default="")


class Event(msgspec.Struct, rename="camel"):
    """As much of an event as counts, and of an EventList. Holds no container that could be as long as the text."""

    audit_id: str = msgspec.field(name="auditID", default="")
    request_uri: str = msgspec.field(name="requestURI", default="")
    request_received_timestamp: str = ""
    user: _User | None = None
    impersonated_user: _User | None = None
    user_agent: str = ""
    object_ref: _Ref | None = None
    annotations: _Annotations | None = None
    items: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)


@dataclass(slots=True)
class _Calls:
    count: int = 0
    first: str | None = None
    last: str | None = None

    def add(self, count: int, first: str | None, last: str | None) -> None:
        self.count += count
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)


@dataclass(slots=True)
class Use:
    removed_in: str | None = None
    callers: dict[tuple[str, str], _Calls] = field(default_factory=dict)


class Tally:
    """Who calls which API how often. An event counts once, whatever stages and copies of it there are."""

    def __init__(self) -> None:
        self.uses: dict[Api, Use] = {}
        self.lost = 0
        self._callers = 0
        self._seen: tuple[set[int], set[int]] = (set(), set())

    def add(self, event: Event) -> None:
        annotations = event.annotations or _Annotations()
        api = _api(event)
        # A client may choose the ID, but not the time.
        identity = hash((event.audit_id, event.request_received_timestamp))
        if annotations.deprecated != "true" or api is None or any(identity in s for s in self._seen):
            return
        self._seen[0].add(identity)
        if len(self._seen[0]) >= _REMEMBERED:
            self._seen = (set(), self._seen[0])
        if api not in self.uses and len(self.uses) >= MAX_APIS:
            self.lost += 1
            return
        use = self.uses.setdefault(api, Use())
        use.removed_in = use.removed_in or annotations.removed_release[:_MAX_TEXT] or None
        caller = _caller(event)
        if caller not in use.callers and self._callers >= MAX_CALLERS:
            caller = _OTHERS
        self._callers += caller not in use.callers
        time = event.request_received_timestamp
        at = f"{time[:19]}Z" if _TIME.fullmatch(time) else None
        use.callers.setdefault(caller, _Calls()).add(1, at, at)


def _api(event: Event) -> Api | None:
    """Group, version, resource."""
    ref = event.object_ref
    if ref is not None and ref.api_version and ref.resource:
        return ref.api_group[:_MAX_TEXT], ref.api_version[:_MAX_TEXT], ref.resource[:_MAX_TEXT]
    match = _URI.match(event.request_uri[: 4 * _MAX_TEXT])
    return None if match is None else (match[1] or "", match[2], match[3])


def _caller(event: Event) -> tuple[str, str]:
    """Whom to talk to is the one who sends the request; as whom is part of how."""
    user = (event.user.username if event.user else "")[:_MAX_TEXT]
    if event.impersonated_user is not None and event.impersonated_user.username:
        user += f" (impersonating {event.impersonated_user.username[:_MAX_TEXT]})"
    return user, event.user_agent[:_MAX_TEXT]


def busiest(use: Use) -> tuple[Caller, ...]:
    """Those with the most calls; what the rest calls is that of `others`."""
    named = sorted((item for item in use.callers.items() if item[0] != _OTHERS), key=lambda c: (-c[1].count, c[0]))
    others = [use.callers[_OTHERS]] if _OTHERS in use.callers else []
    rest = _Calls()
    for calls in [*(calls for _, calls in named[SHOWN_CALLERS:]), *others]:
        rest.add(calls.count, calls.first, calls.last)
    shown_ones = named[:SHOWN_CALLERS] + ([(_OTHERS, rest)] if rest.count else [])
    return tuple(
        Caller(user=user, user_agent=agent, count=calls.count, first=calls.first, last=calls.last)
        for (user, agent), calls in shown_ones
    )
