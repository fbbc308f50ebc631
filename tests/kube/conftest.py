"""What the tests of this room share: a server, a kubeconfig, and a client for it that never really sleeps."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.kube.client import Client
from k8supgrade.kube.contexts import ContextRef, resolve
from tests.kube.servers import Server, serving

USER_AGENT = "k8supgrade/0 (test)"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of who runs the tests: no kubeconfig, no proxy, no pod."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("KUBE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


def kubeconfig(
    url: str, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, name: str = "prod"
) -> dict[str, Any]:
    """A kubeconfig with one context."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url, **(cluster or {})}}],
        "users": [{"name": "u", "user": user if user is not None else {"token": "good-token"}}],
    }


class Clients:
    """Makes clients, and closes them when the test is over. `slept` are the pauses before another attempt."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.slept: list[float] = []
        self._made: list[Client] = []

    def context(
        self, url: str, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None
    ) -> ContextRef:
        file = self.directory / "kubeconfig"
        file.write_text(json.dumps(kubeconfig(url, user, cluster)))
        (context,) = resolve(str(file), [], False)
        return context

    def __call__(
        self,
        url: str,
        user: dict[str, Any] | None = None,
        cluster: dict[str, Any] | None = None,
        *,
        timeout: float = 20,
    ) -> Client:
        return self.of(self.context(url, user, cluster), timeout)

    def of(self, context: ContextRef, timeout: float = 20) -> Client:
        client = Client(context, timeout=timeout, user_agent=USER_AGENT, sleep=self.slept.append)
        self._made.append(client)
        return client

    def close(self) -> None:
        for client in self._made:
            client.close()


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    made = Clients(tmp_path)
    yield made
    made.close()
