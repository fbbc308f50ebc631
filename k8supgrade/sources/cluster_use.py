"""What a server itself knows of the use of deprecated APIs: its metrics, and OpenShift's counts of requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from k8supgrade.kube.api import TEXT, Api, ApiError
from k8supgrade.kube.discovery import Discovery
from k8supgrade.kube.metrics import Metrics, RequestedApi
from k8supgrade.kube.metrics import parse as parse_metrics
from k8supgrade.kube.paging import pages
from k8supgrade.kube.request_count import decode as decode_counts
from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.resource import Request, Skipped
from k8supgrade.sources.rbac import rule_for

REQUEST_COUNTS = "apiserver.openshift.io"
_WHO = "who calls deprecated APIs"


class ApiUse:
    """Reads the metrics at once; `why_not_stored` says why a number of objects is not known.

    Raises:
        ApiError: the server cannot be reached.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._metrics: Metrics | None = None
        self._failure = ""
        self.why_not_stored = "the server's metrics, which can hold the number of objects, do not"
        try:
            self._metrics = parse_metrics(api.get("/metrics", accept=TEXT))
        except ApiError as error:
            if error.is_unreachable:
                raise
            self._failure = error.reason
            self.why_not_stored = f"the server's metrics, which hold the number, were not read: {self._failure}"

    def stored(self, group: str, resource: str) -> int | None:
        """How many objects there are, None where the metrics do not tell."""
        return None if self._metrics is None else self._metrics.stored(group, resource)

    def requests(self, discovery: Discovery) -> Iterator[Request | Skipped]:
        """Where OpenShift names the callers, the bare fact that the metrics hold is left out."""
        named: set[tuple[str, str]] = set()
        listed = next((one for one in discovery.resources if one.group == REQUEST_COUNTS), None)
        if listed is not None and listed.resource == "apirequestcounts":
            for item in self._counted(listed.path(), discovery):
                if isinstance(item, Request):
                    named.add((item.api_version, item.resource))
                yield item
        if self._metrics is None:
            reason = f'{self._failure}; it needs the rule nonResourceURLs: ["/metrics"], verbs: ["get"]'
            yield Skipped(what=f"{self._api.name}: metrics ({_WHO})", reason=reason, optional=True)
            return
        origin = ClusterOrigin(cluster=self._api.name, evidence="requested")
        for one in self._metrics.requested:
            if (one.api_version, one.resource) not in named:
                yield self._request(one, origin, discovery)

    def _counted(self, path: str, discovery: Discovery) -> Iterator[Request | Skipped]:
        what = f"{self._api.name}: list apirequestcounts.{REQUEST_COUNTS} ({_WHO})"
        try:
            for page in pages(self._api, path):
                for one in decode_counts(page, datetime.now(timezone.utc)).requested:
                    origin = ClusterOrigin(
                        cluster=self._api.name, evidence="requested", count=one.total, callers=one.callers
                    )
                    yield self._request(one.api, origin, discovery)
        except ApiError as error:
            if error.is_unreachable:
                raise
            reason = error.reason
            if error.status == 403:
                reason += f"; it needs the rule {rule_for(REQUEST_COUNTS, 'apirequestcounts')}"
            yield Skipped(what=what, reason=reason, optional=True)

    def _request(self, one: RequestedApi, origin: ClusterOrigin, discovery: Discovery) -> Request:
        return Request(
            api_version=one.api_version,
            kind=discovery.kinds.get((one.api_version, one.resource), one.resource),
            resource=f"{one.resource}/{one.subresource}" if one.subresource else one.resource,
            removed_in=one.removed_release or None,
            origin=origin,
        )
