from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.json_ import render
from tests.builders import finding, verdict
from tests.reports.samples import FULL, HOSTILE, hostile

SCHEMA: dict[str, Any] = json.loads((files("k8supgrade.reports") / "report.schema.json").read_text("utf-8"))


def rendered(shown: Verdict) -> Any:
    return json.loads(render(shown, RenderOptions()))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("shown", [verdict(), FULL, hostile()], ids=["empty", "full", "hostile"])
def test_reports_are_valid(shown: Verdict) -> None:
    jsonschema.validate(rendered(shown), SCHEMA)


@pytest.mark.parametrize("path", [("findings",), ("charts",), ("summary", "exitCode"), ("findings", 0, "owner")])
def test_the_schema_wants_every_key(path: tuple[str | int, ...]) -> None:
    data = rendered(FULL)
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_the_schema_takes_the_other_origins_and_charts_of_the_contract() -> None:
    data = rendered(FULL)
    caller = {"user": "u", "userAgent": "a", "count": 9, "first": "…", "last": "…"}
    data["findings"][0]["origins"] = [
        {"type": "cluster", "cluster": "prod", "evidence": "last-applied", "manager": "helm", "time": None,
         "stale": False, "count": None, "callers": [caller]},
        {"type": "helm", "cluster": "prod", "namespace": "shop", "release": "cart", "revision": 7,
         "chart": "cart-1.2.3", "status": "deployed", "template": "templates/pdb.yaml"},
        {"type": "chart", "path": "helmfile.yaml", "line": 9, "environment": None, "release": "cart",
         "chart": "repo/cart", "version": "1.2.3"},
    ]  # fmt: skip
    data["charts"] = [
        {"release": "grafana", "namespace": None, "environment": None, "path": "helmfile.yaml", "line": 9,
         "chart": "grafana/grafana", "repository": None, "pinned": "6.58.3", "appVersion": None,
         "installed": True, "status": "unknown", "evidence": "none", "reasons": ["…"],
         "smallest": {"version": "7.0.0", "appVersion": None}, "latest": None, "newest": None}
    ]  # fmt: skip
    jsonschema.validate(data, SCHEMA)


def test_text_comes_back_as_it_was() -> None:
    names = [row["ignoredBy"]["rule"] for row in rendered(hostile())["ignored"]]
    whole = [text for text in HOSTILE if "\ud83d" not in text]
    assert [name for name in names if "\U0001f600" not in name] == whole


def test_a_finding_is_a_line() -> None:
    text = render(FULL, RenderOptions())
    assert sum(line.startswith('    {"id": ') for line in text.splitlines()) == 13
    assert "größe-日本-🚢" in text


def test_fifty_thousand_findings_take_no_time() -> None:
    shown = verdict(*(finding(f"pdb-{number}", at=(f"{number}.yaml", 1)) for number in range(50_000)))
    start = time.process_time()
    render(shown, RenderOptions())
    assert time.process_time() - start < 5  # 1 s on a laptop; slow machines test too
