"""What is read of the paths on the command line, and what is said of the rest."""

from __future__ import annotations

import gzip
import io
import os
import random
import signal
import socket
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from k8supgrade.model.resource import Skipped
from k8supgrade.sources.walk import MAX_DEPTH, Chart, File, Kustomization, Selection, walk


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: b\n")


def walked(
    paths: Sequence[str], include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), *, kustomizations: bool = False
) -> list[str]:
    """`path` of a file, `chart path`, `kustomization path`, `skipped path: reason`."""
    result = []
    for entry in walk(paths, Selection(include, exclude), kustomizations=kustomizations):
        if isinstance(entry, Skipped):
            result.append(f"skipped {entry.what}: {entry.reason}")
        else:
            prefix = {File: "", Chart: "chart ", Kustomization: "kustomization "}[type(entry)]
            result.append(prefix + entry.path)
    return result


def within(seconds: int, function: Callable[[], list[str]]) -> list[str]:
    """Its result; a test that would hang fails."""

    def late(signum: int, frame: object) -> None:
        raise AssertionError(f"not done within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        return function()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_suffixes_and_recursion(tree: Path) -> None:
    make(
        tree, "d/b/c.yaml", "d/a.yml", "d/z.json", "d/y.yaml.gz", "d/x.json.gz", "d/w.yml.gz", "d/README.md", "d/v.YAML"
    )
    assert walked(["d"]) == ["d/a.yml", "d/b/c.yaml", "d/w.yml.gz", "d/x.json.gz", "d/y.yaml.gz", "d/z.json"]


def test_a_file_that_is_named_is_read_whatever_its_name(tree: Path) -> None:
    make(tree, "manifest.txt")
    assert walked(["manifest.txt"]) == ["manifest.txt"]


@pytest.mark.parametrize("name", [".git", ".hg", "node_modules", "vendor", ".terraform", ".venv"])
def test_trees_of_others_are_passed_over(tree: Path, name: str) -> None:
    make(tree, f"d/{name}/a.yaml", f"d/b/{name}/deep/a.yaml", "d/.github/a.yaml")
    assert walked(["d"]) == ["d/.github/a.yaml"]
    assert walked([f"d/{name}"]) == [f"d/{name}/a.yaml"]


def test_order_is_that_of_the_names(tree: Path) -> None:
    make(tree, "d/b.yaml", "d/a/z.yaml", "d/c/a.yaml", "d/a.yaml")
    assert walked(["d", "d/c"]) == ["d/a/z.yaml", "d/a.yaml", "d/b.yaml", "d/c/a.yaml"]


def test_what_is_named_twice_comes_once(tree: Path) -> None:
    make(tree, "d/a.yaml", "d/shop/Chart.yaml", "d/shop/values.yaml")
    archive(tree / "s.tgz", "s/Chart.yaml")
    once = ["d/a.yaml", "chart d/shop", "d/shop/Chart.yaml", "d/shop/values.yaml", "chart s.tgz", "-"]
    gone = "skipped gone: No such file or directory"
    assert walked(["d", "s.tgz", "-", "gone", "gone", "-", "s.tgz", "d", "d/a.yaml"]) == [*once, gone]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"exclude": ("*.json",)}, ["d/a.yaml", "d/t/b.yaml", "d/t/u/c.yaml"]),
        ({"exclude": ("t/",)}, ["d/a.yaml", "d/x.json"]),
        ({"exclude": ("t",)}, ["d/a.yaml", "d/x.json"]),
        ({"exclude": ("t/u/**",)}, ["d/a.yaml", "d/t/b.yaml", "d/x.json"]),
        ({"exclude": ("/a.yaml",)}, ["d/t/b.yaml", "d/t/u/c.yaml", "d/x.json"]),
        ({"exclude": ("*.yaml", "!a.yaml")}, ["d/a.yaml", "d/x.json"]),
        ({"include": ("*.tpl",)}, ["d/n.tpl"]),
        ({"include": ("t/**",), "exclude": ("c.yaml",)}, ["d/t/b.yaml"]),
    ],
)
def test_include_and_exclude(tree: Path, selection: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    make(tree, "d/a.yaml", "d/t/b.yaml", "d/t/u/c.yaml", "d/x.json", "d/n.tpl")
    assert walked(["d"], selection.get("include", ()), selection.get("exclude", ())) == expected


def test_nothing_to_read(tree: Path) -> None:
    make(tree, "d/README.md")
    (tree / "empty").mkdir()
    words = "no manifest (.yaml, .yml, .json) in this directory"
    assert walked(["d", "empty"]) == [f"skipped d: {words}", f"skipped empty: {words}"]


def test_missing_path(tree: Path) -> None:
    assert walked(["nowhere.yaml"]) == ["skipped nowhere.yaml: No such file or directory"]


def test_links(tree: Path) -> None:
    make(tree, "outside/o.yaml", "d/a/x.yaml")
    (tree / "d/to-file.yaml").symlink_to("a/x.yaml")
    (tree / "d/to-outside").symlink_to("../outside")
    (tree / "d/again").symlink_to("../outside")
    (tree / "d/within").symlink_to("a")
    assert walked(["d"]) == ["d/a/x.yaml", "d/again/o.yaml", "d/to-file.yaml"]


def test_links_to_trees_that_overlap(tree: Path) -> None:
    """Whichever comes first, each file is read once."""
    make(tree, "d/a.yaml", "outside/o.yaml", "outside/sub/deep/s.yaml")
    (tree / "d/b").symlink_to("../outside")
    (tree / "d/c").symlink_to("../outside/sub")
    assert walked(["d"]) == ["d/a.yaml", "d/b/o.yaml", "d/b/sub/deep/s.yaml"]
    (tree / "d/A").symlink_to("../outside/sub/deep")
    assert walked(["d"]) == ["d/A/s.yaml", "d/a.yaml", "d/b/o.yaml"]


def test_mutual_links(tree: Path) -> None:
    make(tree, "one/a.yaml", "two/b.yaml")
    (tree / "one/two").symlink_to("../two")
    (tree / "two/one").symlink_to("../one")
    (tree / "one/x").symlink_to("y")
    (tree / "one/y").symlink_to("x")
    assert walked(["one"]) == ["one/a.yaml", "one/two/b.yaml"]
    assert walked(["two"]) == ["two/b.yaml", "two/one/a.yaml"]
    assert walked(["one", "two"]) == ["one/a.yaml", "one/two/b.yaml", "two/b.yaml", "two/one/a.yaml"]


def test_the_root_may_be_a_link(tree: Path) -> None:
    make(tree, "real/b/a.yaml")
    (tree / "link").symlink_to("real")
    (tree / "real/b/up").symlink_to("../../link")
    assert walked(["link"]) == ["link/b/a.yaml"]
    assert walked(["link/"]) == ["link/b/a.yaml"]


def test_a_link_whose_target_may_not_be_looked_at(tree: Path) -> None:
    """It is not dangling, and it may be a directory: never lost without a word."""
    make(tree, "d/a.yaml")
    for name in ("closed.yaml", "closed"):
        (tree / "d" / name).symlink_to("x" * 300)  # File name too long: as good as Permission denied, and for root too
    assert walked(["d"]) == [
        "d/a.yaml",
        "skipped d/closed: File name too long",
        "skipped d/closed.yaml: File name too long",
    ]
    assert walked(["d/closed"]) == ["skipped d/closed: File name too long"]
    assert walked(["d"], exclude=("closed*",)) == ["d/a.yaml"]


def test_link_loops(tree: Path) -> None:
    make(tree, "d/a/x.yaml", "outside/o.yaml")
    (tree / "d/a/up").symlink_to("..")
    (tree / "d/itself").symlink_to(".")
    (tree / "d/top").symlink_to(tree)
    (tree / "d/to-outside").symlink_to("../outside")
    (tree / "outside/back").symlink_to("../d")
    (tree / "outside/itself").symlink_to(".")
    assert walked(["d"]) == ["d/a/x.yaml", "d/to-outside/o.yaml"]


def test_a_link_into_a_tree_that_is_passed_over_is_followed(tree: Path) -> None:
    make(tree, "d/node_modules/p/manifests/x.yaml")
    (tree / "d/manifests").symlink_to("node_modules/p/manifests")
    assert walked(["d"]) == ["d/manifests/x.yaml"]


def test_dangling_links(tree: Path) -> None:
    make(tree, "d/a.yaml")
    (tree / "d/gone.yaml").symlink_to("nowhere")
    (tree / "d/loop.yaml").symlink_to("loop.yaml")
    (tree / "d/other").symlink_to("nowhere")
    assert walked(["d"]) == [
        "d/a.yaml",
        "skipped d/gone.yaml: dangling symbolic link",
        "skipped d/loop.yaml: dangling symbolic link",
    ]
    assert walked(["d/gone.yaml"]) == ["skipped d/gone.yaml: dangling symbolic link"]
    assert walked(["d"], exclude=("gone*", "loop*")) == ["d/a.yaml"]


def test_a_pipe_in_a_directory(tree: Path) -> None:
    make(tree, "d/a.yaml")
    os.mkfifo(tree / "d/pipe.yaml")
    os.mkfifo(tree / "d/pipe")
    os.mkfifo(tree / "d/pipe.tgz")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("d/socket.yaml")
    (tree / "d/linked.yaml").symlink_to("pipe")
    (tree / "d/null.yaml").symlink_to("/dev/null")
    reason = "not a regular file"
    pipes = [f"skipped d/{name}.yaml: {reason}" for name in ("linked", "null", "pipe", "socket")]
    assert within(20, lambda: walked(["d"])) == ["d/a.yaml", *pipes]
    everything = within(20, lambda: walked(["d"], include=("*",)))
    assert sorted(everything) == sorted(["d/a.yaml", *pipes, f"skipped d/pipe: {reason}"])


def test_directories_nested_deeply(tree: Path) -> None:
    top = os.getcwd()
    for _ in range(MAX_DEPTH + 300):
        os.mkdir("n")
        os.chdir("n")
    Path("a.yaml").write_text("a: b\n")
    os.chdir(top)
    skipped = walked(["."])
    assert len(skipped) == 1
    assert skipped[0].endswith(f"directories nested deeper than {MAX_DEPTH} levels")


def test_a_directory_that_cannot_be_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tree, "d/a.yaml", "d/closed/b.yaml", "d/z.yaml")
    scandir = os.scandir

    def deny(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    assert walked(["d"]) == ["d/a.yaml", "skipped d/closed: Permission denied", "d/z.yaml"]


def test_name_that_is_no_utf_8(tree: Path) -> None:
    (tree / "d").mkdir()
    with open(b"d/caf\xe9.yaml", "wb"):
        pass
    (tree / "d" / os.fsdecode(b"\xff.yaml")).symlink_to("nowhere")
    assert walked(["d"]) == ["d/caf\udce9.yaml", "skipped d/\ufffd.yaml: dangling symbolic link"]


CHART = ("Chart.yaml", "values.yaml", "templates/deployment.yaml", "templates/sub/x.yaml", "crds/crd.yaml")


def test_chart(tree: Path) -> None:
    make(
        tree,
        *(f"d/shop/{name}" for name in CHART),
        "d/a.yaml",
        "d/shop/charts/sub/Chart.yaml",
        "d/shop/ci/test-values.yaml",
    )
    make(tree, "d/shop/charts/sub/templates/b.yaml", "d/shop/charts/redis-1.0.0.tgz")
    files = ["d/shop/Chart.yaml", "d/shop/ci/test-values.yaml", "d/shop/crds/crd.yaml", "d/shop/values.yaml"]
    assert walked(["d"]) == ["d/a.yaml", "chart d/shop", *files]
    assert walked(["d/shop"]) == ["chart d/shop", *files]
    assert walked(["d"], exclude=("shop",)) == ["d/a.yaml"]
    assert walked(["d"], exclude=("shop/",)) == ["d/a.yaml"]


def test_charts_beside_and_within_charts(tree: Path) -> None:
    """What is not in charts/ of a chart is no part of it: it is reported by itself."""
    make(tree, *(f"charts/one/{name}" for name in CHART), *(f"charts/two/{name}" for name in CHART))
    make(tree, *(f"charts/one/examples/three/{name}" for name in CHART))
    charts = [entry for entry in walked(["."]) if entry.startswith("chart ")]
    assert charts == ["chart ./charts/one", "chart ./charts/one/examples/three", "chart ./charts/two"]


def test_what_only_looks_like_a_chart(tree: Path) -> None:
    make(tree, "d/Chart.yaml", "d/a.yaml", "e/templates/b.yaml")
    assert walked(["d", "e"]) == ["d/Chart.yaml", "d/a.yaml", "e/templates/b.yaml"]


def archive(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"\n"))


