"""The ways in which objects come into a cluster, each of which can be tried again after its upgrade."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.e2e.cluster import ControlPlane, Done

WORKS = "works"
FAILS = "fails: the API is gone"
AGENT = "cart-operator/1.4 (linux/amd64)"
CHARTS = Path(__file__).parent / "charts"

# A server without the group or the version, and one that has the version for other kinds.
_NO_GROUP = b"404 page not found"
_NO_RESOURCE = "the server could not find the requested resource"

Manifest = dict[str, Any]


class Writer(Protocol):
    def write(self, manifests: Iterable[Manifest]) -> None:
        """For the first time, or over what somebody else has written."""

    def again(self, manifest: Manifest) -> str:
        """WORKS, FAILS, or whatever else has happened."""


class Kubectl:
    def __init__(self, server: ControlPlane, *options: str) -> None:
        self._server = server
        self._command = ("apply", "-f", "-", *options)

    def write(self, manifests: Iterable[Manifest]) -> None:
        everything = {"apiVersion": "v1", "kind": "List", "items": [*manifests]}
        self._server.kubectl(*self._command, stdin=json.dumps(everything))

    def again(self, manifest: Manifest) -> str:
        done = self._server.kubectl(*self._command, stdin=json.dumps(manifest), check=False)
        return _outcome(done, f'no matches for kind "{manifest["kind"]}" in version "{manifest["apiVersion"]}"')


class Client:
    """Speaks to paths that were right when it was written, and knows nothing of discovery."""

    def __init__(self, server: ControlPlane) -> None:
        self._server = server
        self._paths: dict[tuple[str, str], tuple[str, bool]] = {}

    def serves(self, manifest: Manifest) -> bool:
        """Also remembers the path; to be asked before the upgrade."""
        version: str = manifest["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        status, body = self._server.get(root)
        found = [one for one in json.loads(body)["resources"] if "/" not in one["name"]] if status == 200 else []
        for one in found:
            self._paths[version, one["kind"]] = (f"{root}/NAMESPACE/{one['name']}", one["namespaced"])
        return (version, manifest["kind"]) in self._paths

    def path(self, manifest: Manifest, *, collection: bool = False) -> str:
        path, namespaced = self._paths[manifest["apiVersion"], manifest["kind"]]
        namespace = manifest["metadata"].get("namespace")
        path = path.replace("/NAMESPACE/", f"/namespaces/{namespace}/" if namespaced else "/")
        return path if collection else f"{path}/{manifest['metadata']['name']}"

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"User-Agent": AGENT, "Content-Type": f"application/{kind}"}
        return self._server.request(method, path, body, headers=headers)

    def write(self, manifests: Iterable[Manifest]) -> None:
        for manifest in manifests:
            status, body = self.send("POST", self.path(manifest, collection=True), manifest)
            if status == 409:
                status, body = self._replace(manifest)
            assert status in (200, 201), (self.path(manifest), status, body)

    def touch(self, manifest: Manifest, subresource: str, patch: Mapping[str, Any]) -> None:
        status, body = self.send("PATCH", f"{self.path(manifest)}/{subresource}".rstrip("/"), patch)
        assert status == 200, (self.path(manifest), status, body)

    def again(self, manifest: Manifest) -> str:
        """As a program that changes its object, and as one that makes another: both must end alike."""
        replaced = _answer(*self._replace(manifest))
        other = {**manifest, "metadata": {**manifest["metadata"], "name": f"{manifest['metadata']['name']}-2"}}
        if manifest["kind"] == "CustomResourceDefinition":  # its name says what it defines
            return replaced
        posted = _answer(*self.send("POST", self.path(other, collection=True), other))
        return posted if posted == replaced else f"PUT: {replaced}; POST: {posted}"

    def _replace(self, manifest: Manifest) -> tuple[int, bytes]:
        """Custom resources are only replaced by who says what they replace."""
        status, body = self.send("GET", self.path(manifest))
        version = json.loads(body)["metadata"]["resourceVersion"] if status == 200 else None
        metadata = {**manifest["metadata"], **({"resourceVersion": version} if version else {})}
        return self.send("PUT", self.path(manifest), {**manifest, "metadata": metadata})


class Revision(NamedTuple):
    """One `helm install` or `helm upgrade`."""

    chart: str
    values: Mapping[str, str | int | bool] = {}
    fails: bool = False


class Release(NamedTuple):
    """`command` is what will be tried again: upgrade, or what else runs its hooks (install: under another name)."""

    name: str
    revisions: tuple[Revision, ...]
    namespace: str = "helmed"
    driver: str = "secret"
    command: str = "upgrade"


class Helm:
    def __init__(self, server: ControlPlane) -> None:
        self._server = server

    def write(self, release: Release, number: int) -> None:
        """`number` counts from 0."""
        revision = release.revisions[number]
        done = self._upgrade(release, revision, "--install", "--create-namespace")
        assert (done.returncode != 0) == revision.fails, (release, done.stderr)

    def again(self, release: Release) -> str:
        """The newest revision; what has made it fail then, apart from its APIs, has been repaired."""
        if release.command == "upgrade":
            newest = release.revisions[-1]
            values = {name: value for name, value in newest.values.items() if name != "refused"}
            done = self._upgrade(release, newest._replace(values=values))
        elif release.command == "install":
            newest = release.revisions[-1]
            other = release._replace(name=f"{release.name}-2")
            done = self._upgrade(other, newest, "--install")
        else:
            done = self._run(release, release.command, release.name)
        return _outcome(done, 'no matches for kind "')

    def _upgrade(self, release: Release, revision: Revision, *options: str) -> Done:
        values = [f"--set={name}={str(value).lower()}" for name, value in revision.values.items()]
        return self._run(release, "upgrade", release.name, str(CHARTS / revision.chart), *values, *options)

    def _run(self, release: Release, *arguments: str) -> Done:
        options = ("--namespace", release.namespace)
        return self._server.helm(*arguments, *options, check=False, HELM_DRIVER=release.driver)


def _outcome(done: Done, gone: str) -> str:
    if done.returncode == 0:
        return WORKS
    return FAILS if gone in done.stderr else done.stderr


def _answer(status: int, body: bytes) -> str:
    """Of an API that is not served no object is named; of an object that is not there its name would be."""
    if status in (200, 201):
        return WORKS
    if status == 404 and (body.strip() == _NO_GROUP or json.loads(body).get("message") == _NO_RESOURCE):
        return FAILS
    return f"{status} {body.decode()}"
