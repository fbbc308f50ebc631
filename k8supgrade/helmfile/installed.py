"""Whether a release is to be installed (pkg/state/state.go of helmfile, ConditionEnabled and Desired)."""

from __future__ import annotations

from k8supgrade.helmfile.resolve import resolve
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.tree import Map, Node, Scalar
from k8supgrade.helmfile.values import UnresolvedError, typed

TRUE = frozenset(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"))


def attempt(node: Node, scope: Scope, problems: list[str]) -> Scalar | None:
    """The scalar without templates; why there is none is added to the problems."""
    if not isinstance(node, Scalar):
        return None
    try:
        return resolve(node, scope)
    except UnresolvedError as error:
        problems.append(str(error))
        return None


def is_installed(release: Map, scope: Scope, problems: list[str]) -> bool:
    template = attempt(release.get("conditionTemplate"), scope, problems)
    condition = attempt(release.get("condition"), scope, problems) if template is None else template
    if condition is not None and condition.text.strip() and not _holds(condition.text.strip(), scope, problems):
        return False
    for key in ("installedTemplate", "installed"):
        scalar = attempt(release.get(key), scope, problems)
        if scalar is not None:
            return scalar.text.strip() in TRUE
    return True


def _holds(condition: str, scope: Scope, problems: list[str]) -> bool:
    """`a.enabled` in the values."""
    if condition.lower() in ("true", "false"):
        return condition.lower() == "true"
    node: Node = scope.values
    *names, last = condition.split(".")
    for name in names:
        node = node.get(name) if isinstance(node, Map) else None
    if last != "enabled" or not isinstance(node, Map):
        hidden = f" (not known: {'; '.join(scope.unknown)})" if scope.unknown else ""
        problems.append(f"condition {condition}: no such value{hidden}")
        return True
    return typed(node.get(last)) is True
