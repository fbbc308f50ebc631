"""Bumps in place: the version scalar changes, every other byte stays."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.helmfile import edit
from k8supgrade.helmfile.edit import Bump
from k8supgrade.helmfile.read import read_helmfiles
from k8supgrade.model.pin import Pin, Written

FIXTURES = Path(__file__).parent / "fixtures"

UGLY = """\
# grafana: keep 6.58.3 in step with the dashboards
repositories: [ { name: r,  url: "https://charts.example.com" } ]   # aligned
releases:
   -   name:    grafana
       chart:   r/grafana
       version:   6.58.3     # 6.58.3 since May


   - { name: flow, chart: r/flow, version: '1.0.0' }
   - name: "double"
     chart: r/double
     version: "1.0.0"
   - name: range
     chart: r/range
     version: ~1.2.0
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pins(path: str = "helmfile.yaml", environments: tuple[str, ...] = ()) -> dict[str, Pin]:
    found = list(read_helmfiles([path], environments=environments))
    assert all(isinstance(one, Pin) for one in found), found
    return {f"{one.release}@{one.environment}" if one.environment else one.release: one for one in found
            if isinstance(one, Pin)}  # fmt: skip


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    one, other = before.split("\n"), after.split("\n")
    assert len(one) == len(other)
    return [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]


def test_changes_nothing_but_the_versions(here: Path) -> None:
    (here / "helmfile.yaml").write_text(UGLY)
    found = pins()
    wanted = {"grafana": "6.58.9", "flow": "1.1.0", "double": "2.0.0", "range": "1.4.0"}
    (change,), refused = edit.edits([Bump(found[name], to) for name, to in wanted.items()])
    assert refused == []
    assert changed_lines(change.before, change.after) == [
        ("       version:   6.58.3     # 6.58.3 since May", "       version:   6.58.9     # 6.58.3 since May"),
        (
            "   - { name: flow, chart: r/flow, version: '1.0.0' }",
            "   - { name: flow, chart: r/flow, version: '1.1.0' }",
        ),
        ('     version: "1.0.0"', '     version: "2.0.0"'),
        ("     version: ~1.2.0", "     version: ~1.4.0"),
    ]
    edit.write([change])
    assert {name: pin.version for name, pin in pins().items()} == {**wanted, "range": "~1.4.0"}


@pytest.mark.parametrize("fixture", sorted(path.name for path in FIXTURES.iterdir()))
def test_what_is_written_is_read_again(fixture: str, here: Path) -> None:
    shutil.copytree(FIXTURES / fixture, here, dirs_exist_ok=True)
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    found = [one for one in read_helmfiles(["."]) if isinstance(one, Pin)]
    made, refused = edit.edits([Bump(pin, "99.1.0") for pin in found])
    assert {one.bump.pin.release for one in refused} >= {pin.release for pin in found if not pin.written}
    edit.write(made)
    now = [one.version for one in read_helmfiles(["."]) if isinstance(one, Pin)]
    left = {one.bump.pin.origin for one in refused}
    assert [
        version.strip("~^v") for version, pin in zip(now, found, strict=True) if version and pin.origin not in left
    ] == ["99.1.0" for pin in found if pin.origin not in left]
    touched = {Path(one.path).resolve() for one in made}
    for path, data in before.items():
        if path.resolve() not in touched:
            assert path.read_bytes() == data
        else:
            lines = changed_lines(data.decode(), path.read_bytes().decode())
            assert all("99.1.0" in new for _, new in lines)


def test_a_value_of_an_environment_is_changed_where_it_is_written(here: Path) -> None:
    shutil.copytree(FIXTURES / "environments", here, dirs_exist_ok=True)
    (change,), _ = edit.edits([Bump(pins(".", environments=("dev",))["web@dev"], "1.2.0")])
    assert change.path == "env/dev.yaml"
    assert changed_lines(change.before, change.after) == [("  web: 1.1.0 # newer", "  web: 1.2.0 # newer")]


def test_one_place_of_several_releases_is_changed_once(here: Path) -> None:
    shutil.copytree(FIXTURES / "anchors", here, dirs_exist_ok=True)
    found = pins(".")
    (change,), refused = edit.edits([Bump(found["merged"], "1.5.0"), Bump(found["aliased"], "1.5.0")])
    assert refused == []
    assert changed_lines(change.before, change.after) == [
        ("    version: &version 1.4.0", "    version: &version 1.5.0")
    ]


def test_one_place_for_two_versions_is_left_alone(here: Path) -> None:
    shutil.copytree(FIXTURES / "anchors", here, dirs_exist_ok=True)
    found = pins(".")
    made, refused = edit.edits([Bump(found["merged"], "1.5.0"), Bump(found["aliased"], "1.6.0")])
    assert made == []
    assert {one.reason for one in refused} == {
        "helmfile.yaml:7: one place for several versions (1.5.0, 1.6.0): pin them apart"
    }


