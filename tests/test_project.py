"""What holds for the project as a whole: documented checks, short modules, nothing of one machine."""

from __future__ import annotations

import datetime
import inspect
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from k8supgrade import engine
from k8supgrade.charts.judge import Judge
from k8supgrade.charts.moved import load_moves
from k8supgrade.charts.pinned import PinnedCharts
from k8supgrade.charts.release import Question
from k8supgrade.checks import CHECKS, crd_version
from k8supgrade.checks.base import Context, judges_charts, judges_requests
from k8supgrade.cli.examiner import ManifestExaminer
from k8supgrade.helmfile.read import read_helmfiles
from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.names import kinds_by_resource
from k8supgrade.lifecycle.parse import parse_table
from k8supgrade.model.finding import Finding
from k8supgrade.model.origin import ClusterOrigin, ReleaseOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Skipped
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.repository.client import Repositories
from k8supgrade.repository.directory import WithDirectories
from k8supgrade.sources.audit_log import AuditLogSource
from k8supgrade.sources.files import FileSource
from tools import make_docs

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "charts-fixtures" / "sample-repo"
TOO_LONG = 250
USUAL_TARGET = "1.28"
_EXAMPLE = re.compile(r"^(Fails|Warns|Informs|Passes)\b(.*)\n(?:\n((?:(?: {4}.*)?\n)+))?", re.MULTILINE)
# The home directory of a person, on Linux and on macOS; this checkout's own place is looked for as well.
_HOMES = re.compile(rb"(?<![\w.])/(?:home|Users)/[a-z][\w.-]*/|(?<![\w.])/root/")
_NEEDS_GIT = pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="not a git checkout"
)


class Example(NamedTuple):
    finds: bool
    target: str
    text: str


def examples(check: str) -> list[Example]:
    """The examples of a check's page; a line about another version speaks of the example before it."""
    found: list[Example] = []
    for word, rest, block in _EXAMPLE.findall(inspect.cleandoc(CHECKS[check].__doc__ or "") + "\n"):
        version = re.match(r" (?:at|from) (\d+\.\d+)", rest)
        text = "\n".join(line[4:] for line in block.splitlines()) or found[-1].text
        found.append(Example(word != "Passes", version[1] if version else USUAL_TARGET, text))
    return found


class Superseded:
    """The objects of files as those of a Helm revision of the past."""

    def __init__(self, files: FileSource) -> None:
        self._files = files
        self.scanned = files.scanned

    def collect(self) -> Iterator[Resource | Skipped]:
        origin = ReleaseOrigin(
            cluster="prod", namespace="shop", release="cart", revision=3, chart="cart-1.0.0", status="superseded"
        )
        for item in self._files.collect():
            yield replace(item, origin=origin) if isinstance(item, Resource) else item


WIDGETS = Resource(
    ref=ObjectRef(
        api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition", namespace=None, name="widgets"
    ),
    origin=ClusterOrigin(cluster="prod", evidence="served"),
    index=0,
    manifest={
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget"},
            "versions": [{"name": "v1alpha1", "served": True, "deprecated": True}, {"name": "v1", "served": True}],
        },
        "status": {},
    },
    is_written=False,
)


INSTALLED = ReleaseOrigin(
    cluster="prod", namespace="shop", release="shop", revision=3, chart="web-1.1.0", status="deployed"
)


def pinned_charts(path: Path, context: Context) -> PinnedCharts:
    """The example as a Helmfile beside the fixtures' repository; without the network, and without helm."""
    shutil.copytree(ROOT / "charts-fixtures" / "repository", path / "repository", dirs_exist_ok=True)
    target = context.target
    judge = Judge(context.table, target, ManifestExaminer(context.table, target), best="static")
    network = Repositories(cache_directory=str(path / "cache"), offline=True)
    today = datetime.date(2026, 7, 1)
    question = Question(target.kubernetes, None, 10, load_moves(str(ROOT / "data")), today)
    pins = read_helmfiles([str(path / "example.yaml")])
    return PinnedCharts(pins, WithDirectories(network), judge, question, installed=[INSTALLED])


def source(check: str, path: Path, context: Context) -> engine.Source:
    """What hands the example to the check: most are about manifests."""
    if judges_charts(CHECKS[check]):
        return pinned_charts(path, context)
    if judges_requests(CHECKS[check]):
        return AuditLogSource([str(path / "example.yaml")], kinds_by_resource(context.table))
    if check == "crd-version":
        assert list(crd_version.check(WIDGETS, context)) == []
    files = FileSource([str(path)], engine.interest_of([CHECKS[check]], context))
    return Superseded(files) if check == "rollback-blocked" else files


def findings(check: str, path: Path, target: str) -> tuple[Finding, ...]:
    context = Context(table=load_table(), target=Target(KubeVersion.parse(target), {}))
    scan = engine.run([source(check, path, context)], [CHECKS[check]], context)
    if judges_charts(CHECKS[check]):
        assert scan.charts
        assert all("--offline" in skip.reason for skip in scan.skipped)
    else:
        assert scan.skipped == ()
        assert scan.scanned.resources or judges_requests(CHECKS[check])
    return scan.findings


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_a_page_with_a_failing_example(check: str, tmp_path: Path) -> None:
    shown = [example for example in examples(check) if example.finds]
    assert shown
    for example in shown:
        (tmp_path / "example.yaml").write_text(example.text)
        assert [one.check for one in findings(check, tmp_path, example.target)] == [check]


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_a_page_with_a_passing_example(check: str, tmp_path: Path) -> None:
    shown = [example for example in examples(check) if not example.finds]
    assert shown
    for example in shown:
        (tmp_path / "example.yaml").write_text(example.text)
        assert findings(check, tmp_path, example.target) == ()


@pytest.mark.parametrize("check", ["removed-api", "deprecated-api", "removed-api-reference"])
def test_the_sample_repository_shows_what_the_checks_find(check: str) -> None:
    assert findings(check, SAMPLE, USUAL_TARGET)


def test_the_page_of_the_checks_is_as_generated() -> None:
    assert make_docs.DOCUMENT.read_text(encoding="utf-8") == make_docs.checks_page()


def test_the_example_of_the_table_page_is_a_table() -> None:
    page = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")
    example = re.search(r"^```yaml\n(component:.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert example is not None
    (row,) = parse_table(example[1].encode(), "docs/table.md")
    documented = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert documented == [name.replace("_", "-") for name in row._fields]


def test_the_changelog_speaks_of_every_check() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [check for check in CHECKS if f"`{check}`" not in text] == []


@pytest.mark.parametrize("module", sorted((ROOT / "k8supgrade").rglob("*.py")), ids=lambda path: path.name)
def test_a_module_is_short(module: Path) -> None:
    lines = module.read_text(encoding="utf-8").count("\n")
    assert lines < TOO_LONG


@_NEEDS_GIT
def test_no_file_names_a_place_on_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    own = re.compile(re.escape(bytes(ROOT)) + rb"(?![\w.-])")
    wrong = []
    for name in filter(None, listed.decode().split("\0")):
        file = ROOT / name
        if file.is_file() and file != Path(__file__):
            data = file.read_bytes()
            wrong += [f"{name}: {match[0].decode()}" for match in (_HOMES.search(data), own.search(data)) if match]
    assert wrong == []