def test_chart_archives(tree: Path) -> None:
    archive(tree / "d/shop-1.0.0.tgz", "shop/Chart.yaml", "shop/templates/a.yaml")
    archive(tree / "d/other.tar.gz", "shop/notes.txt", "deep/er/Chart.yaml")
    (tree / "d/broken.tgz").write_bytes(b"\x1f\x8bbroken")
    make(tree, "d/a.yaml")
    assert walked(["d"]) == ["d/a.yaml", "chart d/shop-1.0.0.tgz"]
    assert walked(["d/shop-1.0.0.tgz"]) == ["chart d/shop-1.0.0.tgz"]
    assert walked(["d"], exclude=("*.tgz",)) == ["d/a.yaml"]


def test_damaged_archives_are_no_charts(tree: Path) -> None:
    """Whatever is wrong with them; where Chart.yaml comes before the damage, the chart is seen."""
    noise = random.Random(1).randbytes(200_000)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in (("c/noise", noise), ("c/Chart.yaml", b"name: c\n"), ("c/more", noise)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    packed = gzip.compress(out.getvalue())
    half = len(packed) // 4
    (tree / "d").mkdir()
    (tree / "d/cut-early.tgz").write_bytes(packed[:half])
    (tree / "d/cut-late.tgz").write_bytes(packed[: half * 3])
    (tree / "d/empty.tgz").write_bytes(b"")
    (tree / "d/no-tar.tgz").write_bytes(gzip.compress(b"apiVersion: v1\n" * 1000))
    (tree / "d/overwritten.tgz").write_bytes(packed[:200] + noise)
    (tree / "d/whole.tgz").write_bytes(packed)
    assert walked(["d"]) == ["chart d/cut-late.tgz", "chart d/whole.tgz"]


def test_a_bomb_is_not_unpacked_to_its_end(tree: Path) -> None:
    (tree / "d").mkdir()
    member = tarfile.TarInfo("c/zeros")
    member.size = 1 << 32
    with gzip.open(tree / "d/bomb.tgz", "wb", compresslevel=1) as out:
        out.write(member.tobuf())
        for _ in range(64):
            out.write(bytes(1 << 20))
    assert within(5, lambda: walked(["d"])) == ["skipped d: no manifest (.yaml, .yml, .json) in this directory"]


def test_odd_names(tree: Path) -> None:
    names = ["a\nb.yaml", "\x1b[31mred.yaml", "-.yaml", " .yaml", ".yaml", "é.yaml", "*.yaml", "a\\b.yaml"]
    make(tree, *(f"d/{name}" for name in names))
    assert walked(["d"]) == [f"d/{name}" for name in sorted(names)]
    assert walked(["d"], exclude=("é.yaml", "a?b.yaml", "[*].yaml")) == [
        f"d/{name}" for name in sorted(set(names) - {"é.yaml", "a\nb.yaml", "a\\b.yaml", "*.yaml"})
    ]


def test_kustomizations(tree: Path) -> None:
    make(tree, "d/base/kustomization.yaml", "d/base/a.yaml", "d/over/kustomization.yml", "d/over/p.yaml", "d/b.yaml")
    raw = ["d/b.yaml", "d/base/a.yaml", "d/base/kustomization.yaml", "d/over/kustomization.yml", "d/over/p.yaml"]
    assert walked(["d"]) == raw
    assert walked(["d"], kustomizations=True) == ["d/b.yaml", "kustomization d/base", "kustomization d/over"]


def test_standard_input(tree: Path) -> None:
    assert walked(["-"]) == ["-"]
