"""Helmfiles to pins, without running anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import ChartRepository, Pin, Written
from k8supgrade.model.resource import Skipped


def read_helmfiles(
    paths: Sequence[str], *, environments: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Iterator[Pin | Skipped]:
    import yaml

    for path in paths:
        if os.path.isdir(path):
            path = os.path.join(path, "helmfile.yaml")
        path = os.path.normpath(path)
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        try:
            node: Any = yaml.compose(text, yaml.CSafeLoader)
        except yaml.YAMLError as error:
            yield Skipped(what=path, reason=str(error), origin=FileOrigin(path=path, line=1))
            continue
        data: Any = yaml.load(text, yaml.CBaseLoader)  # noqa: S506
        repositories = {
            one["name"]: ChartRepository(
                name=one["name"],
                url=one["url"]
                if "://" in one["url"]
                else os.path.normpath(os.path.join(os.path.dirname(path), one["url"])),
            )
            for one in data.get("repositories", ())
        }
        for release, item in zip(data["releases"], dict((k.value, v) for k, v in node.value)["releases"].value):
            version = next((v for k, v in item.value if k.value == "version"), None)
            written = ()
            if version is not None:
                start = version.start_mark.index + (version.style in ("'", '"'))
                end = version.end_mark.index - (version.style in ("'", '"'))
                written = (
                    Written(path=path, line=version.start_mark.line + 1, start=start, end=end, text=text[start:end]),
                )
            name, _, chart = release["chart"].partition("/")
            yield Pin(
                reader="helmfile",
                path=path,
                line=(version or item).start_mark.line + 1,
                release=release["name"],
                namespace=release.get("namespace"),
                chart=release["chart"],
                name=chart,
                repository=repositories.get(name),
                version=release.get("version"),
                installed=release.get("installed", "true") == "true",
                written=written,
            )
