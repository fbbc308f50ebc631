"""A real Kubernetes API server with its own etcd, of the version a test asks for.

There are no controllers, nodes or kubelets: a Deployment gets no pods, a deleted namespace stays Terminating, and a
namespace has no service accounts. What the API server itself does (RBAC, CRDs, admission, conversion, audit) is real.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import yaml

from tests.e2e import binaries
from tests.e2e.tokens import client_config, free_port, tokens

ADMIN = "admin"
START_TIMEOUT = 120.0  # seconds; usual are 2 to 4, but a machine may be busy
STOP_TIMEOUT = 30.0
COMMAND_TIMEOUT = 180.0
_ATTEMPTS = 3
_IN_USE = "address already in use"
Done = subprocess.CompletedProcess[str]
_AUDIT_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"


class ControlPlaneError(Exception):
    """The server did not start; says how its log ends."""


class ControlPlane:
    """`version` is a minor of binaries.CONTROL_PLANES; `directory` keeps all state, for the next version to start on.

    `users` may do nothing until RBAC says so; the admin is in system:masters. `arguments` go to kube-apiserver and
    win over those of this class. `audit` logs all requests at level Metadata to `audit_log`.
    """

    def __init__(
        self,
        version: str,
        directory: Path,
        *,
        users: Sequence[str] = ("scanner",),
        arguments: Sequence[str] = (),
        audit: bool = False,
    ) -> None:
        self.version = version
        self.directory = directory
        self.arguments = tuple(arguments)
        self.audit_log = directory / "audit.log" if audit else None
        self._process: subprocess.Popen[bytes] | None = None
        self._port: int | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._tokens = tokens(directory / "tokens.csv", [ADMIN, *users], admins=[ADMIN])

    @property
    def server(self) -> str:
        assert self._port is not None, "not started"
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        """The certificate the server signed itself, with its CA: the same over restarts."""
        return self.directory / "certificates" / "apiserver.crt"

    @property
    def log(self) -> Path:
        return self.directory / f"server-{self.version}.log"

    def token(self, user: str = ADMIN) -> str:
        return self._tokens[user]

    def __enter__(self) -> ControlPlane:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when the server answers and has its namespaces; the port stays the same over restarts."""
        assert self._process is None, "already started"
        shutil.rmtree(self._home / ".kube", ignore_errors=True)  # kubectl and helm remember what was served there
        for attempts_left in reversed(range(_ATTEMPTS)):
            port = self._port or free_port()
            try:
                self._start(port)
            except ControlPlaneError as error:
                if self._port is not None or not attempts_left or _IN_USE not in str(error):
                    raise
            else:
                self._port = port
                self.kubeconfig(self._home / "kubeconfig")
                return

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.terminate()
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def restart(self, version: str | None = None, *, arguments: Sequence[str] | None = None) -> None:
        """As an upgrade does: another version on the same data, at the same address, with the same credentials."""
        self.stop()
        self.version = version or self.version
        self.arguments = self.arguments if arguments is None else tuple(arguments)
        self.start()

    def kubeconfig(self, path: Path, context: str = "prod", *, user: str = ADMIN, namespace: str | None = None) -> Path:
        """Writes a kubeconfig with one context, which is the current one, and returns its path."""
        content = client_config(context, self.server, self.ca_file.read_bytes(), user, self.token(user), namespace)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        path.chmod(0o600)
        return path

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True, **variables: str) -> Done:
        return self._command(binaries.kubectl(), arguments, stdin, check, variables)

    def helm(self, *arguments: str, stdin: str | None = None, check: bool = True, **variables: str) -> Done:
        """`variables` are environment variables: HELM_DRIVER="configmap"."""
        return self._command(binaries.helm(), arguments, stdin, check, variables)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str = ADMIN,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of one request, without a client's cleverness; `body` is sent as JSON."""
        assert self._port is not None, "not started"
        return self._request(self._port, method, path, body, user, headers or {})

    def get(self, path: str, user: str = ADMIN) -> tuple[int, bytes]:
        return self.request("GET", path, user=user)

    @property
    def _home(self) -> Path:
        return self.directory / "home"

    def _command(
        self, program: Path, arguments: Sequence[str], text: str | None, check: bool, variables: Mapping[str, str]
    ) -> Done:
        environment = {"HOME": str(self._home), "PATH": os.defpath, "KUBECONFIG": str(self._home / "kubeconfig")}
        environment |= variables
        done = subprocess.run(
            [program, *arguments],
            cwd=self._home,
            env=environment,
            input=text or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT,
        )
        assert done.returncode == 0 or not check, f"{program.name} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def _start(self, port: int) -> None:
        program = binaries.control_plane(self.version)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, str(self.directory), *self._flags(port), *self.arguments],
                stdin=subprocess.PIPE,  # its end tells the server that this process is no more
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait(port)
        except BaseException:
            self.stop()
            raise

    def _flags(self, port: int) -> list[str]:
        flags = {
            "secure-port": port,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "endpoint-reconciler-type": "none",
            "cert-dir": self.ca_file.parent,
            "token-auth-file": self.directory / "tokens.csv",
            "authorization-mode": "RBAC",
            "disable-admission-plugins": "ServiceAccount",
            "service-cluster-ip-range": "10.0.0.0/24",
            "etcd-count-metric-poll-period": "1s",
        }
        if self.audit_log is not None:
            policy = self.directory / "audit-policy.yaml"
            policy.write_text(_AUDIT_POLICY, encoding="utf-8")
            flags |= {"audit-policy-file": policy, "audit-log-path": self.audit_log}
        return [f"--{name}={value}" for name, value in flags.items()]

    def _wait(self, port: int) -> None:
        assert self._process is not None
        end = time.monotonic() + START_TIMEOUT
        while not self._is_ready(port):
            if self._process.poll() is not None:
                raise ControlPlaneError(f"{self.version} ended with {self._process.returncode}: {self._log_tail()}")
            if time.monotonic() > end:
                raise ControlPlaneError(f"{self.version} is not ready after {START_TIMEOUT:g} s: {self._log_tail()}")
            time.sleep(0.02)

    def _is_ready(self, port: int) -> bool:
        paths = ("/readyz", "/api/v1/namespaces/default")
        try:
            return all(self._request(port, "GET", path, None, ADMIN, {})[0] == 200 for path in paths)
        except (OSError, http.client.HTTPException):
            return False

    def _request(
        self, port: int, method: str, path: str, body: object, user: str, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
        sent = {"Authorization": f"Bearer {self.token(user)}", "Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _log_tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
