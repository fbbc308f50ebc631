"""`k8supgrade report` and `merge`: saved reports go in, reports come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import BROKEN, CLEAN, DEPRECATED, REMOVED, error
from tests.cli.program import call as run

FORMATS = ("table", "wide", "json", "yaml", "csv", "markdown")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    for name, text in {
        "removed": REMOVED, "deprecated": DEPRECATED, "clean": CLEAN, "broken": BROKEN,
        "again": REMOVED + "# elsewhere\n",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.yaml").write_text(text)
        run("scan", "--target", "1.28", f"{name}.yaml", "-o", f"json={name}.json", cwd=tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", FORMATS)
def test_a_saved_report_is_the_report(form: str, saved: Path) -> None:
    for name in ("removed", "deprecated", "clean", "broken"):
        scanned = run("scan", "--target", "1.28", f"{name}.yaml", "-o", form, cwd=saved)
        rendered = run("report", f"{name}.json", "-o", form, cwd=saved)
        assert (rendered.returncode, rendered.stderr) == (0, b"")
        assert rendered.stdout == scanned.stdout
        piped = run("report", "-", "-o", form, cwd=saved, stdin=(saved / f"{name}.json").read_bytes())
        assert piped.stdout == scanned.stdout


def test_several_outputs(saved: Path) -> None:
    result = run("report", "removed.json", "-o", "csv=r.csv", "-o", "json", cwd=saved)
    assert result.stdout == (saved / "removed.json").read_bytes()
    assert (saved / "r.csv").read_bytes() == run("report", "removed.json", "-o", "csv", cwd=saved).stdout


@pytest.mark.parametrize(
    ("names", "arguments", "code"),
    [
        ("removed deprecated", "", 1),
        ("deprecated clean", "", 0),
        ("deprecated clean", "--fail-on warning", 1),
        ("removed clean", "--fail-on never", 0),
        ("broken clean", "", 3),
        ("broken clean", "--allow-incomplete", 0),
        ("broken removed", "", 1),
        ("clean", "", 0),
    ],
)
def test_merge_exits_as_a_scan_would(names: str, arguments: str, code: int, saved: Path) -> None:
    files = [f"{name}.json" for name in names.split()]
    result = run("merge", *files, *arguments.split(), cwd=saved)
    assert result.returncode == code
    report = json.loads(result.stdout)
    assert report["summary"]["exitCode"] == code
    assert report["scanned"]["files"] == len(files)


def test_merge_of_shards_is_the_scan_of_all(saved: Path) -> None:
    whole = run(
        "scan",
        "--target",
        "1.28",
        "again.yaml",
        "clean.yaml",
        "deprecated.yaml",
        "removed.yaml",
        "-o",
        "json",
        cwd=saved,
    )
    parts = ["deprecated.json", "removed.json", "again.json", "clean.json"]
    merged = run("merge", *parts, cwd=saved)
    assert merged.stdout == whole.stdout
    assert run("merge", *reversed(parts), cwd=saved).stdout == whole.stdout
    (finding, _) = json.loads(merged.stdout)["findings"]
    assert [origin["path"] for origin in finding["origins"]] == ["again.yaml", "removed.yaml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "bad.json: not a JSON report: Expecting value"),
        ("{", "bad.json: not a JSON report"),
        ("[]", "bad.json: "),
        ("{}", "bad.json: "),
        ('{"schema": "k8supgrade.report/v9"}', "k8supgrade.report/v9"),
        ("\xff", "bad.json: not a JSON report: not valid UTF-8"),
    ],
)
def test_what_is_no_report(text: str, message: str, saved: Path) -> None:
    (saved / "bad.json").write_bytes(text.encode("latin-1"))
    for command in (["report", "bad.json"], ["merge", "clean.json", "bad.json"]):
        assert message in error(run(*command, "-o", "json=out.json", cwd=saved))
    assert not (saved / "out.json").exists()


def test_what_cannot_be_read(saved: Path) -> None:
    assert "nosuch.json: cannot be read: No such file or directory" in error(run("report", "nosuch.json", cwd=saved))
    assert ".: cannot be read: Is a directory" in error(run("merge", "clean.json", ".", cwd=saved))


def test_an_output_is_looked_at_before_the_reports(saved: Path) -> None:
    assert "no/r.json: cannot be written" in error(run("report", "nosuch.json", "-o", "json=no/r.json", cwd=saved))
