"""Which clusters to ask: the contexts of a kubeconfig, or the cluster that this pod runs in.

The `kubernetes` client merges the files, so that a file means here what it means there. Faults are looked for
beforehand: its loader passes over missing files and takes the last current-context where kubectl takes the first.
"""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from k8supgrade.errors import UsageError

IN_CLUSTER = "in-cluster"
DEFAULT_NAMESPACE = "default"
_DEFAULT_FILE = "~/.kube/config"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRef:
    """A context to scan.

    server: the URL, without a password that may stand in it.
    fault: why it cannot be used; only of contexts that nobody asked for by name: one that has gone stale must not
        keep `--all-contexts` from the others.
    kubeconfig: the client's merger of the files; None means the pod's service account. Holds credentials.
    """

    name: str
    server: str
    namespace: str = DEFAULT_NAMESPACE
    fault: str | None = None
    cluster: dict[str, Any] = field(default_factory=dict, repr=False)
    user: dict[str, Any] = field(default_factory=dict, repr=False)
    kubeconfig: Any = field(default=None, repr=False)


def resolve(kubeconfig: str | None, names: Sequence[str], all_contexts: bool) -> list[ContextRef]:
    """The contexts to scan: the named ones, or all, or the current one.

    kubeconfig: a file; None means the files of $KUBECONFIG, else ~/.kube/config, else the pod's service account.

    Raises:
        UsageError: there is nothing of that kind, or a context cannot be used.
    """
    if kubeconfig is not None:
        return _Kubeconfig([_existing(kubeconfig, "--kubeconfig")]).pick(names, all_contexts)
    listed = os.environ.get("KUBECONFIG", "")
    if listed:
        files = [path for path in listed.split(os.pathsep) if path]
        found = [path for path in files if os.path.exists(os.path.expanduser(path))]
        return _Kubeconfig(found or [_existing(listed, "$KUBECONFIG")]).pick(names, all_contexts)
    if os.path.exists(os.path.expanduser(_DEFAULT_FILE)):
        return _Kubeconfig([_DEFAULT_FILE]).pick(names, all_contexts)
    return [_in_cluster(names)]


def _existing(path: str, origin: str) -> str:
    if not os.path.exists(os.path.expanduser(path)):
        raise UsageError(f"{path}: {origin} names this kubeconfig, and it does not exist")
    return path


def _in_cluster(names: Sequence[str]) -> ContextRef:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    token, namespace = _service_account() if host and port else (False, DEFAULT_NAMESPACE)
    if not token:
        raise UsageError(
            f"no kubeconfig: $KUBECONFIG is not set and {_DEFAULT_FILE} does not exist, and this is no pod; "
            "name one with --kubeconfig"
        )
    unknown = [name for name in names if name != IN_CLUSTER]
    if unknown:
        raise UsageError(f"context {unknown[0]}: there is no kubeconfig, only the service account of this pod")
    authority = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    return ContextRef(name=IN_CLUSTER, server=f"https://{authority}", namespace=namespace)


def _service_account() -> tuple[bool, str]:
    """Whether this pod has a token, and its namespace."""
    from kubernetes.config import incluster_config

    token = incluster_config.SERVICE_TOKEN_FILENAME
    try:
        with open(os.path.join(os.path.dirname(token), "namespace"), encoding="utf-8") as file:
            namespace = file.read().strip()
    except (OSError, UnicodeDecodeError):
        namespace = ""
    return os.path.isfile(token), namespace or DEFAULT_NAMESPACE


