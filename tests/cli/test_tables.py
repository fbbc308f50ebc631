"""`--table`: rows of the user's own, in our format and in Pluto's, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import REMOVED, error
from tests.cli.program import call as run

CART = "apiVersion: shop.example.com/v1beta1\nkind: Cart\nmetadata:\n  name: one\n"
OWN = """\
component: shop
deprecated-versions:
- version: shop.example.com/v1beta1
  kind: Cart
  deprecated-in: '1.4'
  removed-in: '2.0'
  replacement-api: shop.example.com/v1
  replacement-available-in: '1.3'
  notes: Ask the shop's team.
"""
PLUTO = """\
target-versions:
  custom: v1.0.0
deprecated-versions:
- version: shop.example.com/v1beta1
  kind: Cart
  deprecated-in: v0.9.0
  removed-in: v1.0.0
  replacement-api: shop.example.com/v1
  component: custom
- version: policy/v1beta1
  kind: PodDisruptionBudget
  deprecated-in: v1.21.0
  removed-in: v1.30.0
  replacement-api: policy/v1
  component: k8s
"""
OVERRIDE = """\
component: kubernetes
deprecated-versions:
- {version: policy/v1beta1, kind: PodDisruptionBudget, deprecated-in: '1.21', removed-in: '1.30'}
"""


def findings(tmp_path: Path, table: str, *arguments: str) -> list[dict[str, Any]]:
    (tmp_path / "rows.txt").write_text(table)
    result = run(
        "scan", "--target", "1.28", "--table", "rows.txt", "-", "-o", "json", *arguments, cwd=tmp_path,
        stdin=f"{CART}---\n{REMOVED}".encode(),
    )  # fmt: skip
    assert result.returncode in (0, 1), result
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def brief(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(finding["kind"], finding["check"], finding["severity"]) for finding in found}


PDB = ("PodDisruptionBudget", "removed-api", "blocker")


def test_own_rows(tmp_path: Path) -> None:
    assert brief(findings(tmp_path, OWN)) == {PDB, ("Cart", "removed-api", "warning")}
    assert brief(findings(tmp_path, OWN, "--target", "shop=1.3")) == {PDB}
    assert brief(findings(tmp_path, OWN, "--target", "shop=1.4")) == {PDB, ("Cart", "deprecated-api", "warning")}
    found = findings(tmp_path, OWN, "--target", "shop=2.0")
    assert brief(found) == {PDB, ("Cart", "removed-api", "blocker")}
    (cart,) = [finding for finding in found if finding["kind"] == "Cart"]
    assert cart["component"] == "shop"
    assert cart["fix"] == "Change it to shop.example.com/v1 (served since shop 1.3). Ask the shop's team."


def test_a_row_takes_the_place_of_ours(tmp_path: Path) -> None:
    assert brief(findings(tmp_path, OVERRIDE)) == {("PodDisruptionBudget", "deprecated-api", "warning")}


def test_plutos_format(tmp_path: Path) -> None:
    deprecated = ("PodDisruptionBudget", "deprecated-api", "warning")
    assert brief(findings(tmp_path, PLUTO)) == {deprecated, ("Cart", "removed-api", "warning")}
    assert brief(findings(tmp_path, PLUTO, "--target", "custom=1.0")) == {
        deprecated,
        ("Cart", "removed-api", "blocker"),
    }


def test_the_last_table_wins(tmp_path: Path) -> None:
    (tmp_path / "first.txt").write_text(OVERRIDE)
    again = OVERRIDE.replace("1.30", "1.26")
    assert brief(findings(tmp_path, again, "--table", "first.txt")) == {
        ("PodDisruptionBudget", "deprecated-api", "warning")
    }
    (tmp_path / "first.txt").write_text(again)
    assert brief(findings(tmp_path, OVERRIDE, "--table", "first.txt")) == {PDB}


def test_the_data_version_tells(tmp_path: Path) -> None:
    def data_version(*arguments: str) -> str:
        result = run("scan", "--target", "1.28", "-", "-o", "json", *arguments, cwd=tmp_path, stdin=CART.encode())
        return str(json.loads(result.stdout)["tool"]["dataVersion"])

    (tmp_path / "rows.txt").write_text(OWN)
    assert data_version("--table", "rows.txt") != data_version()
    assert data_version("--table", "rows.txt") == data_version("--table", "rows.txt")


def test_apis_and_explain_know_them_too(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text(OWN)
    listed = run("apis", "--component", "shop", "--table", "rows.txt", cwd=tmp_path).stdout.decode()
    assert listed.splitlines()[1].split() == [
        "shop.example.com/v1beta1", "Cart", "1.4", "2.0", "shop.example.com/v1", "1.3",
    ]  # fmt: skip
    text = run("explain", "cart", "--table", "rows.txt", cwd=tmp_path).stdout.decode()
    assert "  removed in:     shop 2.0\n" in text
    assert "  notes:          Ask the shop's team.\n" in text


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "rows.txt:1: the file is empty"),
        ("[]", "rows.txt:1: the file holds a list"),
        ("a: [", "rows.txt:2: not YAML"),
        ("component: shop\n", "rows.txt:1: deprecated-versions is missing"),
        ("component: shop\ndeprecated-versions:\n- {kind: Cart}\n", "rows.txt:3: the row has no version"),
        (OWN + "  removed: '3.0'\n", "rows.txt:10: unknown key 'removed'; did you mean removed-in?"),
        (OWN.replace("removed-in: '2.0'", "removed-in: '1.2'"), "rows.txt:6: removed-in 1.2 is not later than"),
        (OWN.replace("removed-in: '2.0'", "removed-in: 2.0"), "rows.txt:6: removed-in is a number; quote it"),
        (OWN.replace("component: shop\n", ""), "the row has no component"),
        (OWN.replace("shop.example.com/v1\n", "shop.example.com/v1beta1\n"), "is its own replacement"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(table: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text(table)
    for command in (["scan", "--target", "1.28", "."], ["apis"], ["explain", "Pod"]):
        assert message in error(run(*command, "--table", "rows.txt", cwd=tmp_path))


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    assert "nosuch: cannot read the table: No such file" in error(run("apis", "--table", "nosuch", cwd=tmp_path))
    assert ": cannot read the table: Is a directory" in error(run("apis", "--table", ".", cwd=tmp_path))
