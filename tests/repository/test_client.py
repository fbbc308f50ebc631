"""Repositories by HTTP: what is kept, who gets the credentials, and what is said where it does not work."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socket
import ssl
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.model.pin import ChartRepository, Published
from k8supgrade.repository import http
from k8supgrade.repository.client import Repositories
from k8supgrade.repository.error import RepositoryError
from tests.kube.servers import CERTIFICATE
from tests.repository.servers import Reply, Request, server, with_password

ARCHIVE = gzip.compress(b"an archive", mtime=0)
DIGEST = hashlib.sha256(ARCHIVE).hexdigest()
SECRET = "hunter2-is-secret"


def index(*versions: str, url: str = "web.tgz", digest: str = "") -> bytes:
    entries = "".join(
        f"  - name: web\n    urls:\n    - {url}\n    version: {one}\n" + (f"    digest: {digest}\n" if digest else "")
        for one in versions
    )
    return f"apiVersion: v1\nentries:\n  web:\n{entries}generated: now\n".encode()


def client(tmp_path: Path, **options: Any) -> Repositories:
    options.setdefault("env", {"HELM_CONFIG_HOME": str(tmp_path / "helm"), "DOCKER_CONFIG": str(tmp_path / "docker")})
    return Repositories(cache_directory=str(tmp_path / "cache"), timeout=options.pop("timeout", 5.0), **options)


def names(found: tuple[Published, ...]) -> list[str]:
    return [one.version for one in found]


def test_an_index_and_an_archive(tmp_path: Path) -> None:
    answers = {
        "/stable/index.yaml": Reply(200, index("1.0.0", "2.0.0", digest=DIGEST)),
        "/stable/web.tgz": Reply(200, ARCHIVE),
    }
    with server(answers) as running:
        repository, charts = ChartRepository(url=f"{running.url}/stable/"), client(tmp_path)
        found = charts.versions(repository, "web")
        assert names(found) == ["2.0.0", "1.0.0"]
        assert Path(charts.archive(repository, "web", found[0])).read_bytes() == ARCHIVE
        charts.archive(repository, "web", found[0])
        charts.versions(repository, "web")
        assert [one.path for one in running.requests] == ["/stable/index.yaml", "/stable/web.tgz"]


def test_the_cache_is_asked_whether_it_still_holds(tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        if request.headers.get("if-none-match") == '"one"':
            return Reply(304)
        return Reply(200, index("1.0.0"), (("ETag", '"one"'),))

    with server(answer) as running:
        repository = ChartRepository(url=running.url)
        for _ in range(2):
            assert names(client(tmp_path).versions(repository, "web")) == ["1.0.0"]
        assert [one.headers.get("if-none-match") for one in running.requests] == [None, '"one"']


def test_last_modified_does_too(tmp_path: Path) -> None:
    day = "Wed, 21 Oct 2025 07:28:00 GMT"
    with server({"/index.yaml": Reply(200, index("1.0.0"), (("Last-Modified", day),))}) as running:
        for _ in range(2):
            client(tmp_path).versions(ChartRepository(url=running.url), "web")
        assert [one.headers.get("if-modified-since") for one in running.requests] == [None, day]


def test_offline_asks_nobody(tmp_path: Path) -> None:
    with server({"/index.yaml": Reply(200, index("1.0.0", digest=DIGEST)), "/web.tgz": Reply(200, ARCHIVE)}) as running:
        repository = ChartRepository(url=running.url)
        with pytest.raises(RepositoryError, match="not in the cache, and --offline asks nobody"):
            client(tmp_path, offline=True).versions(repository, "web")
        first = client(tmp_path)
        first.archive(repository, "web", first.versions(repository, "web")[0])
        asked = len(running.requests)
        again = client(tmp_path, offline=True)
        assert Path(again.archive(repository, "web", again.versions(repository, "web")[0])).read_bytes() == ARCHIVE
        assert len(running.requests) == asked


def test_a_damaged_cache_is_fetched_again(tmp_path: Path) -> None:
    answers = {
        "/index.yaml": Reply(200, index("1.0.0", digest=DIGEST), (("ETag", "x"),)),
        "/web.tgz": Reply(200, ARCHIVE),
    }
    with server(answers) as running:
        repository, charts = ChartRepository(url=running.url), client(tmp_path)
        charts.archive(repository, "web", charts.versions(repository, "web")[0])
        for path in (tmp_path / "cache").rglob("*"):
            if path.is_file():
                path.write_bytes(b"damaged")
        again = client(tmp_path)
        assert Path(again.archive(repository, "web", again.versions(repository, "web")[0])).read_bytes() == ARCHIVE


def test_the_cache_is_for_the_user_alone(tmp_path: Path) -> None:
    with server({"/index.yaml": Reply(200, index("1.0.0"))}) as running:
        client(tmp_path).versions(ChartRepository(url=running.url), "web")
    paths = list((tmp_path / "cache").rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in paths if path.is_file()} == {0}
    assert {path.stat().st_mode & 0o077 for path in paths if path.is_dir()} == {0}


def test_credentials_of_the_helmfile(tmp_path: Path) -> None:
    with server(with_password(lambda request: Reply(200, index("1.0.0")), "reader", SECRET)) as running:
        repository = ChartRepository(url=running.url, username="reader", password=SECRET)
        assert names(client(tmp_path).versions(repository, "web")) == ["1.0.0"]


def test_credentials_of_helm_repo_add(tmp_path: Path) -> None:
    (tmp_path / "helm").mkdir()
    with server(with_password(lambda request: Reply(200, index("1.0.0")), "reader", SECRET)) as running:
        kept = {"repositories": [{"name": "other", "url": f"{running.url}/", "username": "reader", "password": SECRET}]}
        (tmp_path / "helm" / "repositories.yaml").write_text(json.dumps(kept))
        assert names(client(tmp_path).versions(ChartRepository(url=running.url), "web")) == ["1.0.0"]


@pytest.mark.parametrize("passes", [False, True])
def test_another_host_gets_credentials_only_where_told_so(passes: bool, tmp_path: Path) -> None:
    with server({"/web.tgz": Reply(200, ARCHIVE)}) as other:
        answers = {"/index.yaml": Reply(200, index("1.0.0", url=f"{other.url}/web.tgz", digest=DIGEST))}
        with server(answers) as running:
            repository = ChartRepository(url=running.url, username="reader", password=SECRET, pass_credentials=passes)
            charts = client(tmp_path)
            charts.archive(repository, "web", charts.versions(repository, "web")[0])
        assert ("authorization" in other.requests[0].headers) is passes


def test_a_redirect_to_another_host_drops_the_credentials(tmp_path: Path) -> None:
    with server({"/elsewhere": Reply(200, index("1.0.0"))}) as other:
        moved = Reply(302, b"", (("Location", f"{other.url}/elsewhere"),))
        with server({"/index.yaml": moved}) as running:
            repository = ChartRepository(url=running.url, username="reader", password=SECRET)
            assert names(client(tmp_path).versions(repository, "web")) == ["1.0.0"]
            assert "authorization" in running.requests[0].headers
        assert "authorization" not in other.requests[0].headers


def test_netrc_gives_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login someone password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with server({"/index.yaml": Reply(200, index("1.0.0"))}) as running:
        client(tmp_path).versions(ChartRepository(url=running.url), "web")
        assert "authorization" not in running.requests[0].headers


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(401), "401 Unauthorized: credentials are needed"),
        (Reply(403), "403 Forbidden"),
        (Reply(404), "404 Not Found: check the address"),
        (Reply(418), "HTTP status 418"),
        (Reply(200, b"<html>sign in</html>"), "a web page, not an index"),
        (Reply(200, b'apiVersion: v1\nentries:\n  web:\n  - version: "1.0'), "breaks off"),
        (Reply(200, index("1.0.0"), (), 5000), "the answer breaks off|the connection fails"),
        (Reply(302, b"", (("Location", "/index.yaml"),)), "redirects in circles"),
        (Reply(200, b"\xff\xfe\x00"), "not an index"),
    ],
)
def test_what_goes_wrong_is_named(reply: Reply, why: str, tmp_path: Path) -> None:
    with server({"/index.yaml": reply}) as running:
        url = running.url.replace("http://", f"http://reader:{SECRET}@")
        with pytest.raises(RepositoryError, match=why) as caught:
            client(tmp_path).versions(ChartRepository(url=url), "web")
        assert str(caught.value).startswith(running.url)
        assert SECRET not in str(caught.value)


def test_refused_credentials_are_told_from_missing_ones(tmp_path: Path) -> None:
    with (
        server({"/index.yaml": Reply(401)}) as running,
        pytest.raises(RepositoryError, match="credentials are refused"),
    ):
        client(tmp_path).versions(ChartRepository(url=running.url, username="reader", password=SECRET), "web")


def test_a_server_in_trouble_is_asked_again(tmp_path: Path) -> None:
    replies = [Reply(503, b"", (("Retry-After", "0"),)), Reply(200, index("1.0.0"))]
    with server(lambda request: replies.pop(0)) as running:
        assert names(client(tmp_path).versions(ChartRepository(url=running.url), "web")) == ["1.0.0"]
        assert len(running.requests) == 2


def test_an_index_over_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k8supgrade.repository.client.MAX_INDEX", 1 << 20)
    bomb = gzip.compress(b"a" * (2 << 20))
    with (
        server({"/index.yaml": Reply(200, bomb, (("Content-Encoding", "gzip"),))}) as running,
        pytest.raises(RepositoryError, match="larger than 1 MiB"),
    ):
        client(tmp_path).versions(ChartRepository(url=running.url), "web")


def test_an_archive_that_is_not_what_the_index_says(tmp_path: Path) -> None:
    answers = {"/index.yaml": Reply(200, index("1.0.0", digest=DIGEST)), "/web.tgz": Reply(200, b"another one")}
    with server(answers) as running:
        repository, charts = ChartRepository(url=running.url), client(tmp_path)
        with pytest.raises(RepositoryError, match="not what the index's digest says"):
            charts.archive(repository, "web", charts.versions(repository, "web")[0])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/web.tgz"])
def test_an_index_cannot_lead_to_a_file(url: str, tmp_path: Path) -> None:
    with server({"/index.yaml": Reply(200, index("1.0.0", url=url))}) as running:
        repository, charts = ChartRepository(url=running.url), client(tmp_path)
        with pytest.raises(RepositoryError, match="not read here"):
            charts.archive(repository, "web", charts.versions(repository, "web")[0])


def test_a_host_that_is_away_is_asked_once(tmp_path: Path) -> None:
    """A listening socket that never answers: the first one waits, the others know."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        charts, started = client(tmp_path, timeout=0.5), time.monotonic()
        wanted = [(ChartRepository(url=f"http://127.0.0.1:{port}/{number}"), "web") for number in range(8)]
        charts.prepare(wanted)
        for repository, chart in wanted:
            with pytest.raises(RepositoryError, match="timed out"):
                charts.versions(repository, chart)
        assert time.monotonic() - started < 8


