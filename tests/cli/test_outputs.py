"""`-o`: several reports at once, files that cannot be written, the same bytes twice."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import BROKEN, CLEAN, COMMAND, DEPRECATED, REMOVED, environment, error
from tests.cli.program import call as run
from tests.cli.program import run as process

AS_ROOT = os.name != "posix" or os.geteuid() == 0


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """`never` is a pipe without a writer: whoever reads it waits for ever."""
    (tmp_path / "a.yaml").write_text("---\n".join([REMOVED, DEPRECATED, CLEAN]))
    return tmp_path


def scan(files: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return run("scan", "--target", "1.28", "a.yaml", *arguments, cwd=files, variables=variables)


def test_every_format_in_one_run(files: Path) -> None:
    names = ("table", "wide", "json", "yaml", "csv", "markdown")
    result = scan(files, *(word for name in names for word in ("-o", f"{name}=report.{name}")))
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.decode() == "Not ready for 1.28: 1 blocker, 1 warning.\n"
    for name in names:
        assert (files / f"report.{name}").read_bytes() == scan(files, "-o", name).stdout


def test_one_may_go_to_standard_output(files: Path) -> None:
    result = scan(files, "-o", "json", "-o", "csv=report.csv", "-o", "table=report.txt")
    assert json.loads(result.stdout)["schema"] == "k8supgrade.report/v1"
    assert result.stderr == b""
    assert {path.name for path in files.iterdir()} == {"a.yaml", "report.csv", "report.txt"}
    assert scan(files, "-o", "json=-").stdout == result.stdout


def test_quiet_says_nothing_beside_the_report(files: Path) -> None:
    result = scan(files, "-q", "-o", "json=report.json", "--check", "removed-api")
    assert (result.returncode, result.stdout, result.stderr) == (1, b"", b"")


def test_a_choice_of_checks_is_said(files: Path) -> None:
    """Ready is said of what was checked; somebody may have forgotten that it was little."""
    result = scan(files, "--check", "duplicate-key")
    assert result.returncode == 0
    assert b"Only these checks ran: duplicate-key.\n" in result.stderr


def test_the_same_bytes_twice(files: Path) -> None:
    for name in ("json", "yaml", "csv", "table", "markdown"):
        assert scan(files, "-o", name).stdout == scan(files, "-o", name).stdout
    report = json.loads(scan(files, "-o", "json").stdout)
    assert report["generatedAt"] == "2023-11-14T22:13:20Z"
    other = json.loads(scan(files, "-o", "json", SOURCE_DATE_EPOCH="").stdout)
    assert other.pop("generatedAt") != report.pop("generatedAt")
    assert other == report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-o json -o csv", "-o: two reports for standard output"),
        ("-o json -o json=-", "-o: two reports for standard output"),
        ("-o json=r -o csv=r", "-o: two reports for r; "),
        ("-o json=r -o csv=./r", "-o: two reports for "),
        ("-o json=no/such/r.json", "-o json=no/such/r.json: cannot be written: the directory no/such does not exist"),
        ("-o json=a.yaml/r.json", "cannot be written: the directory a.yaml does not exist"),
        ("-o csv=.", "-o csv=.: cannot be written: it is a directory"),
        ("-o json=", "-o json=: the file name is missing"),
        ("-o =r", "-o =r: unknown format"),
        ("-o jsno", "-o jsno: unknown format, did you mean 'json'?"),
        ("-o JSON", "-o JSON: unknown format, did you mean"),
        ("-o excel", "unknown format, the known ones are table, wide, json, yaml, csv, markdown"),
    ],
)
def test_refused_before_anything_is_read(arguments: str, message: str, files: Path) -> None:
    os.mkfifo(files / "never")  # a scan would wait here for ever
    assert message in error(scan(files, "never", *arguments.split()))
    assert {path.name for path in files.iterdir()} == {"a.yaml", "never"}


@pytest.mark.skipif(AS_ROOT, reason="root may write anywhere")
def test_no_permission_is_found_before_anything_is_read(files: Path) -> None:
    os.mkfifo(files / "never")
    (files / "old.json").write_text("old")
    (files / "old.json").chmod(0o400)
    (files / "closed").mkdir(mode=0o500)
    for path in ("old.json", "closed/new.json"):
        assert "permission denied" in error(scan(files, "never", "-o", f"json={path}"))


def test_a_file_keeps_its_permissions_and_a_link_its_target(files: Path) -> None:
    (files / "real.json").write_text("old")
    (files / "real.json").chmod(0o640)
    (files / "link.json").symlink_to("real.json")
    assert scan(files, "-o", "json=link.json").returncode == 1
    assert (files / "link.json").is_symlink()
    assert stat.S_IMODE((files / "real.json").stat().st_mode) == 0o640
    assert json.loads((files / "real.json").read_text())["schema"]


def test_a_pipe_and_a_device_are_written_to(files: Path) -> None:
    arguments = ("scan", "--target", "1.28", "a.yaml", "-o", "json=/dev/null", "-o", "csv=/dev/stdout")
    assert process(*arguments, cwd=files).stdout.startswith(b"id,severity,")
    assert Path("/dev/null").is_char_device()


def test_standard_output_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "snowman-☃.yaml").write_text(REMOVED.replace("cart", '"käse-☃"'), encoding="utf-8")
    for variables in (
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ):
        result = run("scan", "--target", "1.28", ".", "-o", "json", cwd=tmp_path, variables=variables)
        assert result.returncode == 1
        assert json.loads(result.stdout)["findings"][0]["name"] == "käse-☃"
        table = run("scan", "--target", "1.28", ".", cwd=tmp_path, variables=variables)
        assert "käse-☃".encode() in table.stdout
        assert run("scan", "--target", "1.28", "☃", cwd=tmp_path, variables=variables).returncode == 3
        assert run("explain", "☃", variables=variables).returncode == 2
        tables = tmp_path / "rows.txt"
        tables.write_text(
            "component: shop\ndeprecated-versions:\n- {version: s/v1, kind: Cart, removed-in: '1.2', notes: Käse ☃}\n",
            encoding="utf-8",
        )
        assert run("explain", "Cart", "--table", str(tables), variables=variables).returncode == 0


def test_a_path_that_is_not_unicode(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.yaml"
    with open(name, "wb") as file:
        file.write(REMOVED.encode())
    for form in ("table", "json", "yaml", "csv", "markdown", "wide"):
        result = subprocess.run(
            [*COMMAND, "scan", "--target", "1.28", "-o", form, name],
            capture_output=True,
            env=environment(),
            check=False,
        )
        assert (result.returncode, result.stderr) == (1, b"")
        result.stdout.decode("utf-8")


def test_nothing_is_read_where_the_table_is_wrong(files: Path) -> None:
    os.mkfifo(files / "never")
    (files / "rows.txt").write_text("deprecated-versions: 7\n")
    message = error(run("scan", "--target", "1.28", "--table", "rows.txt", "never", cwd=files))
    assert message.startswith("Error: rows.txt:1: deprecated-versions is a number; expected a list of rows")


def test_standard_input_has_no_name_but_a_dash() -> None:
    text = "---\n".join([CLEAN, REMOVED, BROKEN])
    report = json.loads(run("scan", "--target", "1.28", "-", "-o", "json", stdin=text.encode()).stdout)
    assert report["findings"][0]["origins"] == [{"type": "file", "path": "-", "line": 6, "template": None}]
    (skipped,) = report["skipped"]
    assert skipped["origin"]["line"] >= 12
