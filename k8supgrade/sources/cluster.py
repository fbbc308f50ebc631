"""A live cluster's objects: what their own records tell of how they were written, and who calls deprecated APIs.

Nothing here is recorded as deprecated use by the server: kinds are listed through versions that are not deprecated,
and counted through the server's metrics where there is no such version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from k8supgrade.kube import crd
from k8supgrade.kube.api import JSON, METADATA, METADATA_LIST, Api, ApiError
from k8supgrade.kube.discovery import discover
from k8supgrade.kube.paging import pages
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.resource import ObjectRef, Request, Resource, Scanned, Skipped
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.background import in_background
from k8supgrade.sources.cluster_objects import ObjectReader
from k8supgrade.sources.cluster_plan import Listing, Planner
from k8supgrade.sources.cluster_use import REQUEST_COUNTS, ApiUse
from k8supgrade.sources.helm_written import HelmWritten
from k8supgrade.sources.rbac import rule_for

_WORKERS = 6
_COUNTED = (
    "{count} stored; their names were not read, for a list would itself be a deprecated request; "
    "--allow-deprecated-calls reads them"
)
_NOT_COUNTED = (
    "only a deprecated version serves it, and listing it would itself be a deprecated request, for which some "
    "platforms refuse an upgrade; {why}. Allow reading /metrics, or add --allow-deprecated-calls"
)


class _Page(NamedTuple):
    """A page of a list, and who reads it; `what` is the list's name in a message."""

    name: str
    what: str
    reader: ObjectReader
    data: bytes


