"""Our reading of Helmfiles against that of the real helmfile: every fixture, in every environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.helmfile.read import read_helmfiles
from k8supgrade.model.pin import Pin
from tests.e2e import binaries

FIXTURES = Path(__file__).parents[1] / "helmfile" / "fixtures"
ENVIRONMENTS = ("default", "dev", "prod")


def listed(directory: Path, environment: str) -> list[dict[str, Any]] | None:
    """What helmfile says; None where it refuses, for the fixture does not know the environment."""
    path = os.pathsep.join([str(binaries.helm().parent), os.environ["PATH"]])
    command = [str(binaries.helmfile()), "--environment", environment, "list", "--output", "json", "--skip-charts"]
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return None
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def read(directory: Path, environment: str, monkeypatch: pytest.MonkeyPatch) -> list[Pin]:
    monkeypatch.chdir(directory)
    found = list(read_helmfiles(["."], environments=(environment,)))
    pins = [one for one in found if isinstance(one, Pin)]
    assert len(pins) == len(found), found
    return [pin for pin in pins if pin.environment in (None, environment)]


@pytest.mark.parametrize("fixture", sorted(path.name for path in FIXTURES.iterdir()))
def test_reads_as_helmfile_does(fixture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    for environment in ENVIRONMENTS:
        theirs = listed(FIXTURES / fixture, environment)
        if theirs is None:
            continue
        ours = read(FIXTURES / fixture, environment, monkeypatch)
        assert [pin.problem for pin in ours if pin.problem] == []
        assert sorted(
            (pin.release, pin.namespace or "", pin.chart, pin.locked or pin.version or "", pin.installed)
            for pin in ours
        ) == sorted(
            (one["name"], one["namespace"], one["chart"], one["version"], one["enabled"] and one["installed"])
            for one in theirs
        ), environment
        compared += 1
    assert compared
