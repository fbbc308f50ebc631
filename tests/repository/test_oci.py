"""OCI registries: tags, tokens, and who gets the credentials. The end-to-end tests use a real one."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.model.pin import ChartRepository, Published
from k8supgrade.repository.client import Repositories
from k8supgrade.repository.error import RepositoryError
from k8supgrade.repository.oci import CONFIG, INDEX, LAYERS, MANIFEST
from tests.repository.servers import Reply, Request, Server, server

ARCHIVE = b"an archive of a chart"
METADATA = json.dumps({"name": "web", "version": "1.0.0", "appVersion": "10.0", "kubeVersion": ">=1.21.0-0"}).encode()
SECRET = "hunter2-is-secret"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest(config: bytes = METADATA, layer: bytes = ARCHIVE, config_type: str = CONFIG) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": config_type, "digest": digest(config), "size": len(config)},
            "layers": [{"mediaType": LAYERS[0], "digest": digest(layer), "size": len(layer)}],
            "annotations": {"org.opencontainers.image.created": "2026-01-31T09:00:00Z"},
        }
    ).encode()


def answers(tags: list[str] | None = None, **more: Reply) -> dict[str, Reply]:
    base = "/v2/charts/web"
    found = {
        f"{base}/manifests/1.0.0": Reply(200, manifest()),
        f"{base}/blobs/{digest(METADATA)}": Reply(200, METADATA),
        f"{base}/blobs/{digest(ARCHIVE)}": Reply(200, ARCHIVE),
    }
    if tags is not None:
        found[f"{base}/tags/list?n=1000"] = Reply(200, json.dumps({"name": "charts/web", "tags": tags}).encode())
    return found | {f"{base}/{path}": reply for path, reply in more.items()}


def at(running: Server, **values: Any) -> ChartRepository:
    return ChartRepository(url=f"oci://127.0.0.1:{running.port}/charts", plain_http=True, **values)


def client(tmp_path: Path, **options: Any) -> Repositories:
    env = {"HELM_CONFIG_HOME": str(tmp_path / "helm"), "DOCKER_CONFIG": str(tmp_path / "docker"), "PATH": str(tmp_path)}
    return Repositories(cache_directory=str(tmp_path / "cache"), timeout=5.0, env=env, **options)


def test_tags_are_versions(tmp_path: Path) -> None:
    tags = ["1.0.0", "v1.5.0", "latest", "2.0.0_build.1", "1.10.0", "sha256-abc.sig", "1.9.0-rc.1"]
    with server(answers(tags)) as running:
        found = client(tmp_path).versions(at(running), "web")
    assert [one.version for one in found] == ["2.0.0+build.1", "1.10.0", "1.9.0-rc.1", "1.0.0"]


def test_pages_of_tags_are_followed_on_the_same_host_only(tmp_path: Path) -> None:
    with server({}) as other:

        def answer(request: Request) -> Reply:
            if "last=1" in request.path:
                link = f'<{other.url}/v2/charts/web/tags/list?last=2>; rel="next"'
                return Reply(200, b'{"tags": ["2.0.0"]}', (("Link", link),))
            return Reply(200, b'{"tags": ["1.0.0"]}', (("Link", '</v2/charts/web/tags/list?last=1>; rel="next"'),))

        with server(answer) as running:
            found = client(tmp_path).versions(at(running), "web")
        assert [one.version for one in found] == ["2.0.0", "1.0.0"]
        assert other.requests == []


def test_the_configuration_tells_of_the_chart(tmp_path: Path) -> None:
    with server(answers(["1.0.0"])) as running:
        charts, repository = client(tmp_path), at(running)
        whole = charts.complete(repository, "web", charts.versions(repository, "web")[0])
        assert (whole.app_version, whole.kube_version, whole.created) == ("10.0", ">=1.21.0-0", "2026-01-31T09:00:00Z")
        assert whole.is_complete
        assert Path(charts.archive(repository, "web", whole)).read_bytes() == ARCHIVE
        asked = len(running.requests)
        again = client(tmp_path)
        assert Path(again.archive(repository, "web", whole)).read_bytes() == ARCHIVE
        assert len(running.requests) == asked


def test_an_index_of_manifests(tmp_path: Path) -> None:
    inner, image = manifest(), b'{"layers": []}'
    listed = json.dumps(
        {"mediaType": INDEX, "manifests": [{"digest": digest(image)}, {"digest": digest(inner)}]}
    ).encode()
    base = "/v2/charts/web/manifests/"
    found = answers(["1.0.0"]) | {
        f"{base}1.0.0": Reply(200, listed),
        f"{base}{digest(inner)}": Reply(200, inner),
        f"{base}{digest(image)}": Reply(200, image),
    }
    with server(found) as running:
        path = client(tmp_path).archive(at(running), "web", Published(version="1.0.0", is_complete=False))
        assert Path(path).read_bytes() == ARCHIVE


def test_a_registry_without_tags_still_gives_what_is_pinned(tmp_path: Path) -> None:
    with server(answers()) as running:
        charts, repository = client(tmp_path), at(running)
        with pytest.raises(RepositoryError, match="does not list tags"):
            charts.versions(repository, "web")
        pinned = charts.complete(repository, "web", Published(version="1.0.0", is_complete=False))
        assert pinned.app_version == "10.0"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(200, b"something else"), "not what its digest says"),
        (Reply(404), "404 Not Found"),
    ],
)
def test_a_blob_that_is_not_there(reply: Reply, why: str, tmp_path: Path) -> None:
    found = answers(["1.0.0"], **{f"blobs/{digest(ARCHIVE)}": reply})
    with server(found) as running, pytest.raises(RepositoryError, match=why):
        client(tmp_path).archive(at(running), "web", Published(version="1.0.0", is_complete=False))


@pytest.mark.parametrize("body", [b"<html>", b'{"layers": [{"mediaType": "image"}]}', b"[]"])
def test_what_is_no_chart(body: bytes, tmp_path: Path) -> None:
    found = answers(["1.0.0"], **{"manifests/1.0.0": Reply(200, body)})
    with server(found) as running, pytest.raises(RepositoryError, match=r"no Helm chart|no JSON of a registry"):
        client(tmp_path).archive(at(running), "web", Published(version="1.0.0", is_complete=False))


class TokenServer:
    """A registry that wants a bearer token, and gives one for a user, or for anybody."""

    def __init__(self, *, anonymous: bool) -> None:
        self.anonymous = anonymous
        self.realm = ""
        self.expected = "Basic " + base64.b64encode(f"reader:{SECRET}".encode()).decode()

    def __call__(self, request: Request) -> Reply:
        if request.path.startswith("/token"):
            known = request.headers.get("authorization") == self.expected
            return Reply(200, b'{"token": "t0ken"}') if known or self.anonymous else Reply(401)
        if request.headers.get("authorization") != "Bearer t0ken":
            challenge = f'Bearer realm="{self.realm}",service="tests",scope="repository:charts/web:pull"'
            return Reply(401, b"", (("WWW-Authenticate", challenge),))
        return answers(["1.0.0"]).get(request.path, Reply(404))


@pytest.mark.parametrize("anonymous", [True, False])
def test_a_token_is_asked_for_once(anonymous: bool, tmp_path: Path) -> None:
    registry = TokenServer(anonymous=anonymous)
    with server(registry) as running:
        registry.realm = f"{running.url}/token"
        login = {} if anonymous else {"username": "reader", "password": SECRET}
        charts, repository = client(tmp_path), at(running, **login)
        charts.complete(repository, "web", charts.versions(repository, "web")[0])
        tokens = [one.path for one in running.requests if one.path.startswith("/token")]
        assert len(tokens) == 1
        assert "scope=repository%3Acharts%2Fweb%3Apull" in tokens[0]
        assert "service=tests" in tokens[0]


def test_a_password_never_goes_unencrypted_to_another_host(tmp_path: Path) -> None:
    registry = TokenServer(anonymous=False)
    with server(registry) as running:
        registry.realm = f"http://localhost:{running.port}/token"
        with pytest.raises(RepositoryError, match="401 Unauthorized") as caught:
            client(tmp_path).versions(at(running, username="reader", password=SECRET), "web")
        assert SECRET not in str(caught.value)
        assert not any("authorization" in one.headers for one in running.requests)


def test_credentials_of_docker_and_its_helpers(tmp_path: Path) -> None:
    registry = TokenServer(anonymous=False)
    with server(registry) as running:
        registry.realm = f"{running.url}/token"
        (tmp_path / "docker").mkdir()
        host = f"127.0.0.1:{running.port}"
        (tmp_path / "docker" / "config.json").write_text(json.dumps({"credHelpers": {host: "tests"}}))
        helper = tmp_path / "docker-credential-tests"
        answer = json.dumps({"ServerURL": host, "Username": "reader", "Secret": SECRET})
        helper.write_text(f"#!/bin/sh\nread name\n[ \"$name\" = '{host}' ] || exit 1\necho '{answer}'\n")
        helper.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
            env = {
                "DOCKER_CONFIG": str(tmp_path / "docker"),
                "HELM_CONFIG_HOME": str(tmp_path),
                "PATH": "/usr/bin:/bin",
            }
            charts = Repositories(cache_directory=str(tmp_path / "cache"), timeout=5.0, env=env)
            assert len(charts.versions(at(running), "web")) == 1
