"""--use-helmfile: the real program resolves what a static reading leaves open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from k8supgrade.errors import UsageError
from k8supgrade.helmfile.binary import resolve
from k8supgrade.helmfile.read import read_helmfiles
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped
from tests.e2e import binaries

HELMFILE = """\
repositories:
- name: r
  url: https://reader:hunter2@charts.example.com
releases:
- name: plain
  chart: r/a
  version: 1.0.0
- name: run
  chart: r/b
  version: {{ exec "echo" (list "-n" "2.0.0") }}
{{ range $name := list "one" "two" }}
- name: {{ $name }}
  chart: r/{{ $name }}
  version: {{ printf "3.%d.0" (len $name) }}
{{ end }}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(binaries.helmfile().parent), str(binaries.helm().parent), "/usr/bin", "/bin"])
    )
    (tmp_path / "helmfile.yaml.gotmpl").write_text(HELMFILE)
    return tmp_path


def test_the_program_resolves_what_the_reading_cannot(here: Path) -> None:
    path = "helmfile.yaml.gotmpl"
    static = {one.release: one for one in read_helmfiles([path]) if isinstance(one, Pin)}
    assert static["run"].problem is not None
    found = [one for one in resolve(read_helmfiles([path]), path) if isinstance(one, Pin)]
    assert {one.release: (one.chart, one.version, one.problem) for one in found} == {
        "plain": ("r/a", "1.0.0", None),
        "run": ("r/b", "2.0.0", None),
        "one": ("r/one", "3.3.0", None),
        "two": ("r/two", "3.3.0", None),
    }
    assert {one.repository.url for one in found if one.repository} == {"https://charts.example.com"}
    plain = next(one for one in found if one.release == "plain")
    assert plain.written[0].text == "1.0.0"


def test_what_the_program_says_of_its_failure_holds_no_secret(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("R_PASSWORD", "hunter2-of-the-environment")
    text = (
        HELMFILE + '- name: x\n  chart: r/x\n  version: {{ fail "//reader:hunter2@host hunter2-of-the-environment" }}\n'
    )
    (here / "helmfile.yaml.gotmpl").write_text(text)
    found = list(resolve(read_helmfiles(["helmfile.yaml.gotmpl"]), "helmfile.yaml.gotmpl"))
    (failure,) = [one for one in found if isinstance(one, Skipped) and one.reason.startswith("helmfile: ")]
    assert "hunter2" not in failure.reason
    assert not failure.optional


def test_without_the_program(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(binaries.helm().parent))
    with pytest.raises(UsageError, match="helmfile is not on PATH"):
        list(resolve(read_helmfiles(["helmfile.yaml.gotmpl"]), "helmfile.yaml.gotmpl"))
