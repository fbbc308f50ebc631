"""The compact form: fresh, stale, broken, absent; and the rows of --table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from k8supgrade.errors import UsageError
from k8supgrade.lifecycle import load
from k8supgrade.lifecycle.compile import compile_data, compile_to
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.version import KubeVersion

ROOT = Path(__file__).resolve().parents[2]

SERVED = """\
component: kubernetes
minors: ['1.16', '1.17', '1.18']
sources: {'1.18': k8s.io/kubernetes@v1.18.20}
apis:
- {version: apps/v1, kind: Deployment, namespaced: true, served: ['1.16-'], default: ['1.17-1.18']}
- {version: apps/v1beta1, kind: Deployment, namespaced: true, served: ['1.16-1.17', '1.18'], default: []}
"""
ROWS = """\
component: kubernetes
deprecated-versions:
- {version: apps/v1beta1, kind: Deployment, removed-in: '1.16', replacement-api: apps/v1}
"""


class Checkout:
    """A source tree with a tiny table; `lifecycle` is where load.py would lie."""

    def __init__(self, root: Path, data: Path) -> None:
        self.data = data
        self.lifecycle = root / "k8supgrade" / "lifecycle"
        self.compact = self.lifecycle / "compact.json"
        self.rows = data / "deprecations" / "kubernetes.yaml"
        self.lifecycle.mkdir(parents=True)
        self.rows.parent.mkdir(parents=True)
        (data / "served").mkdir()
        (data / "served" / "kubernetes.yaml").write_text(SERVED, encoding="utf-8")
        self.rows.write_text(ROWS, encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path, tmp_path / "data")
    monkeypatch.setattr(load, "_HERE", str(made.lifecycle))
    return made


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path, tmp_path / "k8supgrade" / "data")
    monkeypatch.setattr(load, "_HERE", str(made.lifecycle))
    return made


def later(path: Path) -> None:
    stamp = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(stamp, stamp))


def test_yaml_is_read_and_the_compact_form_written(checkout: Checkout) -> None:
    table = load_table()
    assert table.data_version.startswith("1.18.20-")
    assert (table.oldest, table.newest) == (KubeVersion(1, 16), KubeVersion(1, 18))
    assert table.is_served("apps/v1", "Deployment", KubeVersion(1, 16))
    assert not table.is_default("apps/v1", "Deployment", KubeVersion(1, 16))
    assert table.is_served("apps/v1beta1", "Deployment", KubeVersion(1, 18))
    assert checkout.compact.exists()
    assert os.listdir(checkout.lifecycle) == ["compact.json"]


def test_compact_form_says_the_same(checkout: Checkout) -> None:
    from_yaml = load_table()
    checkout.rows.write_text("no: [yaml", encoding="utf-8")
    stamp = checkout.compact.stat().st_mtime_ns
    for path in (checkout.rows, checkout.rows.parent):
        os.utime(path, ns=(stamp, stamp))
    from_compact = load_table()
    assert from_compact.rows() == from_yaml.rows()
    assert from_compact.data_version == from_yaml.data_version


def test_edited_yaml_is_read_again(checkout: Checkout) -> None:
    before = load_table().data_version
    checkout.rows.write_text(ROWS.replace("1.16", "1.17"), encoding="utf-8")
    later(checkout.rows)
    row = load_table().get("apps/v1beta1", "Deployment")
    assert row is not None
    assert row.removed_in == KubeVersion(1, 17)
    assert load_table().data_version != before


def test_new_comment_is_no_new_data(checkout: Checkout) -> None:
    before = load_table().data_version
    checkout.rows.write_text("# looked at again\n" + ROWS, encoding="utf-8")
    later(checkout.rows)
    assert load_table().data_version == before


def test_deleted_file_is_noticed(checkout: Checkout) -> None:
    extra = checkout.rows.with_name("widgets.yaml")
    extra.write_text(ROWS.replace("kubernetes", "widgets").replace("apps/", "w.io/"), encoding="utf-8")
    assert load_table().components() == {"kubernetes", "widgets"}
    extra.unlink()
    later(extra.parent)
    assert load_table().components() == {"kubernetes"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0}', "\xff"])
def test_broken_compact_form_is_replaced(checkout: Checkout, content: str) -> None:
    load_table()
    checkout.compact.write_text(content, encoding="latin-1")
    assert load_table().get("apps/v1beta1", "Deployment") is not None
    assert json.loads(checkout.compact.read_text(encoding="utf-8"))["format"] == load.FORMAT


def test_failure_to_write_is_silent(checkout: Checkout) -> None:
    shutil.rmtree(checkout.lifecycle)
    assert load_table().get("apps/v1beta1", "Deployment") is not None


def test_installed_package_does_not_look_at_dates(installed: Checkout) -> None:
    compile_to(str(installed.data), str(installed.compact))
    installed.rows.write_text("no: [yaml", encoding="utf-8")
    later(installed.rows)
    assert load_table().get("apps/v1beta1", "Deployment") is not None


def test_installed_package_without_compact_form(installed: Checkout) -> None:
    assert load_table().get("apps/v1beta1", "Deployment") is not None


def test_same_api_in_two_shipped_files_is_refused(checkout: Checkout) -> None:
    checkout.rows.with_name("other.yaml").write_text(ROWS, encoding="utf-8")
    with pytest.raises(UsageError, match=r"other\.yaml: apps/v1beta1 Deployment is also a row of kubernetes"):
        load_table()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@v1.18.20", "@main", "names no patch release"),
        ("'1.16', '1.17'", "'1.17', '1.16'", "not in ascending order"),
        ("apps/v1beta1, kind", "apps/v1, kind", "listed twice"),
    ],
)
def test_served_data_that_is_wrong(checkout: Checkout, old: str, new: str, message: str) -> None:
    file = checkout.data / "served" / "kubernetes.yaml"
    file.write_text(SERVED.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        compile_data(str(checkout.data))


def test_extra_rows_come_on_top(checkout: Checkout, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(ROWS.replace("1.16", "1.17"), encoding="utf-8")
    second.write_text(ROWS.replace("1.16", "1.18"), encoding="utf-8")
    assert checkout.rows.exists()
    row = load_table([str(first), str(second)]).get("apps/v1beta1", "Deployment")
    assert row is not None
    assert row.removed_in == KubeVersion(1, 18)


def test_errors_of_extra_files_name_the_path_as_given(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout.rows.exists()
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("component: a\nrows: []\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^mine\.yaml:2: unknown key 'rows'"):
        load_table(["mine.yaml"])
    with pytest.raises(UsageError, match=r"^\./gone\.yaml: cannot read the table: No such file"):
        load_table(["./gone.yaml"])
    with pytest.raises(UsageError, match=r"^data: cannot read the table: Is a directory"):
        load_table(["data"])


def test_start_does_without_yaml() -> None:
    """The compact form is there to save the import as well."""
    load_table()
    code = (
        "import sys; from k8supgrade.lifecycle.load import load_table; load_table();"
        "sys.exit(sorted({'yaml', 'hashlib', 'tempfile', 'pathlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
