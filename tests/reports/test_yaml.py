from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions, json_
from k8supgrade.reports.yaml_ import render
from tests.builders import finding, skipped, verdict
from tests.reports.samples import FULL, HOSTILE, hostile


@pytest.mark.parametrize("shown", [verdict(), FULL], ids=["empty", "full"])
def test_same_data_as_json(shown: Verdict) -> None:
    text = render(shown, RenderOptions())
    assert yaml.safe_load(text) == json.loads(json_.render(shown, RenderOptions()))


def test_hostile_names_come_back() -> None:
    data = yaml.safe_load(render(hostile(), RenderOptions()))
    assert [skip["what"] for skip in data["skipped"]] == [
        text.replace("\ud83d\ude00", "😀").replace("\ud800", "\\ud800").replace("\udc80", "\\udc80") for text in HOSTILE
    ]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_both_loaders_read_it(loader: type[yaml.SafeLoader]) -> None:
    assert len(yaml.load(render(hostile(), RenderOptions()), loader)["charts"]) == len(hostile().charts)


@given(st.text(), st.text())
def test_any_text_comes_back(what: str, key: str) -> None:
    shown = verdict(finding(what), skipped=(skipped(what),), target={"kubernetes": "1.28", key or "x": what})
    text = render(shown, RenderOptions())
    assert yaml.safe_load(text) == json.loads(json_.render(shown, RenderOptions()))
