"""Flux: HelmRelease with its HelmRepository or OCIRepository, wherever in the files these are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from k8supgrade.gitops.tree import Map, at, line_of, listed, plain, text, written
from k8supgrade.model.pin import ChartRepository, Pin

_SOURCES = ("HelmRepository", "OCIRepository")


class Document(NamedTuple):
    content: Map
    path: str


def pins_of(found: Iterable[Document]) -> Iterator[Pin]:
    """`found`: all documents of Flux's groups."""
    documents = list(found)
    sources = {_key(one.content): one for one in documents if text(one.content, "kind") in _SOURCES}
    for one in documents:
        if text(one.content, "kind") == "HelmRelease":
            yield _release(one, sources)


def _key(content: Map) -> tuple[str, str, str]:
    metadata = at(content, "metadata")
    return text(content, "kind") or "", text(metadata, "namespace") or "", text(metadata, "name") or ""


def _release(one: Document, sources: dict[tuple[str, str, str], Document]) -> Pin:
    spec = at(one.content, "spec")
    namespace = text(one.content, "metadata", "namespace") or ""
    chart = at(spec, "chart", "spec")
    reference = at(chart, "sourceRef") if chart is not None else at(spec, "chartRef")
    kind, name = text(reference, "kind") or "HelmRepository", text(reference, "name") or ""
    where = text(reference, "namespace") or namespace
    source = sources.get((kind, where, name)) or sources.get((kind, "", name))
    problem = None
    repository: ChartRepository | None = None
    version_node, path = at(chart, "version"), one.path
    chart_name = text(chart, "chart") or ""
    if kind not in _SOURCES:
        problem = f"its chart is in {kind} {name}: no version of a repository is pinned"
    elif source is None:
        problem = f"{kind} {where + '/' if where else ''}{name} is not in the files that are read"
    else:
        repository, problem = _repository(source.content, kind)
        if kind == "OCIRepository":
            path = source.path
            version_node = at(source.content, "spec", "ref", "tag") or at(source.content, "spec", "ref", "semver")
            if repository is not None:
                base, _, chart_name = repository.url.rpartition("/")
                repository = ChartRepository(url=base, plain_http=repository.plain_http)
    version = plain_text(version_node)
    values = at(spec, "values")
    unknown = [f"values from {text(source, 'kind')} {text(source, 'name')}" for source in listed(spec, "valuesFrom")]
    return Pin(
        reader="flux",
        path=path,
        line=line_of(version_node, at(one.content, "spec").line if isinstance(spec, Map) else one.content.line),
        release=text(spec, "releaseName") or text(one.content, "metadata", "name") or "?",
        chart=chart_name,
        name=chart_name,
        namespace=text(spec, "targetNamespace") or namespace or None,
        repository=repository,
        version=None if version in (None, "", "*") else version,
        written=written(version_node),
        values=(plain(values),) if isinstance(values, Map) else (),
        values_unknown=tuple(unknown),
        rewrites=("postRenderers",) if at(spec, "postRenderers") else (),
        problem=problem,
    )


def plain_text(node: Any) -> str | None:
    return node.value if node is not None and hasattr(node, "value") else None


def _repository(content: Map, kind: str) -> tuple[ChartRepository | None, str | None]:
    url = text(content, "spec", "url") or ""
    if "@" in url.split("//")[-1].split("/")[0]:
        return None, "the repository has credentials in its address: keep them elsewhere"
    is_oci = kind == "OCIRepository" or text(content, "spec", "type") == "oci"
    if not url.startswith("oci://" if is_oci else ("http://", "https://")):
        return None, f"{kind} {text(content, 'metadata', 'name')} is at an address that is not read here"
    return ChartRepository(url=url, plain_http=text(content, "spec", "insecure") == "true"), None
