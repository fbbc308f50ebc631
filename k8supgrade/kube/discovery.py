"""What a server serves, aggregated where it can (one request instead of one per group/version).

The aggregated form is served since 1.26 and on by default since 1.27; older servers answer the same request with the
list of groups, and are then asked about each group/version that matters
(https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api). Discovery is no use of an API: no server
counts it as a deprecated request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import msgspec

from k8supgrade.kube.api import Api, ApiError
from k8supgrade.model.version import KubeVersion, version_order

_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)
_JOBS = 8
_NO_SERVER = "the answer is not what a Kubernetes API server sends"

T = TypeVar("T")


class ServedResource(NamedTuple):
    """A resource that can be listed. `resource` is the plural name of the URL."""

    group: str
    version: str
    kind: str
    resource: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None) -> str:
        """Where its list is."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.resource}" if namespace else f"{root}/{self.resource}"


class Broken(NamedTuple):
    """A group/version (or everything, where it is empty) that the server could not tell about."""

    api_version: str
    reason: str


class Discovery(NamedTuple):
    """`resources` in the order of preference: for each kind the newest stable version first.

    `kinds` names the kind of each (group/version, resource), listable or not.
    """

    resources: tuple[ServedResource, ...]
    kinds: dict[tuple[str, str], str]
    broken: tuple[Broken, ...]


class _Kind(msgspec.Struct):
    kind: str = ""


class _AggregatedResource(msgspec.Struct, rename="camel"):
    resource: str = ""
    response_kind: _Kind | None = None
    scope: str = ""
    verbs: list[str] | None = None


class _AggregatedVersion(msgspec.Struct):
    version: str = ""
    resources: list[_AggregatedResource] | None = None
    freshness: str = ""


class _Metadata(msgspec.Struct):
    name: str = ""


class _AggregatedGroup(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    versions: list[_AggregatedVersion] | None = None


class _GroupVersion(msgspec.Struct, rename="camel"):
    group_version: str = ""


class _Group(msgspec.Struct):
    name: str = ""
    versions: list[_GroupVersion] | None = None


class _Groups(msgspec.Struct):
    """Any of APIGroupDiscoveryList, APIGroupList and APIVersions."""

    kind: str = ""
    items: list[_AggregatedGroup] | None = None
    groups: list[_Group] | None = None
    versions: list[str] | None = None


class _Resource(msgspec.Struct):
    name: str = ""
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] | None = None


class _Resources(msgspec.Struct):
    resources: list[_Resource] | None = None


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = ""


# Made when the module is loaded: msgspec learns a type at its first use, and threads that have it learn one at the same
# time crash the interpreter (seen with 0.22).
_GROUPS = msgspec.json.Decoder(_Groups)
_RESOURCES = msgspec.json.Decoder(_Resources)
_VERSIONS = msgspec.json.Decoder(_Version)


def server_version(api: Api) -> KubeVersion:
    """What the server says it is.

    Raises:
        ApiError: it does not answer, or with something else.
        UsageError: it names no version.
    """
    return KubeVersion.parse(_decode(api.get("/version"), _VERSIONS).git_version)


def discover(api: Api, wants: Callable[[str], bool]) -> Discovery:
    """What is served in the groups that `wants`; what could not be read is told, and costs only itself."""
    resources: list[ServedResource] = []
    kinds: dict[tuple[str, str], str] = {}
    broken: list[Broken] = []
    older: list[str] = []
    for path in ("/api", "/apis"):
        try:
            groups = _decode(api.get(path, accept=_AGGREGATED), _GROUPS)
        except ApiError as error:
            broken.append(Broken("" if path == "/apis" else "v1", error.reason))
            continue
        if groups.kind == "APIGroupDiscoveryList":
            _take(groups.items or (), wants, resources, kinds, broken)
        elif groups.kind in ("APIVersions", "APIGroupList"):
            older += groups.versions or ()
            older += (
                version.group_version
                for group in groups.groups or ()
                if wants(group.name)
                for version in group.versions or ()
            )
        else:
            broken.append(Broken("" if path == "/apis" else "v1", _NO_SERVER))
    _take_older(api, older, resources, kinds, broken)
    return Discovery(tuple(sorted(set(resources), key=_preference)), kinds, tuple(broken))


def _take(
    groups: Iterable[_AggregatedGroup],
    wants: Callable[[str], bool],
    resources: list[ServedResource],
    kinds: dict[tuple[str, str], str],
    broken: list[Broken],
) -> None:
    for group in groups:
        name = group.metadata.name
        if not wants(name):
            continue
        for version in group.versions or ():
            api_version = f"{name}/{version.version}" if name else version.version
            if version.freshness == "Stale":
                broken.append(Broken(api_version, "the server behind this API does not answer"))
            found = [
                _Resource(one.resource, one.response_kind.kind, one.scope == "Namespaced", one.verbs)
                for one in version.resources or ()
                if one.response_kind is not None
            ]
            _add(api_version, found, resources, kinds)


def _take_older(
    api: Api,
    versions: list[str],
    resources: list[ServedResource],
    kinds: dict[tuple[str, str], str],
    broken: list[Broken],
) -> None:
    def read(api_version: str) -> _Resources | Broken:
        try:
            root = "/apis" if "/" in api_version else "/api"
            return _decode(api.get(f"{root}/{api_version}"), _RESOURCES)
        except ApiError as error:
            return Broken(api_version, error.reason)

    if not versions:
        return
    with ThreadPoolExecutor(_JOBS) as pool:
        for api_version, answer in zip(versions, pool.map(read, versions), strict=True):
            if isinstance(answer, Broken):
                broken.append(answer)
            else:
                _add(api_version, answer.resources or (), resources, kinds)


def _add(
    api_version: str,
    found: Iterable[_Resource],
    resources: list[ServedResource],
    kinds: dict[tuple[str, str], str],
) -> None:
    group, _, version = api_version.rpartition("/")
    for one in found:
        kinds[api_version, one.name] = one.kind
        if "/" not in one.name and "list" in (one.verbs or ()):
            resources.append(ServedResource(group, version, one.kind, one.name, one.namespaced))


def _preference(resource: ServedResource) -> tuple[object, ...]:
    return (resource.group, resource.kind, *version_order(resource.version), resource.resource)


def _decode(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(_NO_SERVER) from None
