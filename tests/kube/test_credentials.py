"""Who asks: what a kubeconfig's user can be, and what is said where it fails."""

from __future__ import annotations

import base64
import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import incluster_config

from k8supgrade.kube import credentials
from k8supgrade.kube.api import ApiError
from k8supgrade.kube.client import Client
from k8supgrade.kube.contexts import resolve
from tests.kube.conftest import Clients
from tests.kube.servers import CERTIFICATE, Server, answer, closing, failure, serving

_PLUGIN = Path(__file__).parent / "plugin.py"
_SECRET = "s3cr3t"
_DATA = base64.b64encode(CERTIFICATE.read_bytes()).decode()


def plugin(directory: Path, behaviour: str, command: str = sys.executable) -> dict[str, Any]:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command,
            "args": [str(_PLUGIN), behaviour, str(directory)],
            "env": None,
            "interactiveMode": "Never",
        }
    }


def calls(directory: Path) -> int:
    return int((directory / "calls").read_text())


def failing(client: Client, path: str = "/x") -> ApiError:
    with pytest.raises(ApiError) as raised:
        client.get(path)
    assert _SECRET not in str(raised.value)
    return raised.value


def sent(server: Server) -> list[str | None]:
    return [request.headers.get("authorization") for request in server.requests]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


# ------------------------------------------------------------------ what is sent


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ({"token": "abc"}, "Bearer abc"),
        ({"username": "me", "password": "pw"}, basic("me:pw")),
        ({}, None),
        (None, "Bearer good-token"),
    ],
)
def test_tokens_and_passwords(
    server: Server, clients: Clients, user: dict[str, Any] | None, authorization: str | None
) -> None:
    server.on("/x", answer())
    clients(server.url, user).get("/x")
    assert sent(server) == [authorization]


