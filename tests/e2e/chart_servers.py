"""Real places that charts come from: an OCI registry, and `helm push` into it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import binaries

USER, PASSWORD = "reader", "a-password-of-the-tests"
# htpasswd -nbB reader a-password-of-the-tests
HTPASSWD = "reader:$2a$05$xCNgexyjslSpVouhwmOh1uZyAC2Ik.6hZBz/xuzP6HXpmVI5.jIPW\n"


@contextmanager
def oci_registry(directory: Path, *, auth: bool) -> Iterator[str]:
    """`host:port` of a CNCF Distribution server on loopback, in plain HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "htpasswd").write_text(HTPASSWD)
    password = f"auth:\n  htpasswd:\n    realm: tests\n    path: {directory / 'htpasswd'}\n" if auth else ""
    config = (
        "version: 0.1\nlog:\n  level: error\n"
        f"storage:\n  filesystem:\n    rootdirectory: {directory / 'storage'}\n"
        f"http:\n  addr: 127.0.0.1:{port}\n  secret: tests\n{password}"
    )
    (directory / "config.yml").write_text(config)
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries.registry(), "serve", directory / "config.yml"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait(port, process, directory / "log")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it wants a password
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the registry does not answer")


def helm(*arguments: str | Path, home: Path, check: bool = True) -> str:
    """The real helm, with a home of its own."""
    homes = {f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    done = subprocess.run(
        [binaries.helm(), *arguments], env={**os.environ, **homes}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


def push(archive: Path, host: str, home: Path, *, auth: bool) -> None:
    if auth:
        helm("registry", "login", host, "--username", USER, "--password", PASSWORD, "--insecure", home=home)
    helm("push", archive, f"oci://{host}/charts", "--plain-http", home=home)
