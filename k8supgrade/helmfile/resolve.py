"""Expressions in the fields of a release, which are resolved after the file as a whole."""

from __future__ import annotations

from k8supgrade.helmfile.render import render
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.text import Source
from k8supgrade.helmfile.tree import Scalar
from k8supgrade.helmfile.values import UnresolvedError

_PASSES = 6  # as helmfile does it


def resolve(scalar: Scalar, scope: Scope) -> Scalar:
    """The scalar without templates. Where all of it is one value of the scope, that value's own place is kept.

    Raises:
        UnresolvedError: an expression is not simple, or a value is missing.
    """
    if scalar.problem is not None:
        raise UnresolvedError(scalar.problem)
    for _ in range(_PASSES):
        if "{{" not in scalar.text:
            return scalar
        text = scalar.text
        try:
            pieces = render(Source("", text), scope, is_strict=True)
        except TemplateError as error:
            raise UnresolvedError(f"template {text}: {error}") from error
        found = pieces.find(0, pieces.length)
        written = None if found.written is None or not found.written.path else found.written
        scalar = Scalar(pieces.text.strip(), written, scalar.is_plain, scalar.line)
    raise UnresolvedError(f"template {scalar.text} refers to itself")
