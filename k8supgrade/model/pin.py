"""Charts that a file pins: which chart, from where, in which version, and where that version is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from k8supgrade.model.origin import ChartOrigin

Reader = Literal["helmfile", "chart", "argo-cd", "flux"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a version is written: `text` is what stands from `start` to `end`, without the quotes around it.

    Offsets count characters of the file's text as it is on disk (UTF-8 decoded, a byte order mark and carriage returns
    included); `line` counts from 1.
    """

    path: str
    line: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRepository:
    """Where charts come from. `url` is `https://…`, `http://…` or `oci://host/path`, never with credentials in it.

    Files of certificates are paths that can be opened. Credentials never show: not in a `repr`, not in a message.
    """

    url: str
    name: str | None = None
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    skip_tls_verify: bool = False
    plain_http: bool = False
    pass_credentials: bool = False

    @property
    def is_oci(self) -> bool:
        return self.url.startswith("oci://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One release of one environment, or one dependency of a chart.

    path, line: where a reader looks: the version where it stands at the release itself, else the release's first line.
    chart: as written (`grafana/loki`, `oci://…`, `./charts/cart`, a URL); name: the chart's own name.
    repository: None for what is local, for `archive_url`, and where `problem` says why it is not known.
    directory: a local chart, a directory or an archive.
    version: exact or a range, resolved from templates; None: the newest. locked: what a lock file makes of it.
    lock_file: the lock file that has to be made anew after a change.
    installed: False for `installed: false` and for a condition that does not hold.
    written: where the version is written, in the order of use; empty where it is written nowhere.
    values: in the order in which Helm takes them, a path of a file or the values themselves; sets: as `--set`.
    values_unknown: why some values could not be had, one reason each.
    kube_version: the Kubernetes version that the file itself tells Helm to render for.
    rewrites: what changes the chart after Helm (patches, transformers), so that rendering shows less than is deployed.
    problem: why the pin cannot be judged; everything else is as far as known.
    """

    reader: Reader
    path: str
    line: int
    release: str
    chart: str
    name: str
    namespace: str | None = None
    environment: str | None = None
    repository: ChartRepository | None = None
    archive_url: str | None = None
    directory: str | None = None
    version: str | None = None
    locked: str | None = None
    lock_file: str | None = None
    devel: bool = False
    installed: bool = True
    needs: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    written: tuple[Written, ...] = ()
    values: tuple[str | Mapping[str, Any], ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    values_unknown: tuple[str, ...] = ()
    kube_version: str | None = None
    rewrites: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def origin(self) -> ChartOrigin:
        return ChartOrigin(
            path=self.path,
            line=self.line,
            environment=self.environment,
            release=self.release,
            chart=self.chart,
            version=self.version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One version of a chart, as its repository tells. `created`: ISO 8601. `urls`: where the archive is, absolute.

    `is_complete` is False where only the version is known until somebody asks for the rest (OCI).
    """

    version: str
    app_version: str | None = None
    kube_version: str | None = None
    deprecated: bool = False
    created: str | None = None
    urls: tuple[str, ...] = ()
    digest: str | None = None
    is_complete: bool = True
