"""Charts in OCI registries, by the registry's own protocol (OCI Distribution Specification 1.1).

A chart is a manifest with a configuration, which is Chart.yaml as JSON, and one layer, which is the archive
(https://helm.sh/docs/topics/registries/). Tags are versions, with `_` for `+`.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from k8supgrade.helmfile.semver import is_strict, newest_first
from k8supgrade.model.pin import ChartRepository, Published
from k8supgrade.repository.credentials import Login, registry_login
from k8supgrade.repository.error import RepositoryError
from k8supgrade.repository.http import MAX_ARCHIVE, Answer, Http, check

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYERS = ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip")
_MAX_PAGES = 1000
_MAX_DOCUMENT = 4 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


class Registry:
    """The registries of a run; what a server wants to know of the user is asked once for each chart."""

    def __init__(self, http: Http, env: Mapping[str, str]) -> None:
        self._http = http
        self._env = env
        self._authorizations: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def versions(self, repository: ChartRepository, chart: str) -> tuple[Published, ...]:
        """Newest first. Raises RepositoryError, also where the registry does not list tags."""
        tags: list[str] = []
        base = self._base(repository, chart)
        url: str | None = f"{base}/tags/list?n=1000"
        for _ in range(_MAX_PAGES):
            if url is None:
                break
            answer = self._kept(url, repository, chart, accept="application/json")
            listed = _json(answer.body, f"{repository.url}/{chart}: the list of tags")
            found = listed.get("tags")
            tags += [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []
            url = _next(url, answer.headers)
        versions = [tag.replace("_", "+") for tag in tags]
        ordered = newest_first([one for one in dict.fromkeys(versions) if is_strict(one)])
        return tuple(Published(version=one, is_complete=False) for one in ordered)

    def complete(self, repository: ChartRepository, chart: str, published: Published) -> Published:
        where = f"{repository.url}/{chart}:{published.version}"
        manifest = self._manifest(repository, chart, published.version, where)
        config = manifest.get("config")
        if not isinstance(config, dict) or config.get("mediaType") != CONFIG:
            raise RepositoryError(f"{where}: it is no Helm chart")
        metadata = _json(self._blob(repository, chart, config, where, _MAX_DOCUMENT), where)
        annotations = manifest.get("annotations")
        created = annotations.get("org.opencontainers.image.created") if isinstance(annotations, dict) else None
        layer = _layer(manifest)
        return replace(
            published,
            app_version=_text(metadata.get("appVersion")),
            kube_version=_text(metadata.get("kubeVersion")),
            deprecated=metadata.get("deprecated") is True,
            created=_text(created),
            digest=None if layer is None else str(layer.get("digest")),
            is_complete=True,
        )

    def archive(self, repository: ChartRepository, chart: str, published: Published) -> str:
        where = f"{repository.url}/{chart}:{published.version}"
        digest = (published.digest or "").removeprefix("sha256:")
        if digest and (kept := self._http.cache.content(digest)) is not None:
            return kept
        layer = _layer(self._manifest(repository, chart, published.version, where))
        if layer is None:
            raise RepositoryError(f"{where}: it is no Helm chart")
        return self._http.cache.keep_content(self._blob(repository, chart, layer, where, MAX_ARCHIVE))

    def _manifest(self, repository: ChartRepository, chart: str, reference: str, where: str) -> dict[str, Any]:
        tag = quote(reference.replace("+", "_"), safe=":")
        url = f"{self._base(repository, chart)}/manifests/{tag}"
        found = _json(self._kept(url, repository, chart, accept=f"{MANIFEST}, {INDEX}").body, where)
        listed = found.get("manifests")
        if "layers" in found or not isinstance(listed, list):
            return found
        for one in listed:  # an index: the first of its manifests that is a chart
            digest = one.get("digest") if isinstance(one, dict) else None
            if isinstance(digest, str) and _DIGEST.match(digest):
                url = f"{self._base(repository, chart)}/manifests/{digest}"
                inner = _json(self._kept(url, repository, chart, accept=MANIFEST).body, where)
                if _layer(inner) is not None:
                    return inner
        raise RepositoryError(f"{where}: it is no Helm chart")

    def _blob(
        self, repository: ChartRepository, chart: str, descriptor: Mapping[str, Any], where: str, limit: int
    ) -> bytes:
        """Kept for good, and looked at anew each time: the digest is the content's."""
        digest = str(descriptor.get("digest"))
        if not _DIGEST.match(digest):
            raise RepositoryError(f"{where}: a digest that is not SHA-256")
        kept = self._http.cache.content(digest[7:])
        if kept is None:
            url = f"{self._base(repository, chart)}/blobs/{digest}"
            answer = self._ask(url, repository, chart, accept="*/*", limit=limit)
            check(answer.status, url, has_credentials=self._has_login(repository))
            kept = self._http.cache.keep_content(answer.body)
            if not kept.endswith(digest[7:]):
                raise RepositoryError(f"{where}: the content is not what its digest says")
        with open(kept, "rb") as file:
            return file.read()

    def _kept(self, url: str, repository: ChartRepository, chart: str, *, accept: str) -> Answer:
        """Tags and manifests are asked for each time; what came is there for --offline."""
        cache, key = self._http.cache, (url, repository.username or "", accept)
        if self._http.offline and (kept := cache.answer(*key)) is not None:
            with open(kept.path, "rb") as file:
                return Answer(200, {}, file.read())
        answer = self._ask(url, repository, chart, accept=accept, limit=_MAX_DOCUMENT * 4)
        if answer.status in (404, 405, 501) and "/tags/" in url:
            raise RepositoryError(
                f"{repository.url}/{chart}: the registry has no such chart, or does not list tags ({answer.status})",
                missing=answer.status == 404 and "NAME_UNKNOWN" in answer.body.decode("utf-8", "replace"),
            )
        check(answer.status, url, has_credentials=self._has_login(repository))
        cache.keep_answer(*key, data=answer.body, headers={})
        return answer

    def _ask(self, url: str, repository: ChartRepository, chart: str, *, accept: str, limit: int) -> Answer:
        key = (self._base(repository, chart), repository.username or "")
        known = self._authorizations.get(key)
        answer = self._http.get(url, repository, headers={"Accept": accept}, limit=limit, auth=known)
        if answer.status != 401:
            return answer
        authorization = self._authorize(answer.headers.get("WWW-Authenticate", ""), repository, chart)
        if authorization is None or authorization == known:
            return answer
        with self._lock:
            self._authorizations[key] = authorization
        return self._http.get(url, repository, headers={"Accept": accept}, limit=limit, auth=authorization)

    def _authorize(self, challenge: str, repository: ChartRepository, chart: str) -> str | None:
        """What the server's challenge asks for; None where there is no answer to it."""
        login = registry_login(repository, self._env)
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return None if login is None else _basic(login)
        parameters = dict(_PARAMETER.findall(rest))
        realm = parameters.get("realm", "")
        if scheme.lower() != "bearer" or not realm.startswith(("https://", "http://")):
            return None
        if not self._may_have_login(realm, repository):
            login = None
        scope = parameters.get("scope") or f"repository:{self._name(repository, chart)}:pull"
        query = {"scope": scope, **({"service": parameters["service"]} if "service" in parameters else {})}
        if login is not None and login.username:
            query["account"] = login.username
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        auth = _basic(login) if login is not None and login.token is None else None
        if login is not None and login.token is not None:
            auth = f"Bearer {login.token}"
        answer = self._http.get(url, replace(repository, url=realm), limit=_MAX_DOCUMENT, auth=auth)
        check(answer.status, realm, has_credentials=login is not None)
        found = _json(answer.body, realm)
        token = _text(found.get("token")) or _text(found.get("access_token"))
        return None if token is None else f"Bearer {token}"

    def _may_have_login(self, realm: str, repository: ChartRepository) -> bool:
        """A password never goes unencrypted to a host that nobody has named."""
        there, here = urlsplit(realm), urlsplit(repository.url)
        return there.scheme == "https" or (repository.plain_http and there.hostname == here.hostname)

    def _has_login(self, repository: ChartRepository) -> bool:
        return registry_login(repository, self._env) is not None

    def _base(self, repository: ChartRepository, chart: str) -> str:
        scheme = "http" if repository.plain_http else "https"
        return f"{scheme}://{urlsplit(repository.url).netloc}/v2/{quote(self._name(repository, chart))}"

    @staticmethod
    def _name(repository: ChartRepository, chart: str) -> str:
        return "/".join(part for part in (urlsplit(repository.url).path.strip("/"), chart) if part)


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _layer(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    layers = manifest.get("layers")
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and layer.get("mediaType") in LAYERS:
            return layer
    return None


def _json(data: bytes, where: str) -> dict[str, Any]:
    import msgspec

    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RepositoryError(f"{where}: the answer is no JSON of a registry: check the address")
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _next(url: str, headers: Mapping[str, str]) -> str | None:
    """The next page, of the same host only."""
    match = _NEXT.search(headers.get("Link", ""))
    if match is None:
        return None
    there = urljoin(url, match[1])
    return there if urlsplit(there)[:2] == urlsplit(url)[:2] else None
