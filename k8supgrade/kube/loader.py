"""The `kubernetes` client's loader of credentials, with its failures in our words.

It logs some failures (of exec plugins) and goes on without credentials, and its exceptions can hold whole entries of
the kubeconfig: what it logs is caught here, and of what it raises only the known texts are shown.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from k8supgrade.kube.api import ApiError
from k8supgrade.kube.contexts import ContextRef
from k8supgrade.kube.failures import clean

_MISSING_FILE = re.compile(r"File does not exist: (\S.*)")
_SKEW_SECONDS = 300  # the loader's: a token counts as expired that long before
_EXIT_CODE = re.compile(r"exec: process returned (-?\d+)(?:\. (.*))?", re.DOTALL)


@contextmanager
def told(context: ContextRef) -> Iterator[list[str]]:
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
        if "auth-provider" in context.user and not missing:
            raise _unreadable(context, "the login of its auth-provider cannot be renewed; log in again") from None
        raise _unreadable(
            context, f"the file {missing[1]} does not exist" if missing else "an entry is missing"
        ) from None
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else type(error).__name__
        raise _unreadable(context, why) from None
    except binascii.Error:
        raise _unreadable(context, "the kubeconfig holds data that is no base64") from None
    except Exception as error:  # of the libraries for OIDC and OAuth, and of theirs; their texts may hold secrets
        why = clean(str(getattr(error, "error", "") or type(error).__name__), 60)
        raise _unreadable(context, f"the login failed or could not be renewed ({why}); log in again") from None
    finally:
        root.removeHandler(handler)
        root.removeFilter(keep)


def check_oidc(context: ContextRef) -> None:
    """The loader renews an OIDC login without looking at the certificate of whom it asks, unless the kubeconfig names
    the authority for it. What it hands over there is good for a whole login, so it must not.

    Raises:
        ApiError: this is such a login, and it has expired.
    """
    provider = context.user.get("auth-provider")
    config = provider.get("config") if isinstance(provider, dict) and provider.get("name") == "oidc" else None
    if not isinstance(config, dict) or config.keys() & {"idp-certificate-authority", "idp-certificate-authority-data"}:
        return
    try:
        _, claims, _ = str(config.get("id-token")).split(".")
        expires = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
        has_expired = float(expires) - _SKEW_SECONDS <= time.time()
    except (ValueError, KeyError, TypeError):
        return  # the loader does not use such a token, or never renews it
    if has_expired:
        raise _unreadable(
            context,
            "the OIDC login has expired; renew it with any kubectl command, or log in again (it is not renewed here "
            "where the kubeconfig has no idp-certificate-authority)",
        )


def _unreadable(context: ContextRef, why: str) -> ApiError:
    whose = f"of context {context.name}" if context.kubeconfig is not None else "of this pod's service account"
    return ApiError(f"the credentials {whose} cannot be used: {why}", is_unreachable=True)


def plugin_failure(context: ContextRef, logged: str) -> str:
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
