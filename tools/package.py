"""Build wheel, sdist and zipapp into dist/, and try each where nothing else is installed.

What runs in a checkout may miss a file in the package: so each of the three scans the sample repository, away from
the checkout, and must report the same bytes as the checkout does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import click

from k8supgrade import __version__

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
SAMPLE = "charts-fixtures/sample-repo"
SCAN = ("scan", "--target", "1.28", "-o", "json", SAMPLE)
FINDINGS = 1
EPOCH = "1767225600"  # the reports' time: two of them must be equal


def run(*command: str, cwd: Path = ROOT, expect: int = 0, **environment: str) -> bytes:
    """The command's output.

    Raises:
        click.ClickException: it ends otherwise than expected.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "K8SUPGRADE"))}
    done = subprocess.run(command, cwd=cwd, env={**kept, **environment}, capture_output=True, check=False)
    if done.returncode != expect:
        output = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise click.ClickException(f"{' '.join(command)}: exit code {done.returncode}, expected {expect}\n{output}")
    return done.stdout


def build() -> tuple[Path, Path, Path]:
    """The wheel (built from the sdist), the sdist, and the zipapp of both the wheel and what it depends on."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", str(DIST))
    wheel = DIST / f"k8supgrade-{__version__}-py3-none-any.whl"
    zipapp = DIST / f"k8supgrade-{__version__}.pyz"
    shiv = str(Path(sys.executable).with_name("shiv"))
    entry = "k8supgrade.__main__:main"
    run(shiv, "--reproducible", "-p", "/usr/bin/env python3", "-e", entry, "-o", str(zipapp), str(wheel))
    return wheel, DIST / f"k8supgrade-{__version__}.tar.gz", zipapp


def empty_environment(directory: Path, *, with_pip: bool) -> Path:
    venv.create(directory, with_pip=with_pip, symlinks=os.name != "nt")
    return directory / ("Scripts" if os.name == "nt" else "bin")


def check_installed(package: Path, work: Path, expected: bytes) -> None:
    binaries = empty_environment(work / f"env-{package.suffix[1:]}", with_pip=True)
    run(str(binaries / "python"), "-m", "pip", "install", "--quiet", str(package), cwd=work)
    _check(package, [str(binaries / "k8supgrade")], work, expected)


def check_zipapp(package: Path, work: Path, expected: bytes) -> None:
    """A bare interpreter runs it, and the C extension of PyYAML loads from what it unpacks."""
    command = [str(empty_environment(work / "env-pyz", with_pip=False) / "python"), str(package)]
    unpacked = str(work / "unpacked")
    code = "import yaml; raise SystemExit(not yaml.__with_libyaml__)"
    run(*command, "-c", code, cwd=work, SHIV_ROOT=unpacked, SHIV_INTERPRETER="1")
    _check(package, command, work, expected, SHIV_ROOT=unpacked)


def _check(package: Path, command: Sequence[str], work: Path, expected: bytes, **environment: str) -> None:
    report = run(*command, *SCAN, cwd=work, expect=FINDINGS, SOURCE_DATE_EPOCH=EPOCH, **environment)
    if report != expected:
        raise click.ClickException(f"{package.name}: its report of {SAMPLE} is not that of the checkout")
    size = package.stat().st_size / 1024
    click.echo(f"ok  {package.relative_to(ROOT)}  {size:,.0f} KiB, scans the sample in an empty environment")


@click.command()
def main() -> None:
    """Build the packages and try them."""
    click.echo("building wheel, sdist and zipapp")
    wheel, sdist, zipapp = build()
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        shutil.copytree(ROOT / SAMPLE, work / SAMPLE)
        own = (sys.executable, "-m", "k8supgrade")
        expected = run(*own, *SCAN, expect=FINDINGS, SOURCE_DATE_EPOCH=EPOCH)
        check_installed(wheel, work, expected)
        check_installed(sdist, work, expected)
        check_zipapp(zipapp, work, expected)


if __name__ == "__main__":
    main()
