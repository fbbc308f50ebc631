"""Tables that are wrong, each with the message beside it, and the promise that schema.json says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from k8supgrade.errors import UsageError
from k8supgrade.lifecycle import yamltree
from k8supgrade.lifecycle.parse import ROW_KEYS, TOP_KEYS, parse_table
from k8supgrade.lifecycle.row import Row

TABLES = Path(__file__).parent / "tables"
SHIPPED = Path(__file__).resolve().parents[2] / "data" / "deprecations"
BAD_SHAPE = sorted((TABLES / "bad-shape").glob("*.yaml"))
BAD_MEANING = sorted((TABLES / "bad-meaning").glob("*.yaml"))
GOOD = sorted((TABLES / "good").glob("*.yaml"))
SHIPPED_FILES = sorted(SHIPPED.glob("*.yaml"))


def schema() -> Any:
    return json.loads((SHIPPED / "schema.json").read_text(encoding="utf-8"))


def is_valid(path: Path) -> bool:
    validator = Draft202012Validator(schema())
    return bool(validator.is_valid(yaml.safe_load(path.read_text(encoding="utf-8"))))


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", BAD_SHAPE + BAD_MEANING, ids=name)
def test_bad_table_is_refused_with_line_and_rule(path: Path) -> None:
    data = path.read_bytes()
    expected = data.decode().splitlines()[0].removeprefix("# expect: ")
    with pytest.raises(UsageError) as caught:
        parse_table(data, "my/table.yaml")
    assert str(caught.value).startswith(f"my/table.yaml:{expected}")


@pytest.mark.parametrize("path", BAD_SHAPE, ids=name)
def test_schema_refuses_what_the_parser_refuses(path: Path) -> None:
    assert not is_valid(path)


@pytest.mark.parametrize("path", GOOD + SHIPPED_FILES, ids=name)
def test_good_table_is_read_and_fits_the_schema(path: Path) -> None:
    assert is_valid(path)
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))["deprecated-versions"]
    rows = parse_table(path.read_bytes(), str(path))
    assert [row.api for row in rows] == [(entry["version"], entry["kind"]) for entry in listed]


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=name)
def test_shipped_rows_hold_what_yaml_reads(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry, row in zip(document["deprecated-versions"], parse_table(path.read_bytes(), str(path)), strict=True):
        expected = {key.replace("-", "_"): value for key, value in entry.items()}
        assert row == Row(**{"component": document["component"], **expected})


def test_schema_and_parser_know_the_same_keys() -> None:
    properties = schema()["properties"]
    assert set(properties) == set(TOP_KEYS)
    assert set(schema()["$defs"]["row"]["properties"]) == set(ROW_KEYS)


def test_pluto_file() -> None:
    rows = parse_table((TABLES / "good" / "pluto.yaml").read_bytes(), "pluto.yaml")
    assert rows == [
        Row("policy/v1beta1", "PodSecurityPolicy", "kubernetes", deprecated_in="v1.21.0", removed_in="v1.25.0"),
        Row(
            "certmanager.k8s.io/v1alpha1",
            "Issuer",
            "cert-manager",
            removed_in="v0.11.0",
            replacement_api="cert-manager.io/v1alpha2",
        ),
        Row("example.com/v1", "Widget", "custom", deprecated_in="v1.9.0"),
    ]


def test_row_component_wins_over_the_files() -> None:
    rows = parse_table((TABLES / "good" / "every-key.yaml").read_bytes(), "t.yaml")
    assert [(row.component, row.namespaced) for row in rows] == [("emissary", True), ("kubernetes", False)]
    assert rows[0].replacement == ("getambassador.io/v3alpha1", "AmbassadorHost")
    assert rows[1].removed_in is None


def test_byte_order_mark_and_windows_lines() -> None:
    data = b"\xef\xbb\xbfcomponent: kubernetes\r\ndeprecated-versions:\r\n- version: v1\r\n  kind: A\r\n"
    assert parse_table(data, "t.yaml") == [Row("v1", "A", "kubernetes")]


def test_json_is_yaml() -> None:
    data = b'{"component": "a", "deprecated-versions": [{"version": "v1", "kind": "A", "namespaced": true}]}'
    assert parse_table(data, "t.json") == [Row("v1", "A", "a", namespaced=True)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "t.yaml:1: the file is empty"),
        (b"# nothing\n", "t.yaml:1: the file is empty"),
        (b"a: [1\nb: 2\n", "t.yaml:2: not YAML: "),
        (b"a: b\n\tc: d\n", "t.yaml:2: not YAML: "),
        (b"a: \x00", "t.yaml: not YAML: unacceptable character"),
        (b"a: b\nc: \xff\n", "t.yaml:2: not UTF-8 text"),
        (b"---\na: 1\n---\nb: 2\n", "t.yaml:4: a second document"),
        (b"a: *nowhere\n", "t.yaml:1: alias *nowhere has no anchor"),
        (b"component: !!python/object:os.system {}\n", "t.yaml:1: component is a mapping"),
        (b"component: !!binary YQ==\n", "t.yaml:1: component is a binary"),
        (b"{[a]: b}\n", "t.yaml:1: unknown key a list"),
        (b"a: " + b"[" * 200_000, "t.yaml:1: nested more than 16 levels deep"),
        (b"a: " * 200_000, "t.yaml:1: not YAML: "),
        (b" " * (yamltree.MAX_BYTES + 1), "t.yaml: larger than 4 MiB"),
        (b"component: &a [*a]\n", "t.yaml:1: component is a list"),
    ],
)
def test_what_is_no_table_at_all(data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_table(data, "t.yaml")
    assert str(caught.value).startswith(message)


@given(st.binary(max_size=200) | st.text(alphabet="-:[]{}&*!|>'\"#, \nav1k", max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_table(data, "t.yaml")
    except UsageError as error:
        assert str(error).startswith("t.yaml:")  # noqa: PT017 - most inputs raise


WORDS = ["", "v1", "apps/v1", "Deployment", "*", "1.25", "v1.26.0", "1", "kubernetes", "k8s", "a b"]
VALUES: st.SearchStrategy[Any] = st.sampled_from([*WORDS, None, True, 1, 1.5, []])
OPTIONAL = dict.fromkeys([key for key in ROW_KEYS if key not in ("version", "kind")], VALUES)
ONLY_THE_PARSER_SEES = ("is not later than", "is its own replacement")


@given(
    st.fixed_dictionaries({"version": st.just("apps/v1"), "kind": st.just("Deployment")}, optional=OPTIONAL)
    | st.dictionaries(st.sampled_from([*ROW_KEYS, "typo"]), VALUES, max_size=4),
    st.sampled_from(["kubernetes", "k8s", "", None, "a b", 1]),
)
def test_schema_and_parser_agree(fields: dict[str, Any], component: Any) -> None:
    document = {"component": component, "deprecated-versions": [fields]}
    fits = Draft202012Validator(schema()).is_valid(document)
    try:
        parse_table(json.dumps(document).encode(), "t.yaml")
    except UsageError as error:
        assert not fits or any(rule in str(error) for rule in ONLY_THE_PARSER_SEES), error  # noqa: PT017
    else:
        assert fits
