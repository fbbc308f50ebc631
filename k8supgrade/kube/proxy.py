"""Through which proxy a server is asked: the kubeconfig's, else the environment's, as kubectl has it."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "ip6-localhost")


def use_proxy(configuration: Any, proxy_url: object) -> str | None:
    """Sets the client's proxy; returns it without its password, None where there is none.

    The client of some releases does not know `proxy-url`, or lets $NO_PROXY or none at all count for it; none logs in.
    """
    server = urlsplit(str(configuration.host))
    configuration.proxy, configuration.no_proxy = None, ""
    if isinstance(proxy_url, str) and proxy_url:
        configuration.proxy = proxy_url
    elif not is_loopback(server.hostname or ""):
        environment = getproxies_environment()
        configuration.proxy = environment.get(server.scheme)
        configuration.no_proxy = environment.get("no", "")
    if not configuration.proxy:
        return None
    if "://" not in configuration.proxy:
        configuration.proxy = f"http://{configuration.proxy}"
    try:
        parts = urlsplit(configuration.proxy)
    except ValueError:
        return "URL"
    if parts.username:
        from urllib3.util import make_headers

        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        configuration.proxy_headers = make_headers(proxy_basic_auth=login)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
