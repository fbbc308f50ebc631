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
from k8supgrade.model.resource import Skipped
from tests.e2e import binaries

HELMFILES = Path(__file__).parents[1] / "helmfile"
FIXTURES = HELMFILES / "fixtures"
VARIABLES = {"FIXTURE_VERSION": "8.8.8"}


def helmfile(directory: Path, environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(binaries.helm().parent), os.environ["PATH"]])
    command = [str(binaries.helmfile()), "--environment", environment, "list", "--output", "json", "--skip-charts"]
    return subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **VARIABLES, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def theirs(one: dict[str, Any]) -> tuple[str, str, str, str, bool]:
    """helmfile shows the version with its digest, and none where it is a tag in the chart's address."""
    chart = one["chart"].removeprefix("oci://")
    version = one["version"].partition("@")[0] or (chart.partition(":")[2] if "oci://" in one["chart"] else "")
    return one["name"], one["namespace"], one["chart"], version, one["enabled"] and one["installed"]


def ours(pin: Pin) -> tuple[str, str, str, str, bool]:
    return pin.release, pin.namespace or "", pin.chart, pin.locked or pin.version or "", pin.installed


def is_dependency(pin: Pin) -> bool:
    return any("is a dependency of" in reason for reason in pin.values_unknown)


@pytest.mark.parametrize("fixture", sorted(path.name for path in FIXTURES.iterdir()))
def test_reads_as_helmfile_does(fixture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES / fixture)
    found = list(read_helmfiles([], env={**os.environ, **VARIABLES}))
    assert [one for one in found if isinstance(one, Skipped) and not one.optional] == []
    pins = [one for one in found if isinstance(one, Pin) and not is_dependency(one)]
    assert [pin.problem for pin in pins if pin.problem] == []
    environments = {pin.environment for pin in pins}
    assert environments
    for environment in environments:
        done = helmfile(FIXTURES / fixture, environment or "default")
        assert done.returncode == 0, done.stderr
        assert sorted(ours(pin) for pin in pins if pin.environment == environment) == sorted(
            theirs(one) for one in json.loads(done.stdout)
        ), environment


@pytest.mark.parametrize("fault", ["broken", "inherit-cycle", "environments-and-releases-together", "unresolved"])
def test_what_is_a_fault_to_us_is_one_to_helmfile(fault: str) -> None:
    assert helmfile(HELMFILES / "faults" / fault, "default").returncode != 0


def test_an_environment_without_values_is_helmfiles_default_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """helmfile takes `default` as given, declared or not."""
    monkeypatch.chdir(FIXTURES / "values-files")
    pins = [one for one in read_helmfiles([], environments=["default"], env=VARIABLES) if isinstance(one, Pin)]
    done = helmfile(FIXTURES / "values-files", "default")
    assert sorted(map(ours, pins)) == sorted(theirs(one) for one in json.loads(done.stdout))
