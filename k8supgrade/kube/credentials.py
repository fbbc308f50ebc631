"""From a context to connections and an Authorization header, through the `kubernetes` client's loader.

The loader logs some failures (of exec plugins) and goes on without credentials, and its exceptions can hold whole
entries of the kubeconfig: what it logs is caught here, and what it raises is told in other words.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from k8supgrade.kube.api import ApiError
from k8supgrade.kube.contexts import ContextRef
from k8supgrade.kube.failures import clean
from k8supgrade.kube.proxy import is_loopback, use_proxy
from k8supgrade.kube.transport import bound

# So long a header is used without asking the loader, which runs a plugin each time for tokens of under five minutes.
_FRESH_SECONDS = 20.0
_MISSING_FILE = re.compile(r"File does not exist: (\S.*)")
_EXIT_CODE = re.compile(r"exec: process returned (-?\d+)(?:\. (.*))?", re.DOTALL)
_IMPERSONATE = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}


class Session:
    """A context's connections and credentials, as they were when they were loaded.

    Raises:
        ApiError: they cannot be loaded; `is_unreachable`, for without them there is nothing to ask.
    """

    def __init__(self, context: ContextRef, maxsize: int) -> None:
        from kubernetes.client import Configuration

        if context.fault is not None:
            raise ApiError(context.fault, is_unreachable=True)
        self._context = context
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._read_at = -_FRESH_SECONDS
        self.configuration: Any = Configuration()
        self.configuration.connection_pool_maxsize = maxsize
        self._load()
        self.base = str(self.configuration.host).rstrip("/")
        parts = urlsplit(self.base)
        host = parts.hostname or ""
        default = 443 if parts.scheme == "https" else 80
        self.address = f"[{host}]:{parts.port or default}" if ":" in host else f"{host}:{parts.port or default}"
        self.packs = not is_loopback(host) and context.cluster.get("disable-compression") is not True
        user = context.user
        self.is_anonymous = not (self._authorization() or self.configuration.cert_file)
        self.is_renewable = context.kubeconfig is None or any(
            key in user for key in ("exec", "auth-provider", "tokenFile")
        )
        self.has_answered = False
        self.manager = self._connections()

    def headers(self) -> Mapping[str, str]:
        """Who we are. Renews what is about to expire; threads wait for each other here."""
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                self._headers = {**_impersonation(self._context.user), **self._renewed()}
                self._read_at = time.monotonic()
            return self._headers

    def _load(self) -> None:
        from kubernetes import config

        client: Any = config
        context = self._context
        with _told(context) as logged:
            if context.kubeconfig is None:
                client.load_incluster_config(client_configuration=self.configuration)
            else:
                loader = client.kube_config.KubeConfigLoader(
                    config_dict=context.kubeconfig.config,
                    active_context=context.name,
                    config_base_path=None,
                    config_persister=context.kubeconfig.save_changes,  # a refresh token may be good for one use only
                )
                loader.load_and_set(self.configuration)
        if logged:
            raise ApiError(_plugin_failure(context, logged[-1]), is_unreachable=True)
        provider = context.user.get("auth-provider")
        if provider and not self.configuration.api_key and not self.configuration.cert_file:
            name = clean(str(provider.get("name", "")), 40) if isinstance(provider, dict) else ""
            raise ApiError(
                f"the auth-provider {name} of context {context.name} gives no credentials; log in again, or replace "
                "it with an exec plugin",
                is_unreachable=True,
            )

    def _renewed(self) -> dict[str, str]:
        """Where that fails, the old ones: they may be good for some minutes yet, and then the server says so."""
        try:
            with _told(self._context):
                return self._authorization()
        except ApiError:
            if not self._headers:
                raise
            return self._headers

    def _authorization(self) -> dict[str, str]:
        settings: Mapping[str, Any] = self.configuration.auth_settings()
        headers = {
            str(one["key"]): str(one["value"]).strip()
            for one in settings.values()
            if one.get("in") == "header" and one.get("value")
        }
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise ApiError(
                f"the token of context {self._context.name} holds characters that no token can have; log in again",
                is_unreachable=True,
            )
        return headers

    def _connections(self) -> Any:
        from kubernetes.client import rest

        configuration, context = self.configuration, self._context
        if self.base.startswith("https:"):
            _check_files(configuration, context)
            if not configuration.verify_ssl:
                import urllib3

                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the kubeconfig asks for it
        else:
            configuration.tls_server_name = None
        shown = use_proxy(configuration, context.cluster.get("proxy-url"))
        try:
            client: Any = rest
            manager = client.RESTClientObject(configuration).pool_manager
        except Exception as error:  # the client and urllib3 have many, and a missing package for SOCKS
            raise ApiError(
                f"the proxy {shown} of context {context.name} cannot be used ({type(error).__name__})"
                if shown
                else f"no connection to {self.address} can be made ({type(error).__name__})",
                is_unreachable=True,
            ) from None
        bound(manager)
        return manager


def _check_files(configuration: Any, context: ContextRef) -> None:
    """Here, where it can be said which file it is, and where nobody is asked for the password of a key."""
    trial = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        what = "certificate authority"
        if configuration.ssl_ca_cert:
            trial.load_verify_locations(configuration.ssl_ca_cert)
        what = "client certificate or its key"
        if configuration.cert_file:
            trial.load_cert_chain(configuration.cert_file, configuration.key_file, password=lambda: b"")
    except (OSError, ValueError) as error:  # an ssl.SSLError is an OSError
        why = "it is no readable PEM" if isinstance(error, (ssl.SSLError, ValueError)) else error.strerror
        raise ApiError(f"the {what} of context {context.name} cannot be used: {why}", is_unreachable=True) from None


def _impersonation(user: Mapping[str, Any]) -> dict[str, str]:
    """Who to act as: the loader knows nothing of it, and to ask as somebody else would show another cluster."""
    headers = {header: str(user[key]) for key, header in _IMPERSONATE.items() if user.get(key)}
    return {header: value for header, value in headers.items() if value.isascii() and value.isprintable()}


@contextmanager
def _told(context: ContextRef) -> Iterator[list[str]]:
    """Collects what the loader logs (on the root logger) in this thread; raises its exceptions as ApiErrors."""
    from kubernetes.config import ConfigException

    logged: list[str] = []
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        logged.append(record.getMessage())
        return False

    root, handler = logging.getLogger(), logging.NullHandler()
    root.addFilter(keep)
    root.addHandler(handler)  # without any, the first message would set up logging to standard error
    try:
        yield logged
    except ApiError:
        raise
    except ConfigException as error:
        missing = _MISSING_FILE.match(str(error))
        what = f"the file {missing[1]} does not exist" if missing else "the kubeconfig's entry is not complete"
        raise ApiError(
            f"the credentials of context {context.name} cannot be read: {what}", is_unreachable=True
        ) from None
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else type(error).__name__
        raise ApiError(
            f"the credentials of context {context.name} cannot be read: {why}", is_unreachable=True
        ) from None
    except Exception as error:  # of the OIDC and OAuth libraries, or of data that is no base64; texts may hold secrets
        why = clean(str(getattr(error, "error", "") or type(error).__name__), 60)
        raise ApiError(
            f"the credentials of context {context.name} cannot be read or renewed ({why}); log in again",
            is_unreachable=True,
        ) from None
    finally:
        root.removeHandler(handler)
        root.removeFilter(keep)


def _plugin_failure(context: ContextRef, logged: str) -> str:
    """What the loader says of an exec plugin, without what the plugin wrote to standard output."""
    plugin = context.user.get("exec")
    command = clean(str(plugin.get("command")) if isinstance(plugin, dict) else "", 100)
    program = f"the credential plugin {command} of context {context.name}"
    exited = _EXIT_CODE.match(logged)
    if exited:
        said = clean(exited[2] or "")
        return (
            f"{program} failed with exit code {exited[1]}{': ' + said if said else ''}; log in again, or run it by hand"
        )
    if logged.startswith("[Errno 2]"):
        return f"{program} does not exist; install it, or see that it is in $PATH"
    if logged.startswith("[Errno"):
        return f"{program} cannot be run; see that it is an executable program"
    if "has no attribute 'strip'" in logged:  # it ran in a terminal, and its words went there
        return f"{program} failed; log in again, or run it by hand"
    if "api version" in logged:
        return f"{program} answers with another apiVersion than the kubeconfig asks for"
    return f"{program} gives no credentials; log in again, or run it by hand"
