"""Copies of charts: what is unpacked, and the archives that are refused."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from k8supgrade.sources import chart_copy
from k8supgrade.sources.chart_copy import ChartError, copy_chart

QUESTION = b'{{ .Capabilities.APIVersions.Has "policy/v1beta1" }}'


def member(name: str, content: bytes = b"", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in values.items():
        setattr(info, key, value)
    return info, content


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[bytes], dict[str, bytes]]:
    """copied(archive) -> {path below the chart: content}; nothing else may appear beside the copy."""

    def copy(data: bytes) -> dict[str, bytes]:
        (tmp_path / "in.tgz").write_bytes(data)
        home = tmp_path / "a" / "b"
        home.mkdir(parents=True)
        try:
            copy_chart(str(tmp_path / "in.tgz"), str(home / "chart"), {"policy/v1"})
        finally:
            made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
            assert {path for path in made if not path.startswith("a/b/chart")} == {"in.tgz", "a", "a/b"}
        paths = sorted(path for path in (home / "chart").rglob("*") if path.is_file())
        return {path.relative_to(home / "chart").as_posix(): path.read_bytes() for path in paths}

    return copy


def test_questions_are_answered_in_templates_alone(copied: Callable[[bytes], dict[str, bytes]]) -> None:
    data = archive(
        member("c/Chart.yaml", b"name: c"),
        member("c/templates/deep/a.yaml", QUESTION),
        member("c/files/a.yaml", QUESTION),
        member("c/charts/d/templates/_a.tpl", QUESTION),
    )
    assert copied(data) == {
        "Chart.yaml": b"name: c",
        "charts/d/templates/_a.tpl": b"{{ false }}",
        "files/a.yaml": QUESTION,
        "templates/deep/a.yaml": b"{{ false }}",
    }


def test_subchart_archives_are_unpacked_each_in_a_directory_of_its_own(
    copied: Callable[[bytes], dict[str, bytes]],
) -> None:
    inner = archive(member("inner/templates/a.yaml", QUESTION))
    outer = archive(member("./Chart.yaml"), member("./charts/inner-1.0.0.tgz", inner))
    data = archive(
        member("c/charts/outer-1.0.0.tgz", outer),
        member("c/charts/outer-2.0.0.tgz", outer),
        member("c/charts/_ignored.tgz", b"by Helm too"),
        member("c/files/kept.tgz", inner),
    )
    template = "charts/inner-1.0.0-unpacked/templates/a.yaml"
    assert copied(data) == {
        "charts/_ignored.tgz": b"by Helm too",
        "charts/outer-1.0.0-unpacked/Chart.yaml": b"",
        f"charts/outer-1.0.0-unpacked/{template}": b"{{ false }}",
        "charts/outer-2.0.0-unpacked/Chart.yaml": b"",
        f"charts/outer-2.0.0-unpacked/{template}": b"{{ false }}",
        "files/kept.tgz": inner,
    }


def test_a_link_inside_the_chart_is_left_out_as_helm_does(copied: Callable[[bytes], dict[str, bytes]]) -> None:
    data = archive(
        member("c/Chart.yaml"),
        member("c/docs/a.md", type=tarfile.SYMTYPE, linkname="../README.md"),
        member("c/b.md", type=tarfile.LNKTYPE, linkname="c/Chart.yaml"),
    )
    assert copied(data) == {"Chart.yaml": b""}


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (member("../evil.yaml", b"x"), "the archive has an unsafe path: '../evil.yaml'"),
        (member("c/../../evil.yaml", b"x"), "unsafe path"),
        (member("c/templates/../../../evil", b"x"), "unsafe path"),
        (member("/tmp/evil", b"x"), "unsafe path"),
        (member("c/..\\..\\evil", b"x"), "unsafe path"),
        (member("C:/evil", b"x"), "unsafe path"),
        (member("c/" + "d/" * 100 + "evil", b"x"), "unsafe path"),
        (member("evil", b"x"), "a file outside of the chart's directory: 'evil'"),
        (member("c/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link that leads outside: 'c/link'"),
        (member("c/link", type=tarfile.SYMTYPE, linkname="../other/passwd"), "a link that leads outside"),
        (member("c/link", type=tarfile.SYMTYPE, linkname="../../x"), "a link that leads outside"),
        (member("c/link", type=tarfile.LNKTYPE, linkname="../x"), "a link that leads outside"),
        (member("c/null", type=tarfile.CHRTYPE), "a special file: 'c/null'"),
        (member("c/disk", type=tarfile.BLKTYPE), "a special file"),
        (member("c/pipe", type=tarfile.FIFOTYPE), "a special file"),
    ],
)
@pytest.mark.parametrize("nested", [False, True], ids=["chart", "sub-chart"])
def test_a_hostile_member_is_refused(
    copied: Callable[[bytes], dict[str, bytes]], hostile: tuple[tarfile.TarInfo, bytes], reason: str, nested: bool
) -> None:
    data = archive(member("c/Chart.yaml"), hostile)
    with pytest.raises(ChartError, match=reason.replace("\\", ".")):
        copied(archive(member("c/charts/d.tgz", data)) if nested else data)


def test_a_file_behind_a_link_is_no_file_outside(copied: Callable[[bytes], dict[str, bytes]]) -> None:
    data = archive(
        member("c/here", type=tarfile.SYMTYPE, linkname="templates"),
        member("c/here/a.yaml", b"x"),
    )
    assert copied(data) == {"here/a.yaml": b"x"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a readable chart archive"),
        (b"no archive", "not a readable chart archive"),
        (gzip.compress(b"no tar" * 1000), "not a readable chart archive"),
        (archive(member("c/a", os.urandom(5000)))[:3000], "not a readable chart archive"),
    ],
)
def test_a_damaged_archive_is_refused(copied: Callable[[bytes], dict[str, bytes]], data: bytes, reason: str) -> None:
    with pytest.raises(ChartError, match=reason):
        copied(data)


def test_bombs_stop_at_the_limits(copied: Callable[[bytes], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_copy, "MAX_BYTES", 1 << 20)
    with pytest.raises(ChartError, match="larger than 1 MiB"):
        copied(archive(member("c/zeros", bytes(2 << 20))))


def test_sub_charts_share_the_limit(
    copied: Callable[[bytes], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart_copy, "MAX_BYTES", 1 << 20)
    bombs = [member(f"c/charts/d{number}.tgz", archive(member("d/zeros", bytes(400 << 10)))) for number in range(3)]
    with pytest.raises(ChartError, match="larger than 1 MiB"):
        copied(archive(*bombs))


def test_sub_charts_of_sub_charts_have_an_end(copied: Callable[[bytes], dict[str, bytes]]) -> None:
    data = archive(member("c/Chart.yaml"))
    for _ in range(chart_copy.MAX_NESTED_ARCHIVES + 2):
        data = archive(member("c/charts/c.tgz", data))
    with pytest.raises(ChartError, match="nested too deep"):
        copied(data)


def test_more_members_than_any_chart_has(
    copied: Callable[[bytes], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart_copy, "MAX_MEMBERS", 10)
    with pytest.raises(ChartError, match="more than 10 files"):
        copied(archive(*(member(f"c/{number}") for number in range(11))))


def test_a_header_that_claims_more_than_there_is(copied: Callable[[bytes], dict[str, bytes]]) -> None:
    info = tarfile.TarInfo("c/huge")
    info.size = 1 << 40
    with pytest.raises(ChartError, match="not a readable chart archive"):
        copied(gzip.compress(info.tobuf() + bytes(10240)))


def test_a_directory_is_copied_through_its_links(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / ".git").mkdir()
    (chart / ".git" / "config").write_text("")
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "a.tpl").write_bytes(QUESTION)
    (chart / "templates" / "common").symlink_to(tmp_path / "common")
    copy_chart(str(chart), str(tmp_path / "copy"), set())
    assert (tmp_path / "copy" / "templates" / "common" / "a.tpl").read_bytes() == b"{{ false }}"
    assert not (tmp_path / "copy" / ".git").exists()
    assert (tmp_path / "common" / "a.tpl").read_bytes() == QUESTION


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.symlink_to("nowhere"), "it: dangling symbolic link"),
        (lambda path: path.symlink_to("."), "chart|it: a symbolic link that leads back"),
        (lambda path: os.mkfifo(path), "it is no regular file"),
    ],
)
def test_a_directory_that_cannot_be_copied(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    (tmp_path / "chart").mkdir()
    make(tmp_path / "chart" / "it")
    with pytest.raises(ChartError, match=reason):
        copy_chart(str(tmp_path / "chart"), str(tmp_path / "copy"), set())