def test_a_server_that_drips_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_CHUNK", 1)
    monkeypatch.setattr(http, "_SLOWEST", 1 << 30)
    with (
        server({"/index.yaml": Reply(200, index("1.0.0"))}) as running,
        pytest.raises(RepositoryError, match="timed out"),
    ):
        client(tmp_path, timeout=0.001).versions(ChartRepository(url=running.url), "web")


def test_each_repository_is_asked_once_for_all_its_charts(tmp_path: Path) -> None:
    with server({"/index.yaml": Reply(200, index("1.0.0"))}) as running:
        charts, repository = client(tmp_path), ChartRepository(url=running.url)
        charts.prepare([(repository, "web"), (repository, "other"), (repository, "web")])
        assert names(charts.versions(repository, "web")) == ["1.0.0"]
        with pytest.raises(RepositoryError, match="no chart other") as caught:
            charts.versions(repository, "other")
        assert caught.value.missing
        assert len(running.requests) == 1


def test_no_credential_in_a_repr() -> None:
    repository = ChartRepository(url="https://charts.example.com", username="reader", password=SECRET)
    assert SECRET not in repr(repository)
    assert base64.b64encode(SECRET.encode()).decode() not in repr(repository)


def test_a_certificate_authority_of_the_helmfile(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with server({"/index.yaml": Reply(200, index("1.0.0"))}, context) as running:
        with pytest.raises(RepositoryError, match="the server's certificate is not accepted; name its CA with caFile"):
            client(tmp_path).versions(ChartRepository(url=running.url), "web")
        known = ChartRepository(url=running.url, ca_file=str(CERTIFICATE))
        assert names(client(tmp_path).versions(known, "web")) == ["1.0.0"]
        trusting = ChartRepository(url=running.url, skip_tls_verify=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert names(client(tmp_path).versions(trusting, "web")) == ["1.0.0"]
        missing = ChartRepository(url=running.url, ca_file=str(tmp_path / "nowhere.pem"))
        with pytest.raises(RepositoryError, match="a certificate, key or CA file is not there"):
            client(tmp_path).versions(missing, "web")


def test_a_certificate_of_the_client(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(CERTIFICATE)
    with server({"/index.yaml": Reply(200, index("1.0.0"))}, context) as running:
        known = ChartRepository(url=running.url, ca_file=str(CERTIFICATE), cert_file=str(CERTIFICATE))
        assert names(client(tmp_path).versions(known, "web")) == ["1.0.0"]
