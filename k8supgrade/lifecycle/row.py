"""A row as the data files hold it (text), and the way from there to an ApiLifecycle."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from k8supgrade.model.lifecycle import ApiLifecycle, Release, Replacement
from k8supgrade.model.version import KUBERNETES, ComponentVersion, KubeVersion

Api = tuple[str, str]


class Row(NamedTuple):
    """Field order is that of the compact form; names are those of the YAML keys with `_` for `-`."""

    version: str
    kind: str
    component: str
    namespaced: bool | None = None
    introduced_in: str | None = None
    deprecated_in: str | None = None
    removed_in: str | None = None
    served_again_in: str | None = None
    replacement_api: str | None = None
    replacement_kind: str | None = None
    replacement_available_in: str | None = None
    reference: str | None = None
    notes: str | None = None

    @property
    def api(self) -> Api:
        return self.version, self.kind

    @property
    def replacement(self) -> Api | None:
        if self.replacement_api is None:
            return None
        return self.replacement_api, self.replacement_kind or self.kind


@cache
def release(component: str, text: str | None) -> Release | None:
    """Rows of Kubernetes speak of minors, those of an add-on of its own releases."""
    if text is None:
        return None
    return KubeVersion.parse(text) if component == KUBERNETES else ComponentVersion.parse(text)


def lifecycle(row: Row, available_in: Release | None) -> ApiLifecycle:
    """`available_in` is used where the row does not say since when its replacement is served."""
    replacement = None
    if row.replacement is not None:
        since = release(row.component, row.replacement_available_in) or available_in
        replacement = Replacement(api_version=row.replacement[0], kind=row.replacement[1], available_in=since)
    return ApiLifecycle(
        api_version=row.version,
        kind=row.kind,
        component=row.component,
        namespaced=row.namespaced,
        introduced_in=release(row.component, row.introduced_in),
        deprecated_in=release(row.component, row.deprecated_in),
        removed_in=release(row.component, row.removed_in),
        served_again_in=release(row.component, row.served_again_in),
        replacement=replacement,
        reference=row.reference,
        notes=row.notes,
    )
