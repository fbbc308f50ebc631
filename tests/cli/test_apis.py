"""`k8supgrade apis`: what happens between two versions, in each format."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.program import call as run
from tests.cli.program import error

DATA = Path(__file__).resolve().parents[2] / "data" / "deprecations"
ROWS: list[dict[str, Any]] = yaml.safe_load((DATA / "kubernetes.yaml").read_text(encoding="utf-8"))[
    "deprecated-versions"
]


def listed(*arguments: str) -> set[tuple[str, str]]:
    rows = json.loads(run("apis", "-o", "json", *arguments).stdout)
    found = {(row["apiVersion"], row["kind"]) for row in rows}
    assert len(found) == len(rows)
    return found


def expected(first: int, last: int) -> set[tuple[str, str]]:
    """What is deprecated or removed after `first`, up to `last`."""
    return {
        (row["version"], row["kind"])
        for row in ROWS
        for key in ("deprecated-in", "removed-in")
        if key in row and first < int(row[key].split(".")[1]) <= last
    }


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        ("--from 1.24 --to 1.25", 24, 25),
        ("--from v1.24.9-eks-1 --to 1.25+", 24, 25),
        ("--from 1.21 --to 1.28", 21, 28),
        ("--from 1.28", 28, 999),
        ("--to 1.22", -1, 22),
        ("--from 1.25 --to 1.25", 25, 25),
        ("", -1, 999),
    ],
)
def test_between(arguments: str, first: int, last: int) -> None:
    assert listed(*arguments.split()) == expected(first, last)


def test_nothing_there() -> None:
    result = run("apis", "--from", "1.25", "--to", "1.25")
    assert (result.returncode, result.stdout) == (0, b"Nothing is deprecated or removed there.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--from 1.30 --to 1.29", "--from 1.30 is newer than --to 1.29"),
        ("--from 1.3", "--from 1.3: the data covers Kubernetes 1.16 to 1."),
        ("--to 1.99", "--to 1.99: the data covers Kubernetes 1.16 to 1."),
        ("--from soon", "--from: 'soon' is not a Kubernetes version"),
        ("--component cert-manager --to new", "--to: 'new' is not a version"),
        ("--component all --from 1.25", "--from and --to are versions of one component: name it with --component"),
    ],
)
def test_refused(arguments: str, message: str) -> None:
    assert message in error(run("apis", *arguments.split()))


def test_add_ons() -> None:
    """`1.6` is the newest patch of it, as in --target."""
    assert ("cert-manager.io/v1alpha2", "Issuer") in listed("--component", "cert-manager")
    assert ("cert-manager.io/v1alpha2", "Issuer") in listed(
        "--component", "cert-manager", "--from", "1.5", "--to", "1.6"
    )
    assert listed("--component", "cert-manager", "--from", "1.6") == set()
    assert listed("--component", "all") > listed() | listed("--component", "istio")


def test_the_formats_say_the_same() -> None:
    arguments = ("--from", "1.24", "--to", "1.26")
    rows = json.loads(run("apis", "-o", "json", *arguments).stdout)
    assert yaml.safe_load(run("apis", "-o", "yaml", *arguments).stdout) == rows
    apis = [(row["apiVersion"], row["kind"]) for row in rows]
    head, *cells = csv.reader(run("apis", "-o", "csv", *arguments).stdout.decode().splitlines())
    assert head[:3] == ["component", "api", "kind"]
    assert [(row[1], row[2]) for row in cells] == apis
    _, _, *lines = run("apis", "-o", "markdown", *arguments).stdout.decode().splitlines()
    assert [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in lines] == apis
    _, *lines = run("apis", *arguments).stdout.decode().splitlines()
    assert [tuple(line.split()[:2]) for line in lines] == apis


def test_a_row_has_what_the_table_knows() -> None:
    (row,) = [
        row
        for row in json.loads(run("apis", "-o", "json", "--from", "1.24", "--to", "1.25").stdout)
        if (row["apiVersion"], row["kind"]) == ("policy/v1beta1", "PodDisruptionBudget")
    ]
    assert row.pop("reference").startswith("https://kubernetes.io/")
    assert "selector" in row.pop("notes")
    assert row == {
        "component": "kubernetes",
        "apiVersion": "policy/v1beta1",
        "kind": "PodDisruptionBudget",
        "namespaced": True,
        "introducedIn": "1.5",
        "deprecatedIn": "1.21",
        "removedIn": "1.25",
        "servedAgainIn": None,
        "replacement": {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "availableIn": "1.21"},
    }
