"""The RBAC rule that lets us read something, as a message spells it; deploy/rbac.yaml holds them all."""

from __future__ import annotations


def rule_for(group: str, resource: str, *, verbs: str = "list", namespaced: bool = False) -> str:
    """`apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: ["list"]` and the kind of role."""
    role = "Role in the namespace" if namespaced else "ClusterRole"
    listed = ", ".join(f'"{verb}"' for verb in verbs.split())
    return f'apiGroups: ["{group}"], resources: ["{resource}"], verbs: [{listed}] in a {role} (see deploy/rbac.yaml)'
