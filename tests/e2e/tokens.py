"""What a server of the tests is given: bearer tokens, a port."""

from __future__ import annotations

import csv
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path


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
