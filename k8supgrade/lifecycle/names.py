"""Kinds and the names of their resources."""

from __future__ import annotations

from collections.abc import Callable

from k8supgrade.lifecycle.table import LifecycleTable

_VOWELS = "aeiou"


def plural(kind: str) -> str:
    """The resource of a kind, as it is usually named; right for all kinds of Kubernetes itself.

    >>> plural("NetworkPolicy"), plural("Ingress"), plural("Endpoints"), plural("Gateway")
    ('networkpolicies', 'ingresses', 'endpoints', 'gateways')
    >>> plural("ResourceClassParameters")
    'resourceclassparameters'
    """
    name = kind.lower()
    if name.endswith(("endpoints", "parameters")):  # they are plurals already
        return name
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    return name[:-1] + "ies" if name.endswith("y") and name[-2:-1] not in _VOWELS else name + "s"


def kinds_by_resource(table: LifecycleTable) -> Callable[[str, str], str]:
    """Gives the kind of a group/version's resource; the resource's own name where the table does not know one."""
    apis = {*table.apis(), *((row.api_version, row.kind) for row in table.rows())}
    kinds = {(api_version, plural(kind)): kind for api_version, kind in sorted(apis)}
    return lambda api_version, resource: kinds.get((api_version, resource), resource)
