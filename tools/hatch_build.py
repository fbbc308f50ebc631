"""Build hook: makes the compact form of the deprecation table, which no checkout tracks, and ships it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPACT = "k8supgrade/lifecycle/compact.json"


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs for wheels and editable installs alike; needs nothing but the source tree and PyYAML."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        sys.path.insert(0, self.root)
        try:
            compiler = importlib.import_module("k8supgrade.lifecycle.compile")
            compiler.compile_to(str(root / "data"), str(root / COMPACT))
        finally:
            sys.path.remove(self.root)
        build_data["artifacts"].append(f"/{COMPACT}")
