"""A Helmfile's lock file: which exact version a range stands for (pkg/state/chart_dependency.go of helmfile)."""

from __future__ import annotations

import os
import posixpath
import re
from typing import NamedTuple

from k8supgrade.helmfile.compose import parse
from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.helmfile.files import FileError, beside, read_text
from k8supgrade.helmfile.text import Source, whole
from k8supgrade.helmfile.tree import Map, TreeError, text_of


class Lock(NamedTuple):
    """`versions`: chart name -> versions, in the order of the file. `problem`: why it cannot be read."""

    path: str
    versions: dict[str, list[str]]
    problem: str | None = None

    def version(self, chart: str, constraint: str | None) -> str | None:
        """The first entry that the constraint takes; helmfile stops where there is none."""
        wanted = constraint or "*"
        return next((one for one in self.versions.get(posixpath.basename(chart), ()) if satisfies(wanted, one)), None)


def read_lock(helmfile: str, named: str | None) -> Lock | None:
    """The lock file beside a Helmfile, or the one that it names; None where there is none."""
    path = beside(helmfile, named) if named else _beside(helmfile)
    if not os.path.exists(path):
        return None
    try:
        documents = parse(whole(Source(path, read_text(path))), path)
    except (FileError, TreeError) as error:
        return Lock(path, {}, f"the lock file cannot be read: {error}")
    versions: dict[str, list[str]] = {}
    top = documents[0] if documents else None
    entries = top.get("dependencies") if isinstance(top, Map) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Map) and (name := text_of(entry.get("name"))) and (one := text_of(entry.get("version"))):
            versions.setdefault(name, []).append(one)
    return Lock(path, versions)


def _beside(helmfile: str) -> str:
    directory, name = posixpath.split(helmfile)
    base = name.removesuffix(".gotmpl")
    return posixpath.join(directory, re.sub(r"\.ya?ml\Z", "", base) + ".lock")