class _Kubeconfig:
    """Files that exist, merged: of things with the same name, and of current-contexts, the first counts."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._shown = os.pathsep.join(paths)
        self._merged = _merged([os.path.expanduser(path) for path in paths])
        value = self._merged.config.value if self._merged.config is not None else {}
        self._contexts, self._clusters, self._users = (
            {entry["name"]: entry for entry in value.get(section) or ()}
            for section in ("contexts", "clusters", "users")
        )
        if not self._contexts:
            raise UsageError(f"{self._shown}: this kubeconfig has no contexts")

    def pick(self, names: Sequence[str], all_contexts: bool) -> list[ContextRef]:
        if all_contexts:
            return [self._context(name, is_named=False) for name in self._contexts]
        return [self._context(name, is_named=True) for name in dict.fromkeys(names or [self._current()])]

    def _current(self) -> str:
        files = (self._merged.config_files[path] for path in self._merged.paths)
        current = next(filter(None, (file.get("current-context") for file in files)), None)
        if current is None:
            raise UsageError(
                f"{self._shown}: this kubeconfig has no current-context; name one with --context, or take "
                f"--all-contexts ({_some(self._contexts)})"
            )
        return str(current)

    def _context(self, name: str, *, is_named: bool) -> ContextRef:
        if name not in self._contexts:
            close = difflib.get_close_matches(name, self._contexts, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {_some(self._contexts)}"
            raise UsageError(f"{self._shown}: there is no context {name}; {hint}")
        context = _value(self._contexts[name], "context")
        cluster = _value(self._clusters.get(str(context.get("cluster"))), "cluster")
        user = _value(self._users.get(str(context.get("user"))), "user")
        fault = self._fault(context, cluster)
        if fault is not None and is_named:
            raise UsageError(f"{self._shown}: context {name} {fault}")
        return ContextRef(
            name=name,
            server=_without_password(str(cluster.get("server", ""))),
            namespace=str(context.get("namespace") or DEFAULT_NAMESPACE),
            fault=None if fault is None else f"context {name} {fault}",
            cluster=cluster,
            user=user,
            kubeconfig=self._merged,
        )

    def _fault(self, context: dict[str, Any], cluster: dict[str, Any]) -> str | None:
        for section, entries in (("cluster", self._clusters), ("user", self._users)):
            wanted = context.get(section)
            if wanted and str(wanted) not in entries:
                return f"refers to the {section} {wanted}, which this kubeconfig does not have"
        if not context.get("cluster"):
            return "names no cluster"
        server = cluster.get("server")
        try:
            parts = urlsplit(server if isinstance(server, str) else "")
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number, half an IPv6 address
            is_url = False
        if not is_url:
            return f"has a cluster ({context['cluster']}) whose server is no http or https URL"
        return None


def _merged(paths: Iterable[str]) -> Any:
    """File by file, so that a fault can be told with the file it is in. Of the text nothing is shown: it holds keys."""
    import yaml
    from kubernetes.config import ConfigException, kube_config

    client: Any = kube_config  # its types are partial, and those of older releases missing
    merger = client.KubeConfigMerger("")
    for path in paths:
        merger.paths.append(path)
        try:
            merger.load_config(path)
            _check(merger.config_files[path])
        except ConfigException as error:
            if not str(error).endswith("file is empty"):  # which to kubectl is a file without contexts
                raise UsageError(f"{path}: this file is no kubeconfig") from None
            merger.config_files[path] = {}
        except OSError as error:
            raise UsageError(f"{path}: this kubeconfig cannot be read: {error.strerror}") from None
        except yaml.MarkedYAMLError as error:
            where = f" (line {error.problem_mark.line + 1})" if error.problem_mark is not None else ""
            raise UsageError(f"{path}: this kubeconfig is no YAML{where}") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise UsageError(f"{path}: this kubeconfig is no YAML") from None
        except Exception:  # the client looks at nothing before it uses it: whatever is wrong shows as any error
            raise UsageError(f"{path}: this file is no kubeconfig") from None
    merger.config_saved = copy.deepcopy(merger.config_files)
    return merger


def _check(config: dict[str, Any]) -> None:
    """What the client would only find out when it looks something up. Names are texts: kubectl takes nothing else."""
    for section in ("contexts", "clusters", "users"):
        for entry in config.get(section) or ():
            if not isinstance(entry["name"], str):
                raise TypeError


def _value(entry: Any, section: str) -> dict[str, Any]:
    """What a named entry holds; the client wraps the entries."""
    value = getattr(entry, "value", entry)
    inner = value.get(section) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}".rstrip("/")


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if len(shown) > 10 else "")
