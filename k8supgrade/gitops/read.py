"""Charts pinned in files other than Helmfiles: dependencies of charts, Argo CD, Flux."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from k8supgrade.gitops import argo_cd, chart_yaml, flux
from k8supgrade.gitops.tree import TreeError, documents, read, text, yaml_files
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped

_ARGO_CD, _FLUX = "argoproj.io/", "toolkit.fluxcd.io/"


def read_gitops(paths: Sequence[str]) -> Iterator[Pin | Skipped]:
    """What the files, or those below the directories, pin. Files that speak of none of these are passed over."""
    of_flux: list[flux.Document] = []
    for path in dict.fromkeys(file for root in paths for file in yaml_files(root)):
        is_named = path in paths
        try:
            content = read(path)
        except (OSError, ValueError) as error:
            if is_named or os.path.basename(path) in chart_yaml.NAMES:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                yield Skipped(what=path, reason=reason)
            continue
        is_chart = os.path.basename(path) in chart_yaml.NAMES
        if not is_chart and _ARGO_CD not in content and _FLUX not in content:
            continue
        try:
            for document in documents(content, path):
                api_version = text(document, "apiVersion") or ""
                if is_chart:
                    yield from chart_yaml.pins_of(document, path)
                elif api_version.startswith(_ARGO_CD):
                    yield from argo_cd.pins_of(document, path)
                elif _FLUX in api_version:
                    of_flux.append(flux.Document(document, path))
        except TreeError as error:
            yield Skipped(what=path, reason=str(error), origin=FileOrigin(path=path, line=error.line))
    yield from flux.pins_of(of_flux)
