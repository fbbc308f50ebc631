"""`--target` and `--current`: what is accepted, what is refused and with which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from k8supgrade.lifecycle.load import load_table
from tests.cli.program import CLEAN, DEPRECATED, REMOVED, error
from tests.cli.program import call as run

NEWEST = load_table().newest
OLDEST = load_table().oldest
CERTIFICATE = "apiVersion: cert-manager.io/v1alpha2\nkind: Certificate\nmetadata:\n  name: tls\n"
SAME = ["v1.28", "1.28.3", "v1.28.3", "1.28+", "v1.28.3-eks-4096722", "v1.28.0-gke.1", "v1.28.5+k3s1"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("---\n".join([REMOVED, DEPRECATED, CLEAN, CERTIFICATE]))
    (tmp_path / "broken.yaml").write_text("kind: [\n")
    return tmp_path


@pytest.fixture
def bytes_of_1_28(files: Path) -> dict[str, bytes]:
    return {form: run("scan", "--target", "1.28", "-o", form, ".", cwd=files).stdout for form in FORMATS}


FORMATS = ("json", "table", "wide", "yaml", "csv", "markdown")


@pytest.mark.parametrize("target", SAME)
def test_patches_and_vendors_change_nothing(target: str, files: Path, bytes_of_1_28: dict[str, bytes]) -> None:
    outputs = [argument for form in FORMATS for argument in ("-o", f"{form}={form}.out")]
    assert run("scan", "--target", target, *outputs, ".", cwd=files).returncode == 1
    assert {form: (files / f"{form}.out").read_bytes() for form in FORMATS} == bytes_of_1_28


@pytest.mark.parametrize("current", SAME)
def test_neither_do_they_in_the_current_version(current: str, files: Path) -> None:
    results = [
        run("scan", "--target", "1.29", "--current", version, "-o", "json", "a.yaml", cwd=files)
        for version in ("1.28", current)
    ]
    assert results[0].stdout == results[1].stdout
    assert results[0].returncode == results[1].returncode == 1


def target_of(*arguments: str) -> dict[str, str]:
    result = run("scan", *arguments, "-o", "json", "-", stdin=CLEAN.encode())
    assert result.returncode == 0, result
    target: dict[str, str] = json.loads(result.stdout)["target"]
    return target


def test_latest_and_next() -> None:
    assert target_of("--target", "latest") == {"kubernetes": str(NEWEST)}
    assert target_of("--target", "next", "--current", "v1.27.9-gke.1") == {"kubernetes": "1.28"}
    assert target_of("--target", "next", "--current", "1.15") == {"kubernetes": "1.16"}


def test_add_ons() -> None:
    assert target_of("--target", "1.28", "--target", "cert-manager=1.13", "--target", "istio=v1.20.1") == {
        "kubernetes": "1.28", "cert-manager": "1.13", "istio": "1.20.1",
    }  # fmt: skip
    assert target_of("--target", "kubernetes=1.28") == {"kubernetes": "1.28"}
    assert target_of("--target", "k8s=1.28") == {"kubernetes": "1.28"}


ENDS = f"the data covers Kubernetes {OLDEST} to {NEWEST}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (f"--target {NEWEST.next()}", f"--target {NEWEST.next()}: {ENDS}"),
        ("--target 2.0", f"--target 2.0: {ENDS}"),
        ("--target 1.99.3-eks-1", f"--target 1.99: {ENDS}"),
        (f"--target {OLDEST.previous()}", f"--target {OLDEST.previous()}: {ENDS}"),
        ("--target 0.1", f"--target 0.1: {ENDS}"),
        (f"--target next --current {NEWEST}", f"--target {NEWEST.next()}: {ENDS}"),
        ("--target 1.27 --current 1.28", "--target 1.27 is older than --current 1.28"),
        ("--target 1.27 --current v1.28.0-gke.1", "--target 1.27 is older than --current 1.28"),
        ("--target next", "--target next needs to know what runs now: add --current VERSION"),
        ("--target Next", "--target: 'Next' is not a Kubernetes version: write it like 1.28 or v1.28.3"),
        ("--target garbage", "--target: 'garbage' is not a Kubernetes version"),
        ("--target 1", "--target: '1' is not a Kubernetes version"),
        ("--target 1.x", "--target: '1.x' is not a Kubernetes version"),
        ("--target 1.28.x", "--target: '1.28.x' is not a Kubernetes version"),
        ("--target 1.28,1.29", "--target: '1.28,1.29' is not a Kubernetes version"),
        ("--target -1.28", "--target: '-1.28' is not a Kubernetes version"),
        ("--target ١.٢٨", "is not a Kubernetes version"),
        ("--target 1.28 --current soon", "--current: 'soon' is not a Kubernetes version"),
        ("--target 1.28 --current latest", "--current: 'latest' is not a Kubernetes version"),
        ("--target 1.28 --target 1.29", "--target names two Kubernetes versions, 1.28 and 1.29: give one"),
        ("--target cert-manager=1.13", "--target is missing: say which Kubernetes version"),
        ("", "--target is missing: say which Kubernetes version"),
        ("--target 1.28 --target certmanager=1.13", "unknown component, did you mean 'cert-manager'?"),
        ("--target 1.28 --target zzz=1.13", "unknown component, the known ones are "),
        ("--target 1.28 --target cert-manager=new", "--target cert-manager: 'new' is not a version"),
        ("--target 1.28 --target cert-manager=", "--target cert-manager: '' is not a version"),
        ("--target 1.28 --target cert-manager=1 --target cert-manager=2", "two versions of cert-manager: give one"),
        ("--target kubernetes=", "--target: '' is not a Kubernetes version"),
    ],
)
def test_refused(arguments: str, message: str, files: Path) -> None:
    result = run("scan", *arguments.split(), ".", "-o", "json=report.json", cwd=files)
    assert message in error(result)
    assert not (files / "report.json").exists()
    assert b"broken.yaml" not in result.stderr, "nothing is read"


@pytest.mark.parametrize(
    ("release", "severity"),
    [("1.13", "blocker"), ("1.6", "blocker"), ("1.6.0", "blocker"), ("1.5.9", "warning"), (None, "warning")],
)
def test_an_add_on_blocks_only_where_its_release_is_known(release: str | None, severity: str) -> None:
    known = [] if release is None else ["--target", f"cert-manager={release}"]
    result = run("scan", "--target", "1.28", *known, "-o", "json", "-", stdin=CERTIFICATE.encode())
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["severity"] == severity
    assert finding["component"] == "cert-manager"
    assert "cert-manager 1.6" in finding["message"]
    assert result.returncode == (severity == "blocker")
