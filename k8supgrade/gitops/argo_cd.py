"""Argo CD: Applications, and ApplicationSets with a list of elements. Only sources that name a chart are pins; a path
in a Git repository pins no version of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from k8supgrade.gitops.tree import Map, Text, at, line_of, listed, plain, text, written
from k8supgrade.model.pin import ChartRepository, Pin

_PARAMETER = re.compile(r"\{\{-?\s*\.?([\w.-]+)\s*-?\}\}")


def pins_of(document: Map, path: str) -> Iterator[Pin]:
    if text(document, "kind") == "Application":
        name = text(document, "metadata", "name") or "?"
        yield from _application(at(document, "spec"), name, path, {})
    elif text(document, "kind") == "ApplicationSet":
        yield from _set(document, path)


def _set(document: Map, path: str) -> Iterator[Pin]:
    template = at(document, "spec", "template")
    name = text(template, "metadata", "name") or text(document, "metadata", "name") or "?"
    elements: list[Mapping[str, Text]] = []
    for generator in listed(document, "spec", "generators"):
        elements += [
            {key: value for key, value in element.items() if isinstance(value, Text)}
            for element in listed(generator, "list", "elements")
            if isinstance(element, Map)
        ]
    for element in elements or [{}]:
        yield from _application(at(template, "spec"), name, path, element)


def _application(spec: Any, name: str, path: str, element: Mapping[str, Text]) -> Iterator[Pin]:
    sources = listed(spec, "sources") or [at(spec, "source")]
    for source in sources:
        chart = _filled(at(source, "chart"), element)
        if chart is None:
            continue
        version, url = _filled(at(source, "targetRevision"), element), _filled(at(source, "repoURL"), element)
        release = _filled(at(source, "helm", "releaseName"), element) or _filled(Text(name, None), element)
        namespace = _filled(at(spec, "destination", "namespace"), element)
        repository, problem = _repository(url.value if url else "")
        open_ones = [one.value for one in (chart, version, url) if one is not None and "{{" in one.value]
        if open_ones:
            problem = f"{open_ones[0]} depends on a generator that is not a list"
        values, unknown = _values(source)
        yield Pin(
            reader="argo-cd",
            path=path,
            line=line_of(version, source.line),
            release=release.value if release else name,
            chart=chart.value,
            name=chart.value,
            namespace=namespace.value if namespace else None,
            repository=repository,
            version=version.value if version and version.value not in ("", "*") else None,
            written=written(version),
            values=values,
            sets=tuple(
                (text(one, "name") or "", text(one, "value") or "") for one in listed(source, "helm", "parameters")
            ),
            values_unknown=unknown,
            problem=problem,
        )


def _repository(url: str) -> tuple[ChartRepository | None, str | None]:
    """A registry is written without a scheme (Argo CD documentation, Helm: OCI)."""
    if "@" in url.split("//")[-1].split("/")[0]:
        return None, "the repository has credentials in its address: keep them elsewhere"
    if url.startswith(("http://", "https://", "oci://")):
        return ChartRepository(url=url), None
    if "://" in url or not url:
        return None, "the repository is at an address that is not read here"
    return ChartRepository(url=f"oci://{url}"), None


def _values(source: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    import yaml

    unknown = [f"values file {text}" for one in listed(source, "helm", "valueFiles") for text in [plain(one)]]
    known: list[Any] = []
    inline = text(source, "helm", "values")
    if inline:
        try:
            found = yaml.safe_load(inline)
        except (yaml.YAMLError, ValueError, RecursionError):
            found = None
        known.append(found) if isinstance(found, dict) else unknown.append("values that are no YAML")
    values = at(source, "helm", "valuesObject")
    if isinstance(values, Map):
        known.append(plain(values))
    return tuple(known), tuple(unknown)


def _filled(node: Any, element: Mapping[str, Text]) -> Text | None:
    """With the parameters of a list's element. What is but one parameter is written where the element is."""
    if not isinstance(node, Text):
        return None
    whole = _PARAMETER.fullmatch(node.value)
    if whole and whole[1] in element:
        return element[whole[1]]
    filled = _PARAMETER.sub(lambda match: element[match[1]].value if match[1] in element else match[0], node.value)
    return node if filled == node.value else Text(filled, None)
