"""index.yaml of a repository: the versions of one chart, without parsing twenty megabytes for them.

`helm repo index` writes one layout: a chart's versions are a list below its name, a key is a line. A chart's block is
cut out by its indentation and read line by line. What is written otherwise goes to the YAML parser, block or all of it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from k8supgrade.helmfile.semver import parse_version
from k8supgrade.model.pin import Published
from k8supgrade.repository.error import RepositoryError, bare
from k8supgrade.repository.index_lines import NULL, Entry, OddError, block_of, entries_in


def versions_in(data: bytes, chart: str, url: str) -> tuple[Published, ...]:
    """The versions of a chart, newest first as Helm sorts them; what is no version is left out.

    Raises:
        RepositoryError: it is no index, or has no such chart.
    """
    found = entries_of(data, chart, url)
    if found is None:
        raise RepositoryError(f"{bare(url)}: no chart {chart} in the index", missing=True)
    known = [one for entry in found if (one := _published(entry, url)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(published for _, published in known)


def entries_of(data: bytes, chart: str, url: str) -> list[Entry] | None:
    """The entries of a chart as far as they are wanted; None where it has none."""
    if data[:1] == b"{":
        return _of_json(data, chart, url)
    if data.lstrip()[:1] == b"<":
        raise RepositoryError(f"{bare(url)}: the answer is a web page, not an index: check the address")
    try:
        block = block_of(data, chart)
        if block is None:
            return None
        try:
            return list(entries_in(block))
        except OddError:
            return _parsed_block(block, chart)
    except OddError:
        return _parsed(data, chart, url)


def _of_json(data: bytes, chart: str, url: str) -> list[Entry] | None:
    import msgspec

    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RepositoryError(f"{bare(url)}: not an index, or one that breaks off: {error}") from None
    return _of_tree(found, chart, url)


def _parsed_block(block: bytes, chart: str) -> list[Entry]:
    import yaml

    try:
        found = yaml.load(block, yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise OddError from error
    if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("name") == chart for one in found):
        raise OddError
    return found


def _parsed(data: bytes, chart: str, url: str) -> list[Entry] | None:
    import yaml

    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    try:
        # Without tags every scalar is text: a version like 1.10 stays what it is.
        found = yaml.load(data, loader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise RepositoryError(f"{bare(url)}: not an index, or one that breaks off{line}") from None
    return _of_tree(found, chart, url)


def _of_tree(found: Any, chart: str, url: str) -> list[Entry] | None:
    entries = found.get("entries") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise RepositoryError(f"{bare(url)}: not an index: it has no entries")
    listed = entries.get(chart)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None


def _published(entry: Entry, url: str) -> tuple[tuple[object, ...], Published] | None:
    version = _text(entry.get("version"))
    parsed = parse_version(version) if version else None
    if version is None or parsed is None:
        return None
    urls = entry.get("urls")
    found = [_absolute(url, one) for one in urls if isinstance(one, str) and one] if isinstance(urls, list) else []
    return parsed.order, Published(
        version=version,
        app_version=_text(entry.get("appVersion")),
        kube_version=_text(entry.get("kubeVersion")),
        deprecated=entry.get("deprecated") in (True, "true"),
        created=_text(entry.get("created")),
        urls=tuple(found),
        digest=_text(entry.get("digest")),
    )


def _text(value: object) -> str | None:
    """Read without tags, a null is text too."""
    return value if isinstance(value, str) and value.encode() not in NULL else None


def _absolute(repository: str, url: str) -> str:
    """As helm resolves it: relative to the repository's directory, whose query is kept."""
    if "://" in url:
        return url
    parts = urlsplit(repository)
    base = urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/", query="", fragment=""))
    whole = urlsplit(urljoin(base, url))
    return urlunsplit(whole._replace(query=whole.query or parts.query))
