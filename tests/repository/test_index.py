"""index.yaml: a chart's block read line by line says what the YAML parser says of the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from k8supgrade.repository import index
from k8supgrade.repository.error import RepositoryError
from k8supgrade.repository.index import entries_of, versions_in

URL = "https://charts.example.com/stable"
WANTED = ("version", "appVersion", "kubeVersion", "deprecated", "created", "digest", "urls")

INDEX = """\
apiVersion: v1
entries:
  other:
  - apiVersion: v2
    name: other
    version: 9.9.9
  web:
  - annotations:
      artifacthub.io/changes: |
        - version: 6.6.6
    apiVersion: v2
    appVersion: v10.0.2
    created: "2026-08-06T23:01:31.821658025Z"
    dependencies:
    - name: inner
      repository: ""
      version: 0.0.0
    deprecated: true
    description: 'It''s a web server: with colons'
    digest: cc4cd48a
    kubeVersion: '>=1.21.0-0'
    name: web
    urls:
    - https://example.com/web-1.10.0.tgz
    version: 1.10.0
  - apiVersion: v2
    name: web
    urls:
    - web-1.9.0.tgz
    version: 1.9.0
  - name: web
    version: not a version
  - name: web
    version: 1.10
generated: "2026-08-20T18:40:20.178597344Z"
"""


def picked(entry: dict[str, Any]) -> dict[str, Any]:
    """Read without tags, a null is the text of one."""
    return {key: None if entry.get(key) in (None, "", "~", "null", []) else entry[key] for key in WANTED}


def by_parser(text: str, chart: str) -> list[dict[str, Any]]:
    return [picked(one) for one in yaml.load(text, yaml.BaseLoader)["entries"][chart]]


def test_versions_are_sorted_and_complete() -> None:
    found = versions_in(INDEX.encode(), "web", URL)
    assert [one.version for one in found] == ["1.10.0", "1.10", "1.9.0"]
    first = found[0]
    assert (first.app_version, first.kube_version, first.deprecated) == ("v10.0.2", ">=1.21.0-0", True)
    assert first.created == "2026-08-06T23:01:31.821658025Z"
    assert first.urls == ("https://example.com/web-1.10.0.tgz",)
    assert found[2].urls == ("https://charts.example.com/stable/web-1.9.0.tgz",)


def test_a_usual_index_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "load", None)
    assert len(versions_in(INDEX.encode(), "web", URL)) == 3
    assert len(versions_in(INDEX.replace("\n", "\r\n").encode(), "web", URL)) == 3


@pytest.mark.parametrize(
    "change",
    [
        ("  web:", '  "web":'),
        ("  web:", "  web: # ours"),
        ("    description: 'It''s", "    description: \"two\n    version: 0.0.1 lines\"\n    home: 'It''s"),
        ("    version: 1.10.0", "    version: !!str 1.10.0"),
        ("    version: 1.10.0", "    version: >-\n      1.10.0"),
        ("    version: 1.10.0", '    version: "1.10.\\x30"'),
        ("    urls:\n    - https", "    urls: # where\n      - https"),
        ("    name: web\n", "    ? name\n    : web\n"),
        ("    digest: cc4cd48a", "    digest: &d cc4cd48a"),
        ("    created:", "    # created: never\n    created:"),
    ],
)
def test_what_is_written_otherwise_is_read_all_the_same(change: tuple[str, str]) -> None:
    text = INDEX.replace(*change, 1)
    assert text != INDEX
    found = entries_of(text.encode(), "web", URL)
    assert found is not None
    assert [picked(one) for one in found] == by_parser(text, "web")


scalars = st.sampled_from(
    ["1.0.0", "1.10", "v2", "'1.0'", '"1.0"', "~", "null", "true", "''", '""', "a b", "'it''s'", "a: b", "a #b", "- x",
     "[1, 2]", "{a: b}", "|\n      text: 1\n      version: 7.7.7", ">-\n      folded", '"a\\tb"', "&x 1", "*x",
     "!!str 1",
     '"two\n      lines"', "plain\n      version: goes on", "é", "2026-01-31", ".5", "<1.25.0-0", "@x", "`x`", "%x"]
)  # fmt: skip
keys = st.sampled_from(["version", "appVersion", "kubeVersion", "created", "digest", "description", "home", "icon"])
entries = st.dictionaries(keys, scalars, min_size=1, max_size=6)


@settings(max_examples=300)
@given(st.lists(entries, min_size=1, max_size=4))
def test_lines_say_what_the_parser_says(charts: list[dict[str, str]]) -> None:
    lines = ["apiVersion: v1", "entries:", "  a:", "  - name: a", "    version: 1.0.0", "  web:"]
    for chart in charts:
        lines += ["  - name: web", *(f"    {key}: {value}" for key, value in chart.items())]
    text = "\n".join([*lines, "  zzz:", "  - name: zzz", "    version: 3.0.0", "generated: now", ""])
    try:
        expected = by_parser(text, "web")
    except yaml.YAMLError:
        return
    found = entries_of(text.encode(), "web", URL)
    assert found is not None
    assert [picked(one) for one in found] == expected


def test_json_is_an_index_too() -> None:
    text = json.dumps(yaml.load(INDEX, yaml.BaseLoader))
    assert versions_in(text.encode(), "web", URL) == versions_in(INDEX.encode(), "web", URL)


@pytest.mark.parametrize(
    ("text", "why", "missing"),
    [
        ("<!DOCTYPE html><html>login</html>", "a web page, not an index", False),
        (INDEX[: INDEX.index("kubeVersion") + 14], "breaks off", False),
        ("apiVersion: v1\n", "it has no entries", False),
        ("just text", "it has no entries", False),
        ('{"entries": {', "breaks off", False),
        (INDEX.replace("web:", "net:"), "no chart web in the index", True),
    ],
)
def test_what_is_no_index_is_named(text: str, why: str, missing: bool) -> None:
    with pytest.raises(RepositoryError, match=why) as caught:
        versions_in(text.encode(), "web", "https://user:secret@charts.example.com?token=x")
    assert str(caught.value).startswith("https://charts.example.com: ")
    assert caught.value.missing is missing


def test_a_name_in_another_charts_text_is_not_the_chart() -> None:
    text = INDEX.replace(
        "    name: other\n", "    description: |\n      web:\n      - version: 5.0.0\n    name: other\n"
    )
    assert [one.version for one in versions_in(text.encode(), "web", URL)] == ["1.10.0", "1.10", "1.9.0"]


def test_addresses_keep_the_repositorys_query() -> None:
    text = INDEX.replace("web-1.9.0.tgz", "../archives/web-1.9.0.tgz")
    found = versions_in(text.encode(), "web", "https://charts.example.com/stable?token=abc")
    assert found[2].urls == ("https://charts.example.com/archives/web-1.9.0.tgz?token=abc",)


def test_an_alias_bomb_ends() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)},*{chr(97 + n)},*{chr(97 + n)},*{chr(97 + n)}]\n"
        for n in range(20)
    )
    text = bomb + INDEX
    assert len(versions_in(text.encode(), "web", URL)) == 3
    assert index.entries_of(text.replace("generated", "made").encode(), "web", URL) is not None
