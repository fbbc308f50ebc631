"""The repositories of a Helmfile, and what a release's `chart` refers to."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from k8supgrade.helmfile.files import beside
from k8supgrade.model.pin import ChartRepository

_ARCHIVE = re.compile(r"(.+?)(?:-v?\d+\.\d+.*)?\.(?:tgz|tar\.gz)\Z", re.ASCII)
_GO_GETTER = ("git::", "s3::", "hg::", "gcs::", "git@")


class Where(NamedTuple):
    """Where a chart comes from: the fields of a Pin."""

    name: str
    repository: ChartRepository | None = None
    archive_url: str | None = None
    directory: str | None = None
    problem: str | None = None
    version: str | None = None


def repository_of(entry: Mapping[str, str], path: str, env: Mapping[str, str]) -> ChartRepository | str:
    """A ChartRepository, or why there is none; `entry` holds the resolved fields, `path` is the Helmfile's."""
    name, url = entry.get("name", ""), entry.get("url", "")
    if entry.get("managed"):
        return f"repository {name} is managed by {entry['managed']}, which has to be logged in to"
    if not url:
        return f"repository {name} has no url"
    if entry.get("oci") == "true":
        url = "oci://" + url.removeprefix("oci://")
    elif "://" not in url:
        url = beside(path, url)
    elif not url.startswith(("http://", "https://", "oci://")):
        return f"repository {name} is at {url.partition('://')[0]}://…, which is not read here"
    try:
        url, username, password = _credentials(url, name, entry, env)
    except ValueError:
        return f"repository {name} has an url that is none"
    files = {key: beside(path, entry[given]) if entry.get(given) else None for key, given in _FILES}
    return ChartRepository(
        url=url,
        name=name,
        username=username or None,
        password=password or None,
        skip_tls_verify=entry.get("skipTLSVerify") == "true",
        plain_http=entry.get("plainHttp") == "true",
        pass_credentials=entry.get("passCredentials") == "true",
        **files,
    )


_FILES = (("ca_file", "caFile"), ("cert_file", "certFile"), ("key_file", "keyFile"))


def _credentials(url: str, name: str, entry: Mapping[str, str], env: Mapping[str, str]) -> tuple[str, str, str]:
    """The URL without them, and the user's name and password; of the environment as helmfile names them."""
    from urllib.parse import unquote, urlsplit, urlunsplit

    parts = urlsplit(url)
    username, password = entry.get("username", ""), entry.get("password", "")
    if "@" in parts.netloc:
        userinfo, _, host = parts.netloc.rpartition("@")
        user, _, secret = userinfo.partition(":")
        username, password = username or unquote(user), password or unquote(secret)
        url = urlunsplit(parts._replace(netloc=host))
    prefix = name.replace("-", "_").upper()
    return url, username or env.get(f"{prefix}_USERNAME", ""), password or env.get(f"{prefix}_PASSWORD", "")


def where_is(chart: str, path: str, repositories: Mapping[str, ChartRepository | str]) -> Where:
    """What `chart` of a release means (pkg/state/util.go, isLocalChart)."""
    last = posixpath.basename(chart.rstrip("/"))
    if chart.startswith("oci://"):
        return _oci(chart, repositories)
    if chart.startswith(_GO_GETTER) or "::" in chart:
        return Where(last, problem=f"chart {_bare(chart)} is fetched by go-getter, which is not done here")
    if chart.startswith(("http://", "https://")):
        return _by_address(chart)
    if "://" in chart:
        return Where(last, problem=f"chart {_bare(chart)} is at an address that is not read here")
    parts = chart.split("/")
    if len(parts) in (2, 3) and parts[0] not in (".", "..", "") and not os.path.isabs(chart):
        return _of_repository(chart, parts, path, repositories)
    return Where(last, directory=beside(path, chart))


def _oci(chart: str, repositories: Mapping[str, ChartRepository | str]) -> Where:
    """By its address. helmfile logs in to the registries of its repositories, so their credentials count here too."""
    base, _, last = chart.removeprefix("oci://").partition("@")[0].rpartition("/")
    name, _, tag = last.partition(":")
    if not base or not name:
        return Where(name or chart, problem=f"chart {chart} names no registry and chart")
    host = base.partition("/")[0]
    known = [one for one in repositories.values() if isinstance(one, ChartRepository) and one.is_oci]
    same = next((one for one in known if one.url.removeprefix("oci://").partition("/")[0] == host), None)
    url = f"oci://{base}"
    repository = ChartRepository(url=url) if same is None else replace(same, url=url, name=None)
    return Where(name, repository=repository, version=tag or None)


def _by_address(chart: str) -> Where:
    address = chart.partition("?")[0]
    file = posixpath.basename(address)
    match = _ARCHIVE.match(file)
    name = match[1] if match else file
    if not address.endswith((".tgz", ".tar.gz")) or "@" in chart:
        return Where(name, problem=f"chart {_bare(chart)} is no archive with an address of its own")
    return Where(name, archive_url=chart)


def _of_repository(chart: str, parts: list[str], path: str, repositories: Mapping[str, ChartRepository | str]) -> Where:
    found = repositories.get(parts[0])
    last = parts[-1]
    if found is None:
        directory = beside(path, chart)
        if os.path.isdir(directory):
            return Where(last, directory=directory)
        return Where(last, problem=f"no repository is named {parts[0]}")
    if isinstance(found, str):
        return Where(last, problem=found)
    if found.is_oci and len(parts) == 3:
        return Where(last, repository=replace(found, url=f"{found.url.rstrip('/')}/{parts[1]}"))
    return Where("/".join(parts[1:]), repository=found)


def _bare(chart: str) -> str:
    """Without what may be a password."""
    scheme, separator, rest = chart.partition("://")
    if not separator:
        return chart
    return f"{scheme}://{rest.rpartition('@')[2] if '@' in rest.partition('/')[0] else rest}"
