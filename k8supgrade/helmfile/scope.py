"""What expressions of templates may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from k8supgrade.helmfile.tree import Map
from k8supgrade.helmfile.values import ROOT, Unknown, UnresolvedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What expressions may ask for. `unknown`: why some values are not known at all, such as secrets.

    values: what is below `.Values`; own: what the environment itself says, below `.Environment.Values`.
    release: None while a file as a whole is rendered. base: the file whose directory `readFile` starts from.
    include: renders what is defined by a name. render: renders a text, for `tpl`.
    """

    environment: str
    env: Mapping[str, str]
    base: str = ""
    values: Map = field(default_factory=Map)
    own: Map = field(default_factory=Map)
    release: Map | None = None
    namespace: str = ""
    unknown: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    dot: Any = ROOT
    include: Callable[[str, Any], str] | None = None
    render: Callable[[str, Any], str] | None = None


class EnvironmentScope:
    """`.Environment`"""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def field(self, name: str) -> Any:
        if name == "Name":
            return self._scope.environment
        if name == "Values":
            return self._scope.own
        return Unknown(UnresolvedError(f"template .Environment.{name} is not resolved without helmfile"))