@pytest.mark.parametrize(
    ("version", "to", "expected"),
    [
        ("1.0.0", "1.1.0", "version: 1.1.0"),
        ("1.9", "1.10", 'version: "1.10"'),
        ("'1.9'", "1.10", "version: '1.10'"),
        ("^1.0.0", "2.0.0", "version: ^2.0.0"),
        ("'>=1.0.0 <2.0.0'", "2.0.0", "version: '2.0.0'"),
        ("v1.0.0", "1.1.0", "version: v1.1.0"),
    ],
)
def test_the_style_stays(version: str, to: str, expected: str, here: Path) -> None:
    (here / "helmfile.yaml").write_text(
        f"repositories: [{{name: r, url: https://charts.example.com}}]\nreleases:\n- name: a\n  chart: r/a\n"
        f"  version: {version}\n"
    )
    (change,), _ = edit.edits([Bump(pins()["a"], to)])
    assert change.after.splitlines()[-1].strip() == expected


@pytest.mark.parametrize(
    ("version", "to", "why"),
    [
        ("~1.2.0", "1.2.9", "the range ~1.2.0 already admits 1.2.9"),
        ("1.0.0", "1.1.0\nevil: true", "is no version"),
        ("1.0.0", "${IFS}", "is no version"),
        ('\'{{ env "NOWHERE" | default "1.0.0" }}\'', "1.1.0", "written nowhere that can be changed"),
    ],
)
def test_what_is_refused(version: str, to: str, why: str, here: Path) -> None:
    (here / "helmfile.yaml").write_text(
        f"repositories: [{{name: r, url: https://charts.example.com}}]\nreleases:\n- name: a\n  chart: r/a\n"
        f"  version: {version}\n"
    )
    made, (refused,) = edit.edits([Bump(pins()["a"], to)])
    assert made == []
    assert why in refused.reason
    assert refused.reason.startswith("helmfile.yaml:")


def test_a_file_that_has_changed_is_left_alone(here: Path) -> None:
    (here / "helmfile.yaml").write_text(UGLY)
    found = pins()
    (here / "helmfile.yaml").write_text("# one line more\n" + UGLY)
    made, (refused,) = edit.edits([Bump(found["grafana"], "7.0.0")])
    assert made == []
    assert refused.reason == "helmfile.yaml:6: the file has changed since it was read"


def test_nothing_is_written_where_one_file_has_changed(here: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (here / name).write_text(UGLY)
    made, _ = edit.edits([Bump(pins(name)["grafana"], "7.0.0") for name in ("a.yaml", "b.yaml")])
    (here / "b.yaml").write_text("changed\n")
    with pytest.raises(OSError, match="changed meanwhile"):
        edit.write(made)
    assert (here / "a.yaml").read_text() == UGLY


def test_mode_and_link_stay(here: Path) -> None:
    (here / "real.yaml").write_text(UGLY)
    os.chmod(here / "real.yaml", 0o640)
    (here / "helmfile.yaml").symlink_to("real.yaml")
    made, _ = edit.edits([Bump(pins()["grafana"], "7.0.0")])
    edit.write(made)
    assert (here / "helmfile.yaml").is_symlink()
    assert (here / "real.yaml").stat().st_mode & 0o777 == 0o640
    assert "version:   7.0.0 " in (here / "real.yaml").read_text()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_git_applies_the_diff(ending: str, here: Path) -> None:
    text = UGLY.rstrip("\n").replace("\n", "\r\n" if ending == "\r\n" else "\n") + ending
    (here / "helmfile.yaml").write_bytes(text.encode())
    made, _ = edit.edits([Bump(pins()["range"], "1.4.0")])
    (here / "change.patch").write_bytes(edit.diff(made).encode())
    subprocess.run(["git", "apply", "change.patch"], cwd=here, check=True)
    assert (here / "helmfile.yaml").read_bytes() == made[0].after.encode()


@given(
    st.lists(st.sampled_from(["a", "ä", "😀", " ", "x: y", "#"]), max_size=8).map("".join),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_offsets_are_those_of_the_file(comment: str, ending: str, has_mark: bool) -> None:
    """Whatever stands before it, in whatever script: the span is the version."""
    import tempfile

    text = ending.join(
        [f"# {comment}", "key: 1.0.0", f"other: '{comment.replace(chr(39), '')}'", "version: '1.0.0'", ""]
    )
    text = ("\ufeff" if has_mark else "") + text
    start = text.rindex("1.0.0")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "values.yaml")
        Path(path).write_bytes(text.encode())
        pin = Pin(
            reader="helmfile", path=path, line=4, release="a", chart="r/a", name="a", version="1.0.0",
            written=(Written(path=path, line=4, start=start, end=start + 5, text="1.0.0"),),
        )  # fmt: skip
        (change,), refused = edit.edits([Bump(pin, "2.0.0")])
        assert refused == []
        assert change.after == text[:start] + "2.0.0" + text[start + 5 :]
