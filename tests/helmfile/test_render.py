"""Rendering as Go's text/template does it, and what is left of what is not resolved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.helmfile.compose import parse
from k8supgrade.helmfile.library import Library
from k8supgrade.helmfile.render import render
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.text import HOLE, Pieces, Source
from k8supgrade.helmfile.tree import Map

VALUES = "a: {b: 1.2.3, f: 1.10, big: 1e30, t: true, n: null, e: ''}\nlist: [x, y]\nmap: {k2: v2, k1: v1}\n"


def values() -> Map:
    source = Source("values.yaml", VALUES)
    (document,) = Library().parsed(source, 0, len(VALUES))
    assert isinstance(document, Map)
    return document


def rendered(text: str) -> Pieces:
    return render(Source("helmfile.yaml.gotmpl", text), Scope(environment="prod", env={"HOME": "/h"}, values=values()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {{- 1 }} b", "a1 b"),
        ("a {{ 1 -}} \n b", "a 1b"),
        ("a {{- /* gone */ -}} b", "ab"),
        ("{{/* }} */}}x", "x"),
        ("{{-1}}", "-1"),
        ('{{ "}}" }}', "}}"),
        ("{{ `{{ .Release.Name }}` }}", "{{ .Release.Name }}"),
        ("{{`{{ x }}`}}", "{{ x }}"),
        ("{{ if .Values.a.t }}y{{ else }}n{{ end }}", "y"),
        ("{{ if .Values.a.e }}1{{ else if eq .Values.a.b `1.2.3` }}2{{ else }}3{{ end }}", "2"),
        ("{{ range .Values.list }}{{ . }},{{ end }}", "x,y,"),
        ("{{ range $i, $v := .Values.list }}{{ $i }}{{ $v }}{{ end }}", "0x1y"),
        ("{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }} {{ end }}", "k1=v1 k2=v2 "),
        ("{{ range (list) }}x{{ else }}none{{ end }}", "none"),
        ("{{ with .Values.a }}{{ .b }}{{ $.Environment.Name }}{{ end }}", "1.2.3prod"),
        ("{{ with .Values.a.e }}x{{ else }}y{{ end }}", "y"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"),
        ('{{ define "d" }}<{{ . }}>{{ end }}{{ template "d" .Values.a.b }}{{ include "d" "i" }}', "<1.2.3><i>"),
        ('{{ block "d" 1 }}[{{ . }}]{{ end }}', "[1]"),
        ("{{ .Values.a.f }} {{ .Values.a.big }} {{ .Values.a.n }}", "1.1 1e+30 <no value>"),
        ("{{ .Values.no | default `x` }}{{ .Values.a.e | default `y` }}", "xy"),
        ('{{ .Values.a.b | quote }}{{ quote `a"b` }}{{ squote 1 }}', '"1.2.3""a\\"b"\'1\''),
        ("{{ and .Values.a.t `x` }}{{ or .Values.a.e `z` }}{{ not true }}", "xzfalse"),
        ("{{ printf `%s-%03d-%v-%q` `a` 7 true `q` }}", 'a-007-true-"q"'),
        ("{{ dict `a` (list 1 2) | toYaml }}", "a:\n- 1\n- 2\n"),
        ("{{ (dict `x` .Values.a).x.b }}", "1.2.3"),
        ("{{ tpl `{{ .b }}!` .Values.a }}", "1.2.3!"),
        ("{{ env `HOME` }}{{ env `NOT` }}", "/h"),
        ("{{ get `b` .Values.a }}{{ .Values | get `x.y` `d` }}", "1.2.3d"),
        ("{{ 1 | add 2 | int }}{{ len .Values.list }}", "32"),
        ("{{ semverCompare `>=1.2.0` .Values.a.b }}", "true"),
    ],
)
def test_as_go_does(text: str, expected: str) -> None:
    pieces = rendered(text)
    assert pieces.text == expected
    assert pieces.uncertain == []


@pytest.mark.parametrize(
    ("text", "expected", "uncertain"),
    [
        ("a: {{ exec `x` (list) }}\n", f"a: {HOLE}\n", 0),
        ("a:{{ .Values.no }}\n", f"a: {HOLE}\n", 0),
        ("a: 1\n{{ include `no` . }}\nb: 2\n", "a: 1\n#\nb: 2\n", 1),
        ("a: 1\n{{- include `no` . | nindent 2 }}\nb: 2\n", "a: 1 #\nb: 2\n", 1),
        ("a:\n{{- toYaml .Values.no | nindent 2 }}\nb: 2\n", f"a: {HOLE}\nb: 2\n", 0),
        ("# {{ .Values.no }}\n", "# \n", 0),
        ("{{ if .Values.no.x }}a{{ else if true }}b{{ else }}c{{ end }}", "abc", 3),
        ("{{ range .Values.no }}{{ end }}", "", 1),
        ("{{ env `A` | fail }}: 1", f"{HOLE}: 1", 0),
        ("{{ eq 1 `1` }}: 1", f"{HOLE}: 1", 0),
        ("{{ break }}: 1", f"{HOLE}: 1", 0),
        ("{{ toYaml . }}: 1", f"{HOLE}: 1", 0),
    ],
)
def test_what_is_not_resolved(text: str, expected: str, uncertain: int) -> None:
    pieces = rendered(text)
    assert (pieces.text, len(pieces.uncertain)) == (expected, uncertain)


def test_a_variable_that_an_uncertain_branch_sets_is_unknown() -> None:
    pieces = rendered("{{ $x := 1 }}{{ if .Values.no }}{{ $x = 2 }}{{ end }}v: {{ $x }}")
    assert pieces.text == f"v: {HOLE}"


@pytest.mark.parametrize(
    "text", ["{{ x", "{{ end }}", "{{ if x }}", "{{ else }}", "a\n{{ range x }}{{ if y }}{{ end }}"]
)
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError):
        rendered(text)


@given(st.text(st.characters(exclude_characters="{", exclude_categories=["Cs"]), max_size=200))
def test_text_without_templates_stays(text: str) -> None:
    assert rendered(text).text == text.removeprefix("\ufeff")


@given(
    st.lists(st.tuples(st.sampled_from(["lit", "val", "hole"]), st.text("ab:\n #", min_size=1, max_size=6)), max_size=8)
)
def test_every_piece_is_found_where_it_is_written(made: list[tuple[str, str]]) -> None:
    source = Source("f.yaml", "".join(text for _, text in made))
    values_file = Source("v.yaml", source.text)
    pieces = Pieces()
    spans = []
    at = 0
    for kind, text in made:
        start = pieces.length
        place = values_file.written(at, at + len(text)) if kind == "val" else source.written(at, at + len(text))
        if kind == "lit":
            pieces.literal(source, at, at + len(text))
        elif kind == "val":
            pieces.value("shown", source, at, place)
        else:
            pieces.hole(text, source, at, "why")
        spans.append((kind, start, pieces.length, place, text))
        at += len(text)
    for kind, start, end, place, text in spans:
        found = pieces.find(start, end)
        if kind == "hole":
            assert (found.raw or "").strip().endswith(text.strip())
            assert found.reason == "why"
        else:
            assert (found.written, found.raw) == (place, None)
        assert found.line == source.line(place.start)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1.10\n", "1.10"),
        ("a: '{{ .Values.a.b }}'\n", "1.2.3"),
        ("a: {{ .Values.a.b | quote }}\n", "1.2.3"),
        ("a: &x !!str {{ .Values.a.b }} # c\n", "1.2.3"),
        ("a: {{ .Values.a.f }}\n", "1.10"),
        ("a: v{{ .Values.a.b }}\n", None),
        ("a: {{ .Values.a.b | trimPrefix `1.` }}\n", None),
        ("a: >-\n  1.2.3\n", None),
        ('a: "{{ .Values.no }}"\n', None),
    ],
)
def test_where_a_scalar_is_written(text: str, expected: str | None) -> None:
    (document,) = parse(rendered(text), "helmfile.yaml.gotmpl")
    assert isinstance(document, Map)
    scalar = document["a"]
    assert scalar is not None
    assert not isinstance(scalar, Map | list)
    assert (scalar.written.text if scalar.written else None) == expected
    if scalar.written is not None and scalar.written.path == "values.yaml":
        assert VALUES[scalar.written.start : scalar.written.end] == expected
