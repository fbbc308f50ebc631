"""Which files are Helmfiles (pkg/app/app.go of helmfile, findDesiredStateFiles)."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from k8supgrade.helmfile.files import beside
from k8supgrade.model.resource import Skipped

_FILES = ("helmfile.yaml", "helmfile.yaml.gotmpl", "helmfile.yml", "helmfile.yml.gotmpl")
_DIRECTORY = "helmfile.d"


def state_files(path: str, *, by_default: bool = False) -> Iterator[str | Skipped]:
    """The Helmfiles of a path: of a directory its helmfile.yaml or helmfile.d, else all of its YAML.

    by_default: nobody has named the directory, so not just any YAML is meant.
    """
    path = os.path.normpath(path).replace(os.sep, "/")
    if not os.path.isdir(path):
        yield path
        return
    files = [name for name in _FILES if os.path.exists(os.path.join(path, name))]
    has_directory = os.path.isdir(os.path.join(path, _DIRECTORY))
    if len(files) + has_directory > 1:
        both = " and ".join([*files, *([_DIRECTORY] if has_directory else [])])
        yield Skipped(what=path, reason=f"there are {both}: helmfile takes one of them; name the one that counts")
    for name in files:
        yield beside(f"{path}/", name)
    if has_directory:
        yield from all_of(beside(f"{path}/", _DIRECTORY))
    elif not files and by_default:
        yield Skipped(what=path, reason="no helmfile.yaml, helmfile.yaml.gotmpl or helmfile.d in it")
    elif not files:
        yield from all_of(path)


def all_of(directory: str) -> Iterator[str | Skipped]:
    """All state files of a directory, in the order in which helmfile takes them."""
    try:
        names = sorted(name for name in os.listdir(directory) if _is_state(name))
    except OSError as error:
        yield Skipped(what=directory, reason=f"cannot be read: {error.strerror or error}")
        return
    yield from (beside(f"{directory}/", name) for name in names)
    if not names:
        yield Skipped(what=directory, reason="no Helmfile in it")


def matching(helmfile: str, pattern: str) -> list[str]:
    """What an entry of `helmfiles` stands for, beside the Helmfile that names it."""
    whole = beside(helmfile, pattern)
    if not glob.has_magic(whole) or os.path.exists(whole):
        return [whole] if os.path.exists(whole) else []
    return [path.replace(os.sep, "/") for path in sorted(glob.glob(whole))]


def _is_state(name: str) -> bool:
    return name.removesuffix(".gotmpl").endswith((".yaml", ".yml")) and not name.startswith(".")
