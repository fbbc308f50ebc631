"""The checks: one module each, named here once."""

from __future__ import annotations

from k8supgrade.checks import deprecated_api, duplicate_key, removed_api, removed_api_reference, unavailable_api
from k8supgrade.checks.base import Check

CHECKS: dict[str, Check] = {
    check.ID: check for check in (removed_api, deprecated_api, unavailable_api, removed_api_reference, duplicate_key)
}
