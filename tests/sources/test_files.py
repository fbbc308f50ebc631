"""Files, directories and streams to resources, and what of them could not be read."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.source import CHUNK
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Resource, Skipped
from k8supgrade.sources.files import UNRENDERED, FileSource

INTEREST = Interest(kinds=frozenset({("policy/v1beta1", "PodDisruptionBudget")}))
PDB = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata:\n  name: cart\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\n"
BROKEN = "apiVersion: [\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(*paths: str, jobs: int = 1) -> tuple[list[str], list[str], tuple[int, int]]:
    """`path:line name` of the resources, `path:line: reason` of what was skipped, (files, resources)."""
    source = FileSource(paths, INTEREST, jobs=jobs)
    resources = []
    skipped = []
    for item in source.collect():
        if isinstance(item, Resource):
            assert isinstance(item.origin, FileOrigin)
            resources.append(f"{item.origin.path}:{item.origin.line} {item.ref.name}")
        else:
            line = f":{item.origin.line}" if isinstance(item.origin, FileOrigin) else ""
            skipped.append(f"{item.what}{line}: {item.reason}")
    return resources, skipped, (source.scanned.files, source.scanned.resources)


def test_file(tree: Path) -> None:
    Path("a.yaml").write_text("# c\n" + PDB + "---\n" + POD)
    assert read("a.yaml") == (["a.yaml:2 cart"], [], (1, 2))


def test_path_is_shown_as_it_was_given(tree: Path) -> None:
    Path("d").mkdir()
    Path("d/a.yaml").write_text(PDB)
    assert read("./d/a.yaml")[0] == ["./d/a.yaml:1 cart"]
    assert read("d/")[0] == ["d/a.yaml:1 cart"]
    assert read(str(tree / "d"))[0] == [f"{tree}/d/a.yaml:1 cart"]


def test_a_broken_document_costs_itself_only(tree: Path) -> None:
    Path("a.yaml").write_text(BROKEN + "---\n" + PDB)
    resources, skipped, counts = read("a.yaml")
    assert resources == ["a.yaml:3 cart"]
    assert skipped == ["a.yaml:1: not valid YAML: while parsing a flow node did not find expected node content"]
    assert counts == (1, 1)


def test_nothing_is_lost_beside_an_unreadable_file(tree: Path) -> None:
    Path("d").mkdir()
    Path("d/a.yaml").write_text(PDB)
    Path("d/b.yaml").write_bytes(b"\0\1\2")
    Path("d/c.yaml").write_text(PDB)
    assert read("d") == (["d/a.yaml:1 cart", "d/c.yaml:1 cart"], ["d/b.yaml: a binary file"], (3, 2))


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "# only comments\n", "a: b\n---\n- c\n", "---\n---\n", "apiVersion: v1\nkind: List\nitems: []\n"],
    ids=["empty", "blank", "comments", "other-yaml", "markers", "empty-list"],
)
def test_no_kubernetes_object(tree: Path, text: str) -> None:
    Path("d").mkdir()
    Path("d/values.yaml").write_text(text)
    assert read("d")[:2] == ([], ["d: no Kubernetes object in it"])
    Path("d/pod.yaml").write_text(POD)
    assert read("d")[:2] == ([], [])


def test_no_manifest_at_all(tree: Path) -> None:
    Path("d").mkdir()
    assert read("d")[1] == ["d: no manifest (.yaml, .yml, .json) in this directory"]


def test_chart_is_a_gap(tree: Path) -> None:
    for name in (
        "shop/Chart.yaml",
        "shop/values.yaml",
        "shop/templates/a.yaml",
        "shop/crds/c.yaml",
        "shop/charts/x.tgz",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(PDB if "crds" in name else "{{ x }}" if "templates" in name else "a: b\n")
    assert read(".")[:2] == (["./shop/crds/c.yaml:1 cart"], [f"./shop: {UNRENDERED}"])


@pytest.mark.parametrize("path", ["x" * 300, "a.yaml/b.yaml", "loop/a.yaml", "nowhere"])
def test_paths_that_cannot_be_opened(tree: Path, path: str) -> None:
    Path("a.yaml").write_text(PDB)
    Path("loop").symlink_to("loop")
    resources, skipped, _ = read(path, "a.yaml")
    assert resources == ["a.yaml:1 cart"]
    assert len(skipped) == 1
    assert skipped[0].startswith(f"{path}: ")


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that opens and cannot be read")
def test_error_while_reading() -> None:
    assert read("/proc/self/mem")[1] == ["/proc/self/mem: Input/output error"]


@contextlib.contextmanager
def unprivileged() -> Iterator[Path]:
    """A directory that everybody may enter."""
    path = Path(tempfile.mkdtemp())
    try:
        path.chmod(0o755)
        yield path
    finally:
        shutil.rmtree(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs another user")
def test_permission_denied() -> None:
    """In a child with the rights of nobody, where the tests run as root."""
    with unprivileged() as path:
        for name in ("a.yaml", "b/c.yaml", "d.yaml"):
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(PDB)
        (path / "a.yaml").chmod(0)
        (path / "b").chmod(0)
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                if os.geteuid() == 0:
                    os.setuid(65534)
                os.write(send, json.dumps(read(str(path))).encode())
            os._exit(0)
        os.close(send)
        with os.fdopen(receive, "rb") as stream:
            resources, skipped, counts = json.loads(stream.read())
        os.waitpid(child, 0)
        (path / "b").chmod(0o755)
        assert resources == [f"{path}/d.yaml:1 cart"]
        assert skipped == [f"{path}/b: Permission denied", f"{path}/a.yaml: Permission denied"]
        assert counts == [2, 1]


def test_named_pipe(tree: Path) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_text, args=(PDB,))
    writer.start()
    assert read("pipe") == (["pipe:1 cart"], [], (1, 1))
    writer.join()


def test_descriptor_of_a_pipe() -> None:
    """Process substitution: `k8supgrade scan <(helm template …)`."""
    receive, send = os.pipe()
    with os.fdopen(send, "w") as stream:
        stream.write(PDB)
    path = f"/dev/fd/{receive}"
    try:
        assert read(path) == ([f"{path}:1 cart"], [], (1, 1))
    finally:
        os.close(receive)


@pytest.mark.parametrize(
    ("text", "found"),
    [(PDB.encode(), ["-:1 cart"]), (gzip.compress(PDB.encode()), ["-:1 cart"]), (POD.encode(), [])],
)
def test_standard_input(text: bytes, found: list[str]) -> None:
    code = "import json, sys; from tests.sources.test_files import read; json.dump(read('-'), sys.stdout)"
    root = Path(__file__).parent.parent.parent
    run = subprocess.run([sys.executable, "-c", code], input=text, stdout=subprocess.PIPE, check=True, cwd=root)
    assert json.loads(run.stdout) == [found, [], [1, 1]]


def test_standard_input_without_objects() -> None:
    command = [sys.executable, "-m", "k8supgrade", "scan", "--target", "1.28", "-"]
    run = subprocess.run(command, input=b"", stdout=subprocess.PIPE, check=False)
    assert run.returncode == 3
    assert b"no Kubernetes object on standard input" in run.stdout


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_long_files_among_short_ones(tree: Path, jobs: int) -> None:
    Path("d").mkdir()
    for number in range(250):
        Path(f"d/{number:03}.yaml").write_text(PDB if number % 10 == 0 else POD)
    long = (POD + "---\n") * (2 * CHUNK // len(POD)) + PDB
    Path("d/100.yaml").write_text(long)
    with gzip.open("d/200.yaml.gz", "wt", compresslevel=1) as stream:
        stream.write(long)
    resources, skipped, (files, count) = read("d", jobs=jobs)
    assert len(resources) == 26
    assert f"d/100.yaml:{long.count(chr(10)) - 3} cart" in resources
    assert f"d/200.yaml.gz:{long.count(chr(10)) - 3} cart" in resources
    assert skipped == []
    assert files == 251
    assert count == 249 + 2 * (long.count("---\n") + 1)


def test_damage_behind_a_portion_keeps_what_was_read(tree: Path) -> None:
    text = PDB + "---\n" + (POD + "---\n") * (2 * CHUNK // len(POD))
    packed = gzip.compress(text.encode(), compresslevel=1)
    Path("a.yaml.gz").write_bytes(packed[: len(packed) * 3 // 4])
    resources, skipped, (_, count) = read("a.yaml.gz")
    assert resources == ["a.yaml.gz:1 cart"]
    assert count > 10_000
    assert skipped[-1].endswith(": damaged gzip data: it ends too early")


def test_skipped_items_are_those_of_the_model(tree: Path) -> None:
    (item,) = FileSource(["nowhere"], INTEREST).collect()
    assert item == Skipped(what="nowhere", reason="No such file or directory")