def test_a_token_file_is_read_beside_the_kubeconfig_and_again_when_it_is_refused(
    server: Server, clients: Clients, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("first\n")
    server.on("/x", answer(), failure(401), answer())
    client = clients(server.url, {"tokenFile": "token"})
    client.get("/x")
    (tmp_path / "token").write_text("second\n")
    client.get("/x")
    assert sent(server) == ["Bearer first", "Bearer first", "Bearer second"]


def test_impersonation(server: Server, clients: Clients) -> None:
    server.on("/x", answer())
    user = {
        "token": "abc",
        "as": "system:serviceaccount:scan:scanner",
        "as-uid": "1",
        "as-groups": ["readers", "auditors"],
        "as-user-extra": {"example.org/Scope": ["a"]},
    }
    clients(server.url, user).get("/x")
    headers = server.requests[0].headers
    assert {name: value for name, value in headers.items() if name.startswith("impersonate")} == {
        "impersonate-user": "system:serviceaccount:scan:scanner",
        "impersonate-uid": "1",
        "impersonate-group": "readers, auditors",
        "impersonate-extra-example.org%2fscope": "a",
    }


@pytest.mark.parametrize("user", [{"token": "s3cr3t\nX-Evil: 1"}, {"token": "s3cr3t-ä"}, {"as": "s3cr3t\r\n"}])
def test_what_cannot_be_sent_is_not(server: Server, clients: Clients, user: dict[str, Any]) -> None:
    error = failing(clients(server.url, user))
    assert error.reason == "the token or user name of context prod holds characters that cannot be sent"
    assert server.requests == []


# ------------------------------------------------------------------ plugins


def test_a_plugin_is_run_once(server: Server, clients: Clients, tmp_path: Path) -> None:
    server.on("/x", answer())
    client = clients(server.url, plugin(tmp_path, "works"))
    threads = [threading.Thread(target=client.get, args=("/x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent(server) == ["Bearer token-1"] * 8
    assert calls(tmp_path) == 1


def test_a_plugin_is_not_run_before_the_first_request(clients: Clients, tmp_path: Path) -> None:
    clients("http://127.0.0.1:1", plugin(tmp_path, "works"))
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("fails", "failed with exit code 7: SSO session has expired; run aws sso login; log in again, or run"),
        ("garbage", "gives no credentials; log in again, or run it by hand"),
        ("list", "gives no credentials"),
        ("nothing", "gives no credentials"),
        ("keyless", "gives no credentials"),
        ("other-version", "answers with another apiVersion than the kubeconfig asks for"),
    ],
)
def test_a_plugin_that_fails(
    server: Server,
    clients: Clients,
    tmp_path: Path,
    behaviour: str,
    said: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = clients(server.url, plugin(tmp_path, behaviour))
    error = failing(client)
    assert error.reason.replace(sys.executable, "PLUGIN").startswith(
        f"the credential plugin PLUGIN of context prod {said}"
    )
    assert error.is_unreachable
    assert failing(client, "/y").reason == error.reason
    assert calls(tmp_path) == 1
    assert server.requests == []
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_plugin_that_is_not_there(server: Server, clients: Clients, tmp_path: Path) -> None:
    missing = failing(clients(server.url, plugin(tmp_path, "works", command="no-such-plugin")))
    assert missing.reason == (
        "the credential plugin no-such-plugin of context prod does not exist; install it, or see that it is in $PATH"
    )
    (tmp_path / "plugin").write_text("")
    forbidden = failing(clients(server.url, plugin(tmp_path, "works", command="./plugin")))
    assert forbidden.reason.endswith("cannot be run; see that it is an executable program")
    broken = failing(clients(server.url, {"exec": {"command": "x"}}))
    assert broken.reason.endswith("gives no credentials; log in again, or run it by hand")


def test_a_plugins_token_may_hold_anything(server: Server, clients: Clients, tmp_path: Path) -> None:
    assert "cannot be sent" in failing(clients(server.url, plugin(tmp_path, "newline"))).reason


def test_a_token_that_is_refused_later_is_renewed(server: Server, clients: Clients, tmp_path: Path) -> None:
    server.on("/x", answer(), failure(401), answer(b"new"))
    client = clients(server.url, plugin(tmp_path, "works"))
    client.get("/x")
    assert client.get("/x") == b"new"
    assert sent(server) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_token_that_is_never_accepted_is_not_renewed(server: Server, clients: Clients, tmp_path: Path) -> None:
    server.on("/x", failure(401))
    client = clients(server.url, plugin(tmp_path, "works"))
    for _ in range(3):
        assert failing(client).status == 401
    assert calls(tmp_path) == 1


def test_a_token_that_cannot_be_renewed(server: Server, clients: Clients, tmp_path: Path) -> None:
    server.on("/x", answer(), failure(401))
    client = clients(server.url, plugin(tmp_path, "fails-later"))
    client.get("/x")
    error = failing(client)
    assert "failed with exit code 1; log in again" in error.reason
    assert error.is_unreachable


def test_a_short_lived_token_is_renewed_before_it_expires_but_not_for_each_request(
    server: Server, clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("/x", answer())
    client = clients(server.url, plugin(tmp_path, "short-lived"))
    for _ in range(5):
        client.get("/x")
    before = calls(tmp_path)
    assert before <= 2
    monkeypatch.setattr(credentials, "_FRESH_SECONDS", 0.0)
    client.get("/x")
    assert calls(tmp_path) > before
    assert sent(server)[-1] == f"Bearer token-{calls(tmp_path)}"


def test_logging_is_as_before(server: Server, clients: Clients, tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), list(root.filters))
    failing(clients(server.url, plugin(tmp_path, "fails")))
    assert (root.handlers, root.filters) == before


# ------------------------------------------------------------------ auth providers


def jwt(expires: int) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': expires, 'pad': 'x'})}.sig"


def oidc(token: str, **config: str) -> dict[str, Any]:
    return {"auth-provider": {"name": "oidc", "config": {"id-token": token, **config}}}


def test_an_oidc_login(server: Server, clients: Clients) -> None:
    server.on("/x", answer())
    token = jwt(9_999_999_999)
    clients(server.url, oidc(token)).get("/x")
    assert sent(server) == [f"Bearer {token}"]


def test_an_oidc_login_that_has_expired(server: Server, clients: Clients) -> None:
    start = "the credentials of context prod cannot be used: the "
    error = failing(clients(server.url, oidc(jwt(1))))
    assert error.reason.startswith(f"{start}OIDC login has expired; renew it with any kubectl command, or log in again")
    assert error.is_unreachable
    error = failing(clients(server.url, oidc(jwt(1), **{"idp-certificate-authority-data": _DATA})))
    assert error.reason == f"{start}login of its auth-provider cannot be renewed; log in again"


@pytest.mark.parametrize("status", [200, 400])
def test_an_oidc_login_is_renewed_and_kept(server: Server, clients: Clients, tmp_path: Path, status: int) -> None:
    server.on("/x", answer())
    fresh = jwt(9_999_999_998)
    tokens = {"id_token": fresh, "refresh_token": "next", "access_token": "a", "token_type": "bearer"}
    error = {"error": "invalid_grant", "error_description": "s3cr3t"}
    with serving(tls=True) as provider:
        discovered = json.dumps({"token_endpoint": f"{provider.url}/token"}).encode()
        provider.on("/.well-known/openid-configuration", answer(discovered, 200, "Content-Type: application/json"))
        body = json.dumps(tokens if status == 200 else error).encode()
        provider.on("/token", closing(answer(body, status, "Content-Type: application/json", "Connection: close")))
        user = oidc(jwt(1), **{
            "idp-issuer-url": provider.url,
            "idp-certificate-authority-data": _DATA,
            "client-id": "me",
            "client-secret": "s3cr3t",
            "refresh-token": "s3cr3t",
        })  # fmt: skip
        client = clients(server.url, user)
        if status == 200:
            client.get("/x")
            assert sent(server) == [f"Bearer {fresh}"]
            assert "refresh-token: next" in (tmp_path / "kubeconfig").read_text()
        else:
            assert failing(client).reason == (
                "the credentials of context prod cannot be used: "
                "the login failed or could not be renewed (invalid_grant); log in again"
            )


@pytest.mark.parametrize(
    "user",
    [
        {"auth-provider": {"name": "azure", "config": {}}},
        {"auth-provider": {"name": "oidc"}},
        oidc("s3cr3t"),
        {"auth-provider": {"config": {"access-token": "s3cr3t"}}},
    ],
)
def test_providers_that_give_nothing(server: Server, clients: Clients, user: dict[str, Any]) -> None:
    error = failing(clients(server.url, user))
    assert "of context prod gives no credentials; log in again, or replace it with an exec plugin" in error.reason
    assert server.requests == []


def test_a_provider_that_raises(server: Server, clients: Clients) -> None:
    error = failing(clients(server.url, oidc("a.s3cr3t.b")))
    assert error.reason.startswith("the credentials of context prod cannot be used: ")
    gcp = {"auth-provider": {"name": "gcp", "config": {"cmd-path": "/no/such/program", "cmd-args": "s3cr3t"}}}
    assert failing(clients(server.url, gcp)).reason == (
        "the credentials of context prod cannot be used: /no/such/program: No such file or directory"
    )


# ------------------------------------------------------------------ files


def test_files_that_are_missing_or_broken(clients: Clients, tmp_path: Path) -> None:
    def said(user: dict[str, Any], cluster: dict[str, Any] | None = None) -> str:
        return failing(clients("https://127.0.0.1:1", user, cluster)).reason.replace(str(tmp_path), "DIR")

    start = "the credentials of context prod cannot be used: "
    assert said({"client-certificate": "gone.pem"}) == f"{start}the file DIR/gone.pem does not exist"
    assert said({}, {"certificate-authority": "gone.pem"}) == f"{start}the file DIR/gone.pem does not exist"
    assert said({"tokenFile": "gone"}) == f"{start}DIR/gone: No such file or directory"
    assert said({}, {"certificate-authority-data": "s3cr3t!"}) == f"{start}the kubeconfig holds data that is no base64"
    text = base64.b64encode(b"s3cr3t").decode()
    assert said({}, {"certificate-authority-data": text}) == (
        "the certificate authority of context prod cannot be used: it is no readable PEM"
    )
    assert said({"client-certificate-data": text, "client-key-data": text}) == (
        "the client certificate or its key of context prod cannot be used: it is no readable PEM"
    )


# ------------------------------------------------------------------ TLS


def test_a_certificate_that_the_kubeconfig_knows(clients: Clients) -> None:
    with serving(tls=True) as server:
        server.on("/x", answer())
        clients(server.url, cluster={"certificate-authority-data": _DATA}).get("/x")
        clients(server.url, cluster={"certificate-authority": str(CERTIFICATE)}).get("/x")
        clients(server.url, cluster={"insecure-skip-tls-verify": True}).get("/x")
        named = {"certificate-authority-data": _DATA, "tls-server-name": "api.test.invalid"}
        clients(server.url, cluster=named).get("/x")
        assert sent(server) == ["Bearer good-token"] * 4


def test_a_certificate_that_it_does_not_know(clients: Clients) -> None:
    with serving(tls=True) as server:
        client = clients(server.url)
        error = failing(client)
        assert error.reason.startswith(f"the certificate of {server.address} is not trusted: self")
        assert error.is_unreachable
        assert failing(client).is_unreachable
        named = {"certificate-authority-data": _DATA, "tls-server-name": "other.test.invalid"}
        assert "is not trusted: Hostname mismatch" in failing(clients(server.url, cluster=named)).reason
        assert server.requests == []
    assert clients.slept == []


def test_a_client_certificate(clients: Clients, tmp_path: Path) -> None:
    cluster = {"certificate-authority-data": _DATA}
    with serving(tls=True, wants_certificate=True) as server:
        server.on("/x", answer())
        user = {"client-certificate-data": _DATA, "client-key-data": _DATA}
        clients(server.url, user, cluster).get("/x")
        clients(server.url, plugin(tmp_path, "certificate"), cluster).get("/x")
        assert sent(server) == [None, None]
        assert server.address in failing(clients(server.url, {}, cluster)).reason


def test_tls_with_a_server_that_knows_none(server: Server, clients: Clients) -> None:
    error = failing(clients(server.url.replace("http:", "https:"), timeout=2))
    assert server.address in error.reason
    assert error.is_unreachable


# ------------------------------------------------------------------ proxies


def test_the_kubeconfigs_proxy_is_used_and_logged_in_to(server: Server, clients: Clients) -> None:
    server.on("http://cluster.test.invalid/x", answer())
    proxy = server.url.replace("//", "//me:p%40w@")
    clients("http://cluster.test.invalid", cluster={"proxy-url": proxy}).get("/x")
    assert server.requests[0].headers["proxy-authorization"] == basic("me:p@w")


def test_the_environments_proxy_is_used_but_not_for_this_machine(
    server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.address)
    server.on("http://cluster.test.invalid/x", answer())
    server.on("/x", answer(b"direct"))
    clients("http://cluster.test.invalid").get("/x")
    assert clients(server.url).get("/x") == b"direct"
    monkeypatch.setenv("no_proxy", "test.invalid")
    assert failing(clients("http://cluster.test.invalid")).reason == "cannot resolve host name cluster.test.invalid"


def test_a_proxy_that_does_not_work(server: Server, clients: Clients) -> None:
    server.on("cluster.test.invalid:443", failure(407))
    tunnel = failing(clients("https://cluster.test.invalid", cluster={"proxy-url": server.url}))
    assert tunnel.reason == (
        "the proxy on the way to cluster.test.invalid:443 fails: tunnel connection failed: 407 some phrase"
    )
    assert tunnel.is_unreachable
    for proxy, said in [
        ("http://me:s3cr3t@127.0.0.1:1", "the proxy on the way to cluster.test.invalid:443 fails: connection refused"),
        ("ftp://me:s3cr3t@127.0.0.1:1", "the proxy ftp://127.0.0.1:1 of context prod cannot be used"),
        ("socks5://127.0.0.1:1", "the proxy"),
        ("http://[", "the proxy URL of context prod cannot be used"),
    ]:
        error = failing(clients("https://cluster.test.invalid", cluster={"proxy-url": proxy}))
        assert error.reason.startswith(said)
        assert error.is_unreachable


# ------------------------------------------------------------------ others


def test_a_context_with_a_fault_is_told_when_it_is_asked(clients: Clients, tmp_path: Path) -> None:
    file = tmp_path / "stale"
    file.write_text('{"contexts": [{"name": "stale", "context": {"cluster": "gone"}}]}')
    (context,) = resolve(str(file), [], True)
    error = failing(clients.of(context))
    assert error.reason == "context stale refers to the cluster gone, which this kubeconfig does not have"
    assert error.is_unreachable


def test_in_a_pod(clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("pod-token\n")
    ca = tmp_path / "ca.crt"
    ca.write_bytes(CERTIFICATE.read_bytes())
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(ca))
    with serving(tls=True) as server:
        server.on("/x", answer())
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        (context,) = resolve(None, [], False)
        assert clients.of(context).get("/x") == b"{}"
        assert sent(server) == ["bearer pod-token"]
        ca.unlink()
        error = failing(clients.of(context))
        assert error.reason.startswith("the credentials of this pod's service account cannot be used: ")


def test_contexts_of_one_kubeconfig_do_not_mix(server: Server, clients: Clients, tmp_path: Path) -> None:
    server.on("/x", answer())
    config = {
        "contexts": [{"name": name, "context": {"cluster": "c", "user": name}} for name in ("a", "b", "anonymous")],
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "users": [
            {"name": "a", "user": {"token": "ta"}},
            {"name": "b", "user": {"token": "tb"}},
            {"name": "anonymous", "user": {}},
        ],
    }
    file = tmp_path / "many"
    file.write_text(json.dumps(config))
    for context in resolve(str(file), [], True):
        clients.of(context).get("/x")
    assert sent(server) == ["Bearer ta", "Bearer tb", None]
