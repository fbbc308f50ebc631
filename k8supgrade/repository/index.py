"""index.yaml of a repository: the versions of one chart, without parsing twenty megabytes for them.

`helm repo index` writes one layout: a chart's versions are a list below its name, a key is a line. A chart's block is
cut out by its indentation and read line by line. What is written otherwise goes to the YAML parser, block or all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from k8supgrade.helmfile.semver import parse_version
from k8supgrade.model.pin import Published
from k8supgrade.repository.error import RepositoryError, bare

_WANTED = frozenset((b"version", b"appVersion", b"kubeVersion", b"deprecated", b"created", b"digest", b"urls"))
_ENTRIES = re.compile(rb"^entries:[ ]*(?:#.*)?\r?\n", re.MULTILINE)
_FIRST = re.compile(rb"([ ]+)(?![ #-])[^\r\n]*\r?\n")
_KEY = re.compile(rb"([A-Za-z][A-Za-z0-9]*):(?:[ ]+([^\r\n]*?))?[ ]*\r?\Z")
_NULL = frozenset((b"", b"~", b"null", b"Null", b"NULL"))
_SPECIAL = b"&*!|>%@`?#\t"

Entry = dict[str, Any]


class _OddError(Exception):
    """The text is laid out otherwise than helm does it."""


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
        block = _block(data, chart)
        if block is None:
            return None
        try:
            return list(_lines(block))
        except _OddError:
            return _parsed_block(block, chart)
    except _OddError:
        return _parsed(data, chart, url)


def _block(data: bytes, chart: str) -> bytes | None:
    """The lines below the chart's name."""
    top = _ENTRIES.search(data)
    if top is None or not _is_whole(data):
        raise _OddError
    first = _FIRST.match(data, top.end())
    if first is None:
        raise _OddError
    indent = first[1]
    name = re.escape(chart.encode())
    heads = [re.compile(rb"^" + indent + form + rb":[ ]*\r?\n", re.MULTILINE) for form in (name, b'"' + name + b'"')]
    matches = [match for head in heads for match in [head.search(data, top.end())] if match is not None]
    if len(matches) != 1:
        if not matches and chart.encode() not in data:
            return None
        raise _OddError
    start = matches[0].end()
    end = re.compile(rb"^(?:" + indent + rb")?(?![ \r\n-])", re.MULTILINE).search(data, start)
    return data[start : end.start() if end else len(data)]


def _is_whole(data: bytes) -> bool:
    """Helm's index ends with the day that it was made; another one has to be parsed to know."""
    return re.search(rb"^(?:generated|serverInfo|publicKeys|annotations):", data[-4096:], re.MULTILINE) is not None


def _lines(block: bytes) -> Iterator[Entry]:
    """The entries of a block that is a list of mappings, a key a line."""
    lines = block.split(b"\n")
    dash = re.match(rb"[ ]*- ", block)
    if dash is None:
        raise _OddError
    start = dash[0]
    inner = b" " * len(start)
    entry: Entry | None = None
    key = b""
    for line in lines:
        if line.startswith(start) and line[len(start) : len(start) + 1] not in (b" ", b"-"):
            if entry is not None:
                yield entry
            entry, key = {}, b""
            line = inner + line[len(start) :]
        if not line.strip():
            continue
        if entry is None or not line.startswith(inner):
            raise _OddError
        rest = line[len(inner) :]
        if rest.startswith(b"- ") or rest == b"-":
            _item(entry, key, rest[2:])
        elif rest[:1] == b" ":
            _deeper(entry, key, rest)
        else:
            match = _KEY.match(rest)
            if match is None:
                raise _OddError
            key = match[1]
            _set(entry, key, match[2] or b"")
    if entry is not None:
        yield entry


def _item(entry: Entry, key: bytes, value: bytes) -> None:
    if key == b"urls":
        entry.setdefault("urls", []).append(_scalar(value.strip()))


def _deeper(entry: Entry, key: bytes, rest: bytes) -> None:
    """What belongs to the key before: of no interest, unless that is one of ours."""
    stripped = rest.strip()
    if key == b"urls" and stripped.startswith(b"- "):
        _item(entry, key, stripped[2:])
    elif key in _WANTED:
        raise _OddError


def _set(entry: Entry, key: bytes, value: bytes) -> None:
    name = key.decode()
    if name in entry:
        raise _OddError
    if key not in _WANTED:
        # Only what ends on its line cannot swallow the next ones.
        if value[:1] in (b'"', b"'", b"{", b"[") and not _ends(value):
            raise _OddError
        entry[name] = None
        return
    if key == b"urls":
        if value:
            raise _OddError
        entry["urls"] = []
        return
    entry[name] = _scalar(value)


def _ends(value: bytes) -> bool:
    if value[:1] in (b"{", b"["):
        return value in (b"{}", b"[]")
    if value[:1] == b"'":
        return re.fullmatch(rb"'(?:[^']|'')*'", value) is not None
    return re.fullmatch(rb'"(?:[^"\\]|\\.)*"', value) is not None


def _scalar(value: bytes) -> str | None:
    if value[:1] in (b'"', b"'"):
        if not _ends(value) or b"\\" in value:
            raise _OddError
        inner = value[1:-1]
        return (inner.replace(b"''", b"'") if value[:1] == b"'" else inner).decode("utf-8", "replace")
    if value[:1] in (b"{", b"[") or value[:1] in [bytes([char]) for char in _SPECIAL]:
        raise _OddError
    if b" #" in value or b": " in value or value.endswith(b":"):
        raise _OddError
    return None if value in _NULL else value.decode("utf-8", "replace")


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
        raise _OddError from error
    if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("name") == chart for one in found):
        raise _OddError
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
    return value if isinstance(value, str) and value.encode() not in _NULL else None


def _absolute(repository: str, url: str) -> str:
    """As helm resolves it: relative to the repository's directory, whose query is kept."""
    if "://" in url:
        return url
    parts = urlsplit(repository)
    base = urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/", query="", fragment=""))
    whole = urlsplit(urljoin(base, url))
    return urlunsplit(whole._replace(query=whole.query or parts.query))
