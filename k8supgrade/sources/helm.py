"""Helm releases: the manifests that Helm keeps of what it has installed, without running Helm.

`helm upgrade` compares the chart with the stored manifest, in the versions that this was written in: where the server
no longer serves one of them, the upgrade fails, whatever the live object looks like.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from k8supgrade.kube.api import METADATA_LIST, Api, ApiError
from k8supgrade.kube.paging import pages
from k8supgrade.kube.release import (
    DEPLOYED,
    SUPERSEDED,
    Driver,
    Odd,
    Release,
    ReleaseError,
    Revision,
    decode_object,
    relevant,
    revisions,
)
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_in_portions
from k8supgrade.manifest.records import Records
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Scanned, Skipped
from k8supgrade.sources.helm_written import HelmWritten
from k8supgrade.sources.rbac import rule_for

MAX_OBJECT_BYTES = 96 * 1024 * 1024
_AT_ONCE = 4
_KINDS: dict[Driver, str] = {"secrets": "Secret", "configmaps": "ConfigMap"}
_ROLLBACK_HOOKS = frozenset(("pre-rollback", "post-rollback"))


class HelmSource:
    """Secrets and ConfigMaps are two stores: a release that is in both is two releases, as for Helm.

    Labels decide which revisions are opened; at most four are fetched at a time, and one is unpacked. `written` is told
    what the releases say of their objects, `installed` which chart the deployed ones are of.
    """

    def __init__(
        self,
        api: Api,
        interest: Interest,
        table: LifecycleTable,
        *,
        namespaces: Sequence[str] = (),
        history: bool = False,
        written: HelmWritten | None = None,
        installed: Callable[[ReleaseOrigin], None] | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> None:
        self.scanned = Scanned()
        self._api = api
        self._interest = interest
        self._table = table
        self._places: tuple[str | None, ...] = tuple(dict.fromkeys(namespaces)) or (None,)
        self._history = history
        self._written = written or HelmWritten()
        self._installed = installed or (lambda release: None)
        self._progress = progress or (lambda what, objects: None)

    def collect(self) -> Iterator[Resource | Skipped]:
        try:
            for where in _KINDS:
                yield from self._collect(where)
        except ApiError as error:
            yield Skipped(what=f"{self._api.name}: Helm releases that were not read yet", reason=error.reason)

    def _collect(self, where: Driver) -> Iterator[Resource | Skipped]:
        """Raises ApiError where the server cannot be reached (any more)."""
        stored: list[Revision] = []
        for place in self._places:
            yield from self._list(where, place, {"labelSelector": "owner=helm"}, stored)
        read: set[tuple[str, str]] = set()
        opened: set[tuple[str, str]] = set()
        changed: dict[tuple[str, str], None] = {}
        chosen = relevant(stored, history=self._history)
        for one, answer in self._fetched(where, chosen):
            if isinstance(answer, ApiError) and answer.status == 404:
                changed[one.namespace, one.release] = None
            else:
                opened.add((one.namespace, one.key))
                yield from self._open(where, one, answer, read)
        for namespace, release in changed:  # Helm has deleted the revision meanwhile, and may have made a newer one
            now: list[Revision] = []
            yield from self._list(where, namespace, {"labelSelector": f"owner=helm,name={release}"}, now)
            left = [one for one in relevant(now, history=self._history) if (one.namespace, one.key) not in opened]
            for one, answer in self._fetched(where, left):
                yield from self._open(where, one, answer, read)

    # Which there are

    def _list(
        self, where: Driver, namespace: str | None, query: Mapping[str, str], stored: list[Revision]
    ) -> Iterator[Skipped]:
        """Adds to `stored`: all that there is, or nothing, since half a list would name the wrong revision newest."""
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/{where}" if namespace else f"/api/v1/{where}"
        found: dict[tuple[str, str], Revision] = {}  # an object may come twice, and as something else by then
        try:
            for page in pages(self._api, path, query=query, accept=METADATA_LIST):
                for one in revisions(page):
                    if isinstance(one, Odd):
                        what = f"{self._api.name}: {_KINDS[where]} {one.namespace}/{one.key}"
                        yield Skipped(what=what, reason=one.reason)
                    else:
                        found[one.namespace, one.key] = one
        except (ApiError, ReleaseError) as error:
            of_namespace = f" of namespace {namespace}" if namespace else ""
            what = f"{self._api.name}: Helm releases in {_KINDS[where]}s{of_namespace}"
            yield Skipped(what=what, reason=self._reason(error, where))
        else:
            stored += found.values()

    def _reason(self, error: ApiError | ReleaseError, where: Driver) -> str:
        if isinstance(error, ReleaseError):
            return str(error)
        if error.is_unreachable:
            raise error
        if error.status != 403:
            return error.reason
        rule = rule_for("", where, verbs="get list", namespaced=self._places != (None,))
        return f"{error.reason}; it needs the rule {rule}"

    # What is in them

    def _fetched(self, where: Driver, wanted: Sequence[Revision]) -> Iterator[tuple[Revision, bytes | ApiError]]:
        """In the order of `wanted`; the next ones are on their way while one is looked at."""
        from concurrent.futures import Future, ThreadPoolExecutor

        def fetch(one: Revision) -> bytes | ApiError:
            path = f"/api/v1/namespaces/{quote(one.namespace, safe='')}/{where}/{quote(one.key, safe='')}"
            try:
                return self._api.get(path, limit=MAX_OBJECT_BYTES)
            except ApiError as error:
                return error

        pool = ThreadPoolExecutor(_AT_ONCE)
        waiting: deque[tuple[Revision, Future[bytes | ApiError]]] = deque()
        try:
            for one in wanted:
                if len(waiting) == _AT_ONCE:
                    first, answer = waiting.popleft()
                    yield first, answer.result()
                waiting.append((one, pool.submit(fetch, one)))
            while waiting:
                first, answer = waiting.popleft()
                yield first, answer.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _open(
        self, where: Driver, one: Revision, answer: bytes | ApiError, read: set[tuple[str, str]]
    ) -> Iterator[Resource | Skipped]:
        self._progress(f"Helm release {one.namespace}/{one.release}", self.scanned.resources)
        what = f"{self._api.name}: release {one.namespace}/{one.release} revision {one.revision}"
        try:
            if isinstance(answer, ApiError):
                raise answer
            release = decode_object(answer, where)
        except (ApiError, ReleaseError) as error:
            gone = isinstance(error, ApiError) and error.status == 404
            reason = "it was deleted while the releases were read" if gone else self._reason(error, where)
            yield Skipped(what=what, reason=reason)
            return
        if (one.namespace, one.release) not in read:
            read.add((one.namespace, one.release))
            self.scanned.releases += 1
        yield from self._read(one, release, what)

    def _read(self, one: Revision, release: Release, what: str) -> Iterator[Resource | Skipped]:
        """One document that cannot be read costs only itself."""
        records = Records()
        is_whole = True
        whole = ReleaseOrigin(
            cluster=self._api.name,
            namespace=one.namespace,
            release=one.release,
            revision=one.revision,
            chart=release.chart_name,
            status=one.status,
        )
        if one.status == DEPLOYED:
            self._installed(whole)
        for place, template, text in _texts(release, is_history=one.status == SUPERSEDED):
            origin = replace(whole, template=template)
            try:
                for _ in read_in_portions(io.BytesIO(text.encode()).read, self._interest, records):
                    is_whole = is_whole and not records.faults
                    yield from self._items(records, origin, what, place)
            except UnreadableError as error:
                is_whole = False
                yield from self._items(records, origin, what, place)
                yield Skipped(what=what, reason=f"{place}: {error}", origin=origin)
        self.scanned.resources += records.resources
        if is_whole and one.status != SUPERSEDED:
            self._written.has_read(one.namespace, one.release)

    def _items(self, records: Records, origin: ReleaseOrigin, what: str, place: str) -> Iterator[Resource | Skipped]:
        found, faults = records.take()
        for line, reason in faults:
            yield Skipped(what=what, reason=f"{place}, line {line}: {reason}", origin=origin)
        for _, index, api_version, kind, namespace, name, template, duplicates, manifest, _ in found:
            if namespace is None and self._table.namespaced(api_version, kind):
                namespace = origin.namespace  # as Helm does it
            ref = ObjectRef(api_version=api_version, kind=kind, namespace=namespace, name=name)
            if origin.status != SUPERSEDED:
                self._written.says(ref)
            yield Resource(
                ref=ref,
                origin=replace(origin, template=template or origin.template),
                index=index,
                manifest=manifest,
                duplicates=duplicates,
            )


def _texts(release: Release, *, is_history: bool) -> Iterator[tuple[str, str | None, str]]:
    """Where it stands, the template that it is from if the text itself does not say that, and the text.

    A hook is stored without Helm's `# Source:`; its path is what would stand there (`helm get hooks` writes it so).
    Of a revision of the past, a rollback runs only the hooks of a rollback
    (https://github.com/helm/helm/blob/v3.16.4/pkg/action/rollback.go, performRollback).
    """
    if release.manifest:
        yield "manifest", None, release.manifest
    for hook in release.hooks or ():
        if hook is None or not hook.manifest or (is_history and _ROLLBACK_HOOKS.isdisjoint(hook.events or ())):
            continue
        yield f"hook {hook.path or hook.name}", hook.path or None, hook.manifest
