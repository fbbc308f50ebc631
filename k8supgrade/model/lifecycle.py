"""One row of the deprecation table: the life of a group/version/kind."""

from __future__ import annotations

from dataclasses import dataclass

from k8supgrade.model.version import KUBERNETES, ComponentVersion, KubeVersion

Release = KubeVersion | ComponentVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Where to go. `available_in` is the first release that serves it, None where not known."""

    api_version: str
    kind: str
    available_in: Release | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLifecycle:
    """Versions are those of `component`: Kubernetes minors, or the add-on's releases."""

    api_version: str
    kind: str
    component: str
    namespaced: bool | None
    introduced_in: Release | None
    deprecated_in: Release | None
    removed_in: Release | None
    served_again_in: Release | None
    replacement: Replacement | None
    reference: str | None
    notes: str | None

    @property
    def is_addon(self) -> bool:
        return self.component != KUBERNETES

    def is_removed(self, release: Release) -> bool:
        """Whether `release` (of this component) no longer serves it."""
        if self.removed_in is None or release < self.removed_in:
            return False
        return self.served_again_in is None or release < self.served_again_in

    def is_deprecated(self, release: Release) -> bool:
        """Whether `release` still serves it, and says that it is on its way out."""
        return self.deprecated_in is not None and release >= self.deprecated_in and not self.is_removed(release)
