"""The YAML holds apiVersion, kind or metadata of an object twice.

The last one wins, for kubectl as for Helm; the other is lost without a word, and a reader (or another tool) sees
another object than the API server does.

Warns:

    apiVersion: apps/v1
    kind: Deployment
    apiVersion: apps/v1beta1
    metadata: {name: cart}

Passes:

    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart}
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context, Judgement, finding, is_history
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.resource import Resource

ID = "duplicate-key"
SUMMARY = "apiVersion, kind or metadata stands twice in one object"


def interest(context: Context) -> Interest:
    return Interest()  # the readers hand over each object whose text has such a key twice


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if resource.duplicates and not is_history(resource):
        keys = ", ".join(resource.duplicates)
        message = f"{keys} stands twice in the object; the last one counts"
        yield finding(ID, resource, Judgement(Severity.WARNING, message, "Keep one of them.", None, None))
