from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from k8supgrade.model.origin import EVIDENCE, Caller, ClusterOrigin
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.json_ import render
from tests.builders import finding, verdict
from tests.reports.samples import FULL, HOSTILE, LIVE, RELEASE, hostile

SCHEMA: dict[str, Any] = json.loads((files("k8supgrade.reports") / "report.schema.json").read_text("utf-8"))


def rendered(shown: Verdict) -> Any:
    return json.loads(render(shown, RenderOptions()))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("shown", [verdict(), FULL, LIVE, hostile()], ids=["empty", "full", "live", "hostile"])
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


def test_origins_have_the_keys_of_the_contract_in_its_order() -> None:
    caller = Caller(user="jane", user_agent="kubectl/v1.20", count=9)
    live = ClusterOrigin(cluster="prod", evidence="audit", count=9, callers=(caller,))
    origins = rendered(verdict(finding(origins=(live, RELEASE))))["findings"][0]["origins"]
    assert [list(one.items()) for one in origins] == [
        [("type", "cluster"), ("cluster", "prod"), ("evidence", "audit"), ("manager", None), ("time", None),
         ("stale", False), ("count", 9),
         ("callers", [{"user": "jane", "userAgent": "kubectl/v1.20", "count": 9, "first": None, "last": None}])],
        [("type", "helm"), ("cluster", "prod"), ("namespace", "shop"), ("release", "everywhere"), ("revision", 7),
         ("chart", "everywhere-1.2.3"), ("status", "deployed"), ("template", "everywhere/templates/pdb.yaml")],
    ]  # fmt: skip
    assert list(origins[0]["callers"][0]) == ["user", "userAgent", "count", "first", "last"]


def test_the_schema_and_the_model_know_the_same_evidence() -> None:
    assert tuple(SCHEMA["$defs"]["clusterOrigin"]["properties"]["evidence"]["enum"]) == EVIDENCE


def test_callers_whose_times_are_not_known_are_valid() -> None:
    caller = Caller(user="others", user_agent="", count=1)
    jsonschema.validate(
        rendered(verdict(finding(origins=(ClusterOrigin(cluster="a.log", evidence="audit", callers=(caller,)),)))),
        SCHEMA,
    )


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
