"""The checks: one module each, named here once."""

from __future__ import annotations

from k8supgrade.checks import (
    chart_deprecated,
    chart_drift,
    chart_moved,
    chart_not_ready,
    chart_outdated,
    chart_unmaintained,
    crd_version,
    deprecated_api,
    duplicate_key,
    removed_api,
    removed_api_reference,
    removed_api_requested,
    rollback_blocked,
    unavailable_api,
)
from k8supgrade.checks.base import Check

_ALL: tuple[Check, ...] = (
    removed_api,
    deprecated_api,
    unavailable_api,
    removed_api_reference,
    removed_api_requested,
    crd_version,
    rollback_blocked,
    duplicate_key,
    chart_not_ready,
    chart_deprecated,
    chart_moved,
    chart_outdated,
    chart_unmaintained,
    chart_drift,
)

CHECKS: dict[str, Check] = {check.ID: check for check in _ALL}
