"""What a server of the tests is given (bearer tokens, a port), and what its clients are."""

from __future__ import annotations

import base64
import csv
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def tokens(file: Path, users: Sequence[str], *, admins: Sequence[str]) -> dict[str, str]:
    """{user: token}: those of the file, which kube-apiserver reads too, and new ones for users it lacks."""
    found: dict[str, str] = {}
    if file.exists():
        with file.open(encoding="utf-8", newline="") as rows:
            found = {row[1]: row[0] for row in csv.reader(rows)}
    found |= {user: secrets.token_hex(16) for user in users if user not in found}
    with file.open("w", encoding="utf-8", newline="") as rows:
        csv.writer(rows).writerows(
            [token, user, user, *(["system:masters"] if user in admins else [])] for user, token in found.items()
        )
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def client_config(
    context: str, server: str, authority: bytes, user: str, token: str, namespace: str | None
) -> dict[str, Any]:
    """A kubeconfig that needs no other file."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    place = {"cluster": context, "user": user, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": context, "context": place}],
        "current-context": context,
    }
