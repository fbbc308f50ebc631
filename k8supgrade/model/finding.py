"""What a check has to say about one object, and how findings of the same object become one."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.origin import Origin, ReleaseOrigin


class Severity(enum.IntEnum):
    """Ordered: a higher value is worse."""

    INFO = 1
    WARNING = 2
    BLOCKER = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Severity:
        return cls[text.upper()]


Identity = tuple[str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Holds no manifest, so that a report cannot leak a Secret.

    `locator` stands in for the name of an object that has none ("path#index"); `component` is "kubernetes"
    or the add-on. Versions are strings as the report shows them.
    """

    check: str
    severity: Severity
    api_version: str | None
    kind: str | None
    namespace: str | None
    name: str | None
    message: str
    origins: tuple[Origin, ...]
    fix: str | None = None
    owner: str | None = None
    component: str = "kubernetes"
    introduced_in: str | None = None
    deprecated_in: str | None = None
    removed_in: str | None = None
    replacement: Replacement | None = None
    reference: str | None = None
    locator: str | None = None

    @property
    def identity(self) -> Identity:
        """Findings with the same identity are one finding (contract of the report)."""
        return (
            self.check,
            self.component,
            self.api_version or "",
            self.kind or "",
            self.namespace or "",
            self.name or "",
            self.locator or "",
        )

    @property
    def id(self) -> str:
        """Stable over runs, moved lines and renamed files (except for objects without a name)."""
        import hashlib

        return hashlib.sha256("\x00".join(self.identity).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def sort_key(self) -> tuple[object, ...]:
        """Worst first, then as the contract orders them, so that two runs give the same bytes."""
        return (
            -self.severity,
            self.check,
            self.namespace or "",
            self.kind or "",
            self.name or "",
            self.origins[0].sort_key(),
            self.api_version or "",
            self.locator or "",
        )


def merge(findings: list[Finding]) -> Finding:
    """One finding of several with the same identity: the worst one's text, everybody's origins, sorted.

    `findings` is not empty. Of those that are equally bad a release's speaks: whoever wrote the live object did so
    for it, and it is the release that has to be changed.
    """
    if len(findings) == 1:
        return findings[0]
    different = {origin for finding in findings for origin in finding.origins}
    origins = sorted(different, key=lambda origin: origin.sort_key())
    return replace(min(findings, key=_precedence), origins=tuple(origins))


def _precedence(finding: Finding) -> tuple[object, ...]:
    first = finding.origins[0]
    return (-finding.severity, not isinstance(first, ReleaseOrigin), finding.message, first.sort_key())
