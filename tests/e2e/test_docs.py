"""What README.md and docs/clusters.md tell to type beside a cluster, typed beside a cluster.

In a ```console block with the word `cluster` behind it, a line `$ …` is a command. None may be a usage error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e import binaries
from tests.e2e.cluster import ControlPlane

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/clusters.md")
BLOCKS = [
    (page, block)
    for page in PAGES
    for block in re.findall(r"^```console cluster\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)
]


@pytest.fixture(scope="module")
def place(cluster_1_24: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the pages speak of: two contexts, manifests, an audit log."""
    directory = tmp_path_factory.mktemp("docs")
    config = cluster_1_24.kubeconfig(directory / "kubeconfig")
    content = yaml.safe_load(config.read_text())
    content["contexts"].append({"name": "stg", "context": content["contexts"][0]["context"]})
    config.write_text(yaml.safe_dump(content))
    shutil.copytree(ROOT / "charts-fixtures" / "sample-repo" / "k8s", directory / "k8s")
    (directory / "audit.log").write_text(AUDIT_EVENT)
    for name in ("shop", "payments"):
        cluster_1_24.kubectl("create", "namespace", name, check=False)
    cluster_1_24.kubectl("create", "poddisruptionbudget", "cart", "-n=payments", "--selector=a=b", "--min-available=1")
    return directory


AUDIT_EVENT = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"6c5d0b1e","stage":"ResponseComplete",'
    '"requestURI":"/apis/policy/v1beta1/poddisruptionbudgets","verb":"list","user":{"username":"jane"},'
    '"userAgent":"kubectl/v1.20.4","objectRef":{"resource":"poddisruptionbudgets","apiGroup":"policy",'
    '"apiVersion":"v1beta1"},"requestReceivedTimestamp":"2026-01-31T09:00:00.000000Z",'
    '"annotations":{"k8s.io/deprecated":"true","k8s.io/removed-release":"1.25"}}\n'
)


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page} {number}" for number, (page, _) in enumerate(BLOCKS)])
def test_what_is_told_can_be_typed(page: str, block: str, place: Path) -> None:
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    assert commands
    programs = [Path(sys.executable).parent, binaries.kubectl().parent]
    environment = {
        "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
        "KUBECONFIG": str(place / "kubeconfig"),
        "HOME": str(place),
    }
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command], cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), f"{page}: {command}: {done.stdout}{done.stderr}"
