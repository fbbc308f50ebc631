"""Reports: pure functions from a verdict to text, one module per format.

The registry holds module paths, not modules: a run pays only for the format that it prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from k8supgrade.errors import UsageError

if TYPE_CHECKING:
    from k8supgrade.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What the place of output can show. Only the text formats look at it."""

    color: bool = False
    width: int = 80


class Report(Protocol):
    """What a format's module offers."""

    NAME: str

    def render(self, verdict: Verdict, options: RenderOptions) -> str: ...


_MODULES = {
    "table": "k8supgrade.reports.table",
    "wide": "k8supgrade.reports.wide",
    "json": "k8supgrade.reports.json_",
    "yaml": "k8supgrade.reports.yaml_",
    "csv": "k8supgrade.reports.csv_",
    "markdown": "k8supgrade.reports.markdown",
    "pr": "k8supgrade.reports.pr",
}

NAMES: tuple[str, ...] = tuple(_MODULES)


def load(name: str) -> Report:
    """The report module of a format.

    Raises:
        UsageError: there is no such format.
    """
    from importlib import import_module

    module = _MODULES.get(name)
    if module is None:
        raise UsageError(f"{name!r} is not an output format: use one of {', '.join(NAMES)}")
    return cast("Report", import_module(module))
