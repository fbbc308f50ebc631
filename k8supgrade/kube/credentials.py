"""From a context to connections and headers that say who asks."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from k8supgrade.kube.api import ApiError
from k8supgrade.kube.contexts import ContextRef
from k8supgrade.kube.failures import clean
from k8supgrade.kube.loader import check_oidc, plugin_failure, told
from k8supgrade.kube.proxy import is_loopback, use_proxy
from k8supgrade.kube.transport import bound

# So long a header is used without asking the loader, which runs a plugin each time for tokens of under five minutes.
_FRESH_SECONDS = 20.0


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
        self._headers: list[tuple[str, str]] = []
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
        self.is_anonymous = not (self.configuration.api_key or self.configuration.cert_file)
        self.is_renewable = context.kubeconfig is None or any(
            key in user for key in ("exec", "auth-provider", "tokenFile")
        )
        self.has_answered = False
        self.manager = self._connections()

    def headers(self) -> Sequence[tuple[str, str]]:
        """Who we are. Renews what is about to expire; threads wait for each other here."""
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                self._headers = self._renewed()
                self._read_at = time.monotonic()
            return self._headers

    def _load(self) -> None:
        from kubernetes import config

        client: Any = config
        context = self._context
        check_oidc(context)
        with told(context) as logged:
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
            raise ApiError(plugin_failure(context, logged[-1]), is_unreachable=True)
        provider = context.user.get("auth-provider")
        if provider and not self.configuration.api_key and not self.configuration.cert_file:
            name = clean(str(provider.get("name", "")), 40) if isinstance(provider, dict) else ""
            raise ApiError(
                f"the auth-provider {name} of context {context.name} gives no credentials; log in again, or replace "
                "it with an exec plugin",
                is_unreachable=True,
            )

    def _renewed(self) -> list[tuple[str, str]]:
        """Where that fails, the old ones: they may be good for some minutes yet, and then the server says so."""
        try:
            with told(self._context):
                return self._who()
        except ApiError:
            if not self._headers:
                raise
            return self._headers

    def _who(self) -> list[tuple[str, str]]:
        settings: Mapping[str, Any] = self.configuration.auth_settings()
        headers = [
            (str(one["key"]), str(one["value"]).strip())
            for one in settings.values()
            if one.get("in") == "header" and one.get("value")
        ]
        headers += _impersonation(self._context.user)
        if not all(text.isascii() and text.isprintable() for header in headers for text in header):
            reason = f"the token or user name of context {self._context.name} holds characters that cannot be sent"
            raise ApiError(reason, is_unreachable=True)
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
        except Exception as error:  # the client and urllib3 have many
            is_socks = str(shown).startswith("socks")
            why = "SOCKS needs the Python package PySocks" if is_socks else type(error).__name__
            what = f"the proxy {shown}" if shown else f"the server {context.server}"
            raise ApiError(f"{what} of context {context.name} cannot be used ({why})", is_unreachable=True) from None
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


def _impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Who to act as: the loader knows nothing of it, and to ask as somebody else would show another cluster."""
    for key, header in (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid")):
        if user.get(key):
            yield header, str(user[key])
    for group in user.get("as-groups") or ():
        yield "Impersonate-Group", str(group)
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{quote(str(key), safe='')}", str(value)
