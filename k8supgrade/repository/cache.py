"""What was fetched, kept for the next run: below $XDG_CACHE_HOME/k8supgrade, for the user alone.

Contents are kept by their digest, answers by their address and user, with what the server needs to say that they are
still true. Whatever is not as it should be counts as not there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from k8supgrade.atomic import replace_file


class Kept(NamedTuple):
    """A file of the cache, and the headers of the answer that it came with."""

    path: str
    headers: dict[str, str]


class Cache:
    def __init__(self, directory: str) -> None:
        self._directory = directory

    @staticmethod
    def default(env: Mapping[str, str]) -> str:
        home = env.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        return os.path.join(home, "k8supgrade")

    def answer(self, *key: str) -> Kept | None:
        path = self._path("answers", _hash("\0".join(key)))
        try:
            with open(f"{path}.json", encoding="utf-8") as file:
                meta = json.load(file)
            if not isinstance(meta, dict) or os.stat(path).st_size != meta.get("size"):
                return None
            headers = meta.get("headers")
            return Kept(path, headers if isinstance(headers, dict) else {})
        except (OSError, ValueError):
            return None

    def keep_answer(self, *key: str, data: bytes, headers: Mapping[str, str]) -> Kept:
        path = self._path("answers", _hash("\0".join(key)))
        self._write(path, data)
        kept = {name: headers[name] for name in ("ETag", "Last-Modified", "Content-Type") if name in headers}
        self._write(f"{path}.json", json.dumps({"size": len(data), "headers": kept}).encode())
        return Kept(path, kept)

    def content(self, digest: str) -> str | None:
        """The path of what has this SHA-256 (hexadecimal), checked anew."""
        path = self._path("contents", digest)
        try:
            with open(path, "rb") as file:
                return path if hashlib.sha256(file.read()).hexdigest() == digest else None
        except OSError:
            return None

    def keep_content(self, data: bytes) -> str:
        path = self._path("contents", hashlib.sha256(data).hexdigest())
        self._write(path, data)
        return path

    def _path(self, kind: str, name: str) -> str:
        return os.path.join(self._directory, kind, name)

    def _write(self, path: str, data: bytes) -> None:
        """Complete or not at all. A cache that cannot be written raises OSError: there is nowhere to render from."""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        replace_file(path, data)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
