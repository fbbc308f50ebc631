"""Users' names and passwords from where Helm and Docker keep them. They go into a request, and nowhere else."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from k8supgrade.model.pin import ChartRepository

_HELPER_SECONDS = 10.0
_DOCKER_HUB = ("docker.io", "registry-1.docker.io", "index.docker.io")


class Login(NamedTuple):
    """`token`: an identity token, which is exchanged for another one instead of a password."""

    username: str
    password: str
    token: str | None = None


def helm_home(env: Mapping[str, str], what: str) -> str:
    """Where Helm keeps its configuration (pkg/helmpath of helm 3)."""
    if home := env.get(f"HELM_{what}_HOME"):
        return home
    if home := env.get(f"XDG_{what}_HOME"):
        return os.path.join(home, "helm")
    user = os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(user, "Library", "Preferences", "helm")
    return os.path.join(user, ".config", "helm")


def with_login(repository: ChartRepository, env: Mapping[str, str]) -> ChartRepository:
    """With what `helm repo add` has kept for the same address, where the repository brings no user of its own."""
    if repository.username is not None or repository.is_oci:
        return repository
    path = env.get("HELM_REPOSITORY_CONFIG") or os.path.join(helm_home(env, "CONFIG"), "repositories.yaml")
    for entry in _repositories(path):
        if str(entry.get("url", "")).rstrip("/") != repository.url.rstrip("/"):
            continue
        return replace(
            repository,
            username=_text(entry, "username"),
            password=_text(entry, "password"),
            ca_file=repository.ca_file or _text(entry, "caFile"),
            cert_file=repository.cert_file or _text(entry, "certFile"),
            key_file=repository.key_file or _text(entry, "keyFile"),
            skip_tls_verify=repository.skip_tls_verify or entry.get("insecure_skip_tls_verify") is True,
            pass_credentials=repository.pass_credentials or entry.get("pass_credentials_all") is True,
        )
    return repository


def _repositories(path: str) -> list[dict[str, Any]]:
    import yaml

    try:
        with open(path, "rb") as file:
            found = yaml.safe_load(file)
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return []
    entries = found.get("repositories") if isinstance(found, dict) else None
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) and value else None


def registry_login(repository: ChartRepository, env: Mapping[str, str]) -> Login | None:
    """Of the repository itself, of `helm registry login`, of `docker login`; None where nobody is known."""
    if repository.username is not None:
        return Login(repository.username, repository.password or "")
    host = urlsplit(repository.url).netloc
    helm = env.get("HELM_REGISTRY_CONFIG") or os.path.join(helm_home(env, "CONFIG"), "registry", "config.json")
    docker = os.path.join(env.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker"), "config.json")
    for path in (helm, docker):
        login = _of_config(path, host, env)
        if login is not None:
            return login
    return None


def _of_config(path: str, host: str, env: Mapping[str, str]) -> Login | None:
    try:
        with open(path, "rb") as file:
            config = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(config, dict):
        return None
    names = _names(host)
    helpers = config.get("credHelpers")
    helper = next((helpers[name] for name in names if name in helpers), None) if isinstance(helpers, dict) else None
    helper = helper or config.get("credsStore")
    if isinstance(helper, str) and (login := _of_helper(helper, names, env)) is not None:
        return login
    auths = config.get("auths")
    for name in names:
        entry = auths.get(name) if isinstance(auths, dict) else None
        if isinstance(entry, dict) and (login := _of_entry(entry)) is not None:
            return login
    return None


def _names(host: str) -> list[str]:
    """How a registry is called in these files."""
    names = [host, f"https://{host}", f"http://{host}"]
    return [*names, "https://index.docker.io/v1/"] if host in _DOCKER_HUB else names


def _of_entry(entry: Mapping[str, Any]) -> Login | None:
    token = _text(entry, "identitytoken")
    auth = _text(entry, "auth")
    if auth is not None:
        try:
            username, _, password = base64.b64decode(auth).decode().partition(":")
        except ValueError:
            return None
        return Login(username, password.rstrip("\0"), token)
    username = _text(entry, "username") or ""
    password = _text(entry, "password") or ""
    return Login(username, password, token) if username or token else None


def _of_helper(name: str, hosts: list[str], env: Mapping[str, str]) -> Login | None:
    """`docker-credential-NAME get`: the user has named the program in his own configuration."""
    program = shutil.which(f"docker-credential-{name}") if "/" not in name else None
    if program is None:
        return None
    for host in hosts:
        try:
            done = subprocess.run(  # noqa: S603 - from PATH, no shell
                [program, "get"], input=host.encode(), capture_output=True, timeout=_HELPER_SECONDS, env=dict(env),
                check=False,
            )  # fmt: skip
            found = json.loads(done.stdout) if done.returncode == 0 else None
        except (OSError, ValueError, subprocess.TimeoutExpired):
            continue
        if isinstance(found, dict) and (secret := _text(found, "Secret")) is not None:
            username = _text(found, "Username") or ""
            return Login("", "", secret) if username == "<token>" else Login(username, secret)
    return None