class ClusterSource:
    """`interest` is asked again once the definitions of custom resources have been read: they add to it.

    `namespaces`: look at these alone; nothing is then asked of the cluster as a whole but what every user may read.
    """

    def __init__(
        self,
        api: Api,
        interest: Callable[[], Interest],
        table: LifecycleTable,
        target: Target,
        *,
        current: KubeVersion,
        namespaces: Sequence[str] = (),
        allow_deprecated_calls: bool = False,
        helm: HelmWritten | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> None:
        self.scanned = Scanned()
        self._api = api
        self._interest = interest
        self._table = table
        self._target = target
        self._current = current
        self._namespaces = tuple(dict.fromkeys(namespaces))
        self._allow_deprecated_calls = allow_deprecated_calls
        self._helm = helm
        self._progress = progress or (lambda what, objects: None)
        self._deprecated: set[tuple[str, str]] = set()

    def collect(self) -> Iterator[Resource | Request | Skipped]:
        try:
            yield from self._collect()
        except ApiError as error:
            yield self._skip("what had not been read yet", error.reason)

    def _collect(self) -> Iterator[Resource | Request | Skipped]:
        """Raises ApiError where the server cannot be reached (any more)."""
        use = None
        if self._namespaces:
            yield from self._missing_namespaces()
        else:
            self._progress("metrics", 0)
            use = ApiUse(self._api)  # read before our own lists, so that they cannot show in it
            yield from self._definitions()
        interest = self._interest()
        planner = Planner(
            interest,
            self._table,
            current=self._current,
            target=self._target.kubernetes,
            is_deprecated=lambda *api: api in self._deprecated,
        )
        self._progress("discovery", self.scanned.resources)
        discovery = discover(self._api, lambda group: planner.wants(group) or group == REQUEST_COUNTS)
        needed = planner.groups()
        for broken in discovery.broken:
            is_optional = bool(broken.api_version) and broken.api_version.rpartition("/")[0] not in needed
            what = f"discovery of {broken.api_version or 'the API groups'}"
            yield self._skip(what, broken.reason, optional=is_optional)
        if interest.requests and use is not None:
            yield from use.requests(discovery)
        yield from self._objects(list(planner.plan(discovery)), interest, use)

    def _missing_namespaces(self) -> Iterator[Skipped]:
        """A name that was mistyped must not pass for a namespace without faults."""
        for namespace in self._namespaces:
            if not self._may_exist(namespace):
                yield self._skip(f"namespace {namespace}", "there is no such namespace")

    def _may_exist(self, namespace: str) -> bool:
        """Whoever may not look is believed."""
        try:
            self._api.get(f"/api/v1/namespaces/{namespace}", accept=f"{METADATA},{JSON}")
        except ApiError as error:
            if error.is_unreachable:
                raise
            return error.status != 404
        return True

    def _definitions(self) -> Iterator[Resource | Skipped]:
        if not self._interest().definitions:
            return
        self._progress("customresourcedefinitions", 0)
        what = "list customresourcedefinitions.apiextensions.k8s.io"
        try:
            for page in pages(self._api, crd.PATH, page_size=crd.PAGE_SIZE):
                for manifest in crd.definitions(page):
                    self.scanned.resources += 1
                    self._deprecated |= crd.deprecated_apis(manifest)
                    yield Resource(
                        ref=ObjectRef(
                            api_version=crd.API_VERSION,
                            kind=crd.KIND,
                            namespace=None,
                            name=manifest["metadata"]["name"] or None,
                        ),
                        origin=ClusterOrigin(cluster=self._api.name, evidence="served"),
                        index=0,
                        manifest=manifest,
                        is_written=False,
                    )
        except ApiError as error:
            if error.is_unreachable:
                raise
            if error.status != 404:  # a server without custom resources
                yield self._skip(what, self._reason(error, "apiextensions.k8s.io", "customresourcedefinitions"))
        except msgspec.DecodeError as error:
            yield self._skip(what, f"the answer is no list of them: {error}")

    def _objects(self, listings: list[Listing], interest: Interest, use: ApiUse | None) -> Iterator[Resource | Skipped]:
        jobs = []
        for listing in listings:
            if self._namespaces and not listing.served.namespaced:
                continue
            if listing.deprecated and not self._allow_deprecated_calls:
                yield from self._count(listing, use)
                continue
            reader = ObjectReader(self._api.name, listing, interest, self._table, self._target, self._helm)
            jobs += [partial(self._list, listing, reader, namespace) for namespace in self._namespaces or (None,)]
        for page in in_background(jobs, workers=_WORKERS):
            if isinstance(page, Skipped):
                yield page
            else:
                yield from self._read(page)

    def _list(self, listing: Listing, reader: ObjectReader, namespace: str | None) -> Iterator[_Page | Skipped]:
        """Runs in a thread of its own, which asks for the next page while this one is read."""
        what = f"list {listing.name}" + (f" in namespace {namespace}" if namespace else "")
        accept = JSON if listing.body else f"{METADATA_LIST},{JSON}"
        try:
            for data in pages(self._api, listing.served.path(namespace), accept=accept):
                yield _Page(listing.name, what, reader, data)
        except ApiError as error:
            if error.is_unreachable:
                raise
            yield self._skip(what, self._reason(error, listing.served.group, listing.served.resource))

    def _read(self, page: _Page) -> Iterator[Resource | Skipped]:
        try:
            batch = page.reader.read(page.data)
        except msgspec.DecodeError as error:
            yield self._skip(page.what, f"the answer is no list of objects: {error}")
            return
        self.scanned.resources += batch.objects
        self._progress(page.name, self.scanned.resources)
        yield from batch.items

    def _count(self, listing: Listing, use: ApiUse | None) -> Iterator[Resource | Skipped]:
        """Only a deprecated version serves the kind. Where it lives on at the target, its traces are all that could
        tell something, and these are in a list that we do not ask for."""
        served = listing.served
        count = None if use is None else use.stored(served.group, served.resource)
        if count is None:
            why = "the server's metrics tell of no single namespace" if use is None else use.why_not_stored
            yield self._skip(f"list {listing.name}", _NOT_COUNTED.format(why=why))
        elif count:
            self.scanned.resources += count
            yield Resource(
                ref=ObjectRef(api_version=served.api_version, kind=served.kind, namespace=None, name=None),
                origin=ClusterOrigin(cluster=self._api.name, evidence="metrics", count=count),
                index=0,
                note=_COUNTED.format(count=count),
            )

    def _reason(self, error: ApiError, group: str, resource: str) -> str:
        if error.status != 403:
            return error.reason
        return f"{error.reason}; it needs the rule {rule_for(group, resource, namespaced=bool(self._namespaces))}"

    def _skip(self, what: str, reason: str, *, optional: bool = False) -> Skipped:
        return Skipped(what=f"{self._api.name}: {what}", reason=reason, optional=optional)
