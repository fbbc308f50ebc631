"""Which clusters a command looks at, and whether they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from k8supgrade import __version__
from k8supgrade.errors import UsageError
from k8supgrade.model.resource import Scanned, Skipped
from k8supgrade.model.verdict import Cluster
from k8supgrade.model.version import KubeVersion

if TYPE_CHECKING:
    from k8supgrade.kube.api import Api

F = TypeVar("F", bound=Callable[..., Any])

USER_AGENT = f"k8supgrade/{__version__} (read-only upgrade scan)"
_AT_ONCE = 16
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", re.ASCII)


def _namespaces(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """An empty name, as of a variable that is not set, would otherwise stand for the whole cluster."""
    for name in names:
        if not _NAMESPACE.match(name):
            raise UsageError(f"-n {name!r}: a namespace is a DNS label: lower case letters, digits, hyphens")
    return tuple(dict.fromkeys(names))


_OPTIONS = (
    click.option(
        "--context",
        "contexts",
        multiple=True,
        envvar="K8SUPGRADE_CONTEXT",
        metavar="NAME",
        help="Context of the kubeconfig instead of the current one; repeatable.",
    ),
    click.option(
        "--all-contexts", is_flag=True, envvar="K8SUPGRADE_ALL_CONTEXTS", help="Every context, in one report."
    ),
    click.option(
        "--kubeconfig",
        envvar="K8SUPGRADE_KUBECONFIG",
        metavar="FILE",
        type=click.Path(),
        help="Default: $KUBECONFIG, ~/.kube/config, or the service account of the pod.",
    ),
    click.option(
        "-n",
        "--namespace",
        "namespaces",
        multiple=True,
        envvar="K8SUPGRADE_NAMESPACE",
        metavar="NS",
        callback=_namespaces,
        help="Only what is in this namespace; rights in it are enough then; repeatable.",
    ),
    click.option(
        "--allow-deprecated-calls",
        is_flag=True,
        envvar="K8SUPGRADE_ALLOW_DEPRECATED_CALLS",
        help="List also the kinds that only a deprecated version serves; the server records such requests.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=30.0,
        show_default=True,
        envvar="K8SUPGRADE_TIMEOUT",
        metavar="SECONDS",
        help="For each request to a server.",
    ),
)


def cluster_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Reached(NamedTuple):
    """A cluster that answers. `version` is what its server runs; `confines`: a snapshot's own options."""

    api: Api
    version: KubeVersion
    confines: dict[str, Any] = {}  # noqa: RUF012 -- never changed


class Unreached(NamedTuple):
    """A cluster that was asked for and gives no answer."""

    name: str
    reason: str


Asked = Reached | Unreached


class Gap:
    """A source of nothing but the statement that something was not examined."""

    def __init__(self, skipped: Skipped) -> None:
        self.scanned = Scanned()
        self._skipped = skipped

    def collect(self) -> Iterator[Skipped]:
        yield self._skipped


def connect(options: dict[str, Any]) -> list[Asked]:
    """Asks every cluster that the options name for its version, all at once.

    Raises:
        UsageError: no kubeconfig, an unknown context, credentials that cannot be made.
    """
    from concurrent.futures import ThreadPoolExecutor

    from k8supgrade.kube.client import Client
    from k8supgrade.kube.contexts import resolve

    refs = resolve(options["kubeconfig"], options["contexts"], options["all_contexts"])
    clients = [Client(ref, timeout=options["timeout"], user_agent=USER_AGENT) for ref in refs]
    if len(clients) == 1:
        return [_reach(clients[0])]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_reach, clients))


def open_snapshots(paths: Sequence[str]) -> list[Asked]:
    """The clusters of snapshots; what was asked when they were taken is all that can be asked.

    Raises:
        UsageError: a file is no snapshot.
    """
    from k8supgrade.sources.snapshot import SnapshotApi

    clusters: list[Asked] = []
    for path in dict.fromkeys(paths):
        api = SnapshotApi(path)
        cluster = _reach(api)
        if isinstance(cluster, Reached):
            confines = {
                "namespaces": api.namespaces,
                "allow_deprecated_calls": api.made_deprecated_calls,
                "helm_history": api.holds_history,
                "helm": api.holds_releases,
            }
            cluster = cluster._replace(confines=confines)
        clusters.append(cluster)
    return clusters


def _reach(api: Api) -> Reached | Unreached:
    from k8supgrade.kube.api import ApiError
    from k8supgrade.kube.discovery import server_version

    try:
        return Reached(api, server_version(api))
    except ApiError as error:
        return Unreached(api.name, error.reason)
    except UsageError as error:
        return Unreached(api.name, f"the server names no version: {error}")


def gap(cluster: Unreached) -> Gap:
    return Gap(Skipped(what=f"cluster {cluster.name}", reason=cluster.reason))


def entries(clusters: Sequence[Asked]) -> tuple[Cluster, ...]:
    """The report's list of clusters, in the order in which they were asked for."""
    return tuple(
        Cluster(name=cluster.api.name, version=str(cluster.version), reached=True)
        if isinstance(cluster, Reached)
        else Cluster(name=cluster.name, version=None, reached=False)
        for cluster in clusters
    )
