"""Upstream Go modules through the ordinary go command: which patch is newest, and where its files are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.table.gvk import TableError

_GAP = 5  # patch releases that were skipped, or are not to be had, must not end the search
_HIGHEST_KNOWN_PATCH = 20  # no minor since 1.16 went further; where the list is silent the search starts here


@dataclass(frozen=True, slots=True)
class Module:
    """One module version and the directory that holds its files."""

    path: str
    version: str
    directory: Path

    def __str__(self) -> str:
        return f"{self.path}@{self.version}"


def _go(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    try:
        with tempfile.TemporaryDirectory() as outside_any_module:
            return subprocess.run(
                ["go", *arguments], cwd=outside_any_module, env=environment, capture_output=True, text=True, check=False
            )
    except FileNotFoundError as error:
        raise TableError("--fetch reads upstream Go modules and needs the go command: install Go") from error


def listed_patches(path: str, major: int) -> dict[int, int]:
    """Minor → newest patch that the module's version list names. The list may omit releases."""
    answer = _go("list", "-m", "-versions", path)
    if answer.returncode:
        raise TableError(f"{path}: {answer.stderr.strip()}")
    newest: dict[int, int] = {}
    for match in re.finditer(rf"(?<= )v{major}\.(\d+)\.(\d+)(?= |$)", answer.stdout.strip()):
        minor, patch = int(match[1]), int(match[2])
        newest[minor] = max(patch, newest.get(minor, -1))
    return newest


def _exists(path: str, version: str) -> bool:
    return _go("list", "-m", f"{path}@{version}").returncode == 0


def _patches(path: str, major: int, minor: int, known: int | None) -> Iterable[int]:
    """Patches to try, newest first: past the known one as long as there are more, then down from there."""
    if known is None:
        return range(_HIGHEST_KNOWN_PATCH, -1, -1)
    top, missing, patch = known, 0, known
    while missing < _GAP:
        patch += 1
        if _exists(path, f"v{major}.{minor}.{patch}"):
            top, missing = patch, 0
        else:
            missing += 1
    return range(top, -1, -1)


def download(path: str, version: str) -> Module | None:
    """Fetch one version, or None where it is not to be had (unknown, or its checksum is not published yet)."""
    answer = _go("mod", "download", "-json", f"{path}@{version}")
    if answer.returncode:
        return None
    return Module(path, version, Path(json.loads(answer.stdout)["Dir"]))


def newest_patch(path: str, major: int, minor: int, known: int | None) -> Module | None:
    """Fetch the newest patch of one minor; None where the minor does not exist."""
    for patch in _patches(path, major, minor, known):
        module = download(path, f"v{major}.{minor}.{patch}")
        if module is not None:
            return module
    return None
