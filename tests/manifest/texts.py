"""Nasty YAML, composed of fragments of text: what a dump would never write and a person (or a template) does."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

APIS = ("v1", "apps/v1", "policy/v1beta1", "extensions/v1beta1", "batch/v1")
KINDS = ("Pod", "Deployment", "PodDisruptionBudget", "Ingress", "Job")
NAMES = ("cart", "a.b-c", "7", "1.10", "true", "null", "x y", "0x1F", "")

_COMMENTS = (
    "# a comment",
    "# apiVersion: v1",
    "#",
    "# kind: Pod",
    "   # deeper",
    "# Source: c/templates/a.yaml",
    "",
    "  ",
)
_TRAILS = ("", "", "", " ", "  ", " # a comment", "\t", " \t# c", "  # kind: Pod")


def _lines(count: int, options: Sequence[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(options), max_size=count).map(lambda lines: "".join(line + "\n" for line in lines))


def _key(name: str) -> st.SearchStrategy[str]:
    plain = f"{name}:"
    odd = [
        f'"{name}":',
        f"'{name}':",
        f"{name} :",
        f"!!str {name}:",
        f"&{name} {name}:",
        f'"\\u{ord(name[0]):04x}{name[1:]}":',
    ]
    return st.sampled_from([plain] * 12 + odd)


@st.composite
def _scalar(draw: st.DrawFn, text: str, indent: str) -> str:
    """`text` as the value of a key (with what is between them), in one of the ways YAML has for it."""
    plain_ways = [f" {text}", f"  {text}"] * 8 + [f" !!str {text}", f" &v {text}", f"\n{indent}  {text}", f"\t{text}"]
    other_ways = [
        f' "{text}"',
        f" '{text}'",
        f' "{text}"',
        f" |-\n{indent}  {text}",
        f" >-\n{indent}   {text}",
        f' !custom "{text}"',
        f' "{text[:1]}\\\n{text[1:]}"',
    ]
    way = draw(st.sampled_from((plain_ways if text and text != "x y" else []) + other_ways))
    return way if "|-" in way or ">-" in way else way + draw(st.sampled_from(_TRAILS))


def _nasty_values(i: str) -> list[str]:
    """Values of a key whose own column is `i`; each begins right behind the colon."""
    return [
        " 1",
        " plain text",
        "",
        " {}",
        " []",
        " ~",
        f"\n{i}- a\n{i}- b: c\n{i}  d: e",
        f"\n{i}  - a\n{i}  - - b\n{i}    - c",
        f"\n{i}  apiVersion: policy/v1beta1\n{i}  kind: PodDisruptionBudget",
        f"\n{i}   a: b\n{i}   metadata:\n{i}     name: deep",
        f" |\n{i}  apiVersion: policy/v1beta1\n{i}  kind: Ingress\n{i}  ---\n{i}  {{{{ x }}}}\n{i}  ! <<",
        f" |2-\n{i}  apiVersion: v1\n{i}     kind: Pod\n",
        f" >+\n\n{i} folded\n{i}  ---\n\n",
        f" | # c\n{i}    - a\n{i}    kind: Pod",
        ' "one\nkind: Ingress\n  two"',
        ' "one\nmetadata:\n  name: fake\nspec: x"',
        ' "one\nitems:\n- apiVersion: v1\n  kind: Pod\n"',
        ' "one\n- apiVersion: policy/v1beta1\n  kind: Ingress\n  a: b"',
        " 'it''s\napiVersion: extensions/v1beta1\nthere'",
        " 'a ''\n- kind: Pod'",
        ' "a \\" b\n  name: fake"',
        f' "#not a comment\n{i}  --- no marker"',
        f" plain\n{i}  goes on\n{i}   # ends here",
        f" plain\n{i}  - goes on",
        " {a: b,\nkind: c}",
        " {a: [b,\nc], metadata: {name: d}}",
        ' [a, "b\nitems:\n  - c", {d: e}]',
        f" [\n{i}  a,\n{i}  # c\n{i}  b\n{i}]",
        " &anchor {name: merged, apiVersion: merged/v1, kind: Merged}",
        " &anchor text",
        " *anchor",
        " !custom {a: b}",
        " !!binary aGk=",
        ' "{{ .Values.x }}"',
        " don't",
        " 'a'",
        " ''",
        ' ""',
        " a#b",
        ' "a: b"',
        " a:b",
        " \ta",
        ' "é\u2028 f\x85g"',
        " é\u2028f",
        "\n- x: 'y\n- z: w'",
    ]


@st.composite
def _metadata(draw: st.DrawFn, i: str) -> str:
    j = i + draw(st.sampled_from(["  ", "  ", "  ", "    ", " "]))
    parts = []
    for name in ("name", "namespace", "generateName", "labels", "annotations", "name", "finalizers"):
        if draw(st.sampled_from(["y", "y", "n"] if name == "name" else ["y", "n", "n"])) == "n":
            continue
        if name in ("name", "namespace", "generateName"):
            parts.append(j + draw(_key(name)) + draw(_scalar(draw(st.sampled_from(NAMES)), j)))
        elif name == "labels":
            parts.append(f"{j}{name}:\n{j}  app: x\n{j}  name: label")
        else:
            parts.append(f"{j}{name}:\n{j}  key:" + draw(st.sampled_from(_nasty_values(j + "  "))))
    if draw(st.booleans()):
        parts.reverse()
    body = "\n".join(parts)
    flow = ' {name: cart, namespace: "a b"}'
    ways = [f"\n{body}" if parts else ""] * 9 + [
        flow,
        " {name: cart,\nlabels: {a: b}}",
        " null",
        " text",
        "\n- a",
        " &m\n" + body,
    ]
    return i + draw(_key("metadata")) + draw(st.sampled_from(ways))


@st.composite
def _entry(draw: st.DrawFn, name: str, i: str, depth: int) -> str:
    if name == "apiVersion":
        return i + draw(_key(name)) + draw(_scalar(draw(st.sampled_from(APIS)), i))
    if name == "kind":
        return i + draw(_key(name)) + draw(_scalar(draw(st.sampled_from(KINDS)), i))
    if name == "metadata":
        return draw(_metadata(i))
    if name == "merge":
        return i + draw(st.sampled_from(["<<: *anchor", "<<: {kind: Merged}", "<<: [{a: b}, {kind: Last}]", '"<<": x']))
    if name == "base":
        return i + "base: &anchor {name: merged, apiVersion: merged/v1, kind: Merged}"
    return (
        i
        + draw(st.sampled_from([f"{name}:"] * 6 + [f'"{name}":', f"? {name}\n{i}:"]))
        + draw(st.sampled_from(_nasty_values(i)))
    )


@st.composite
def objects(draw: st.DrawFn, i: str = "", depth: int = 0) -> str:
    """An object as a block mapping at the indentation `i`; no newline at its end."""
    names = ["apiVersion", "kind", "metadata", "spec", "data"]
    extra = draw(st.lists(st.sampled_from(["status", "x", "kind", "metadata", "merge", "items", "y"]), max_size=2))
    names += extra
    names = ["base", *names] if draw(st.sampled_from("ynn")) == "y" else names
    if draw(st.sampled_from("yyyn")) == "n":
        names = draw(st.permutations(names))
    if draw(st.sampled_from("yyyyyn")) == "n":
        names.pop(0)
    between = ["\n"] * 20 + ["\n\n", f"\n{i}# c\n", "\n# c\n", "\n \n"] * 3 + ["\n\t\n", "\n   # c\n"]
    text = draw(_entry(names[0], i, depth))
    for name in names[1:]:
        text += draw(st.sampled_from(between)) + draw(_entry(name, i, depth))
    return text


@st.composite
def lists(draw: st.DrawFn, depth: int = 0, i: str = "") -> str:
    """A List in block style; typed ones with items that do not say what they are."""
    kind = draw(st.sampled_from(["List", "List", "IngressList", "PodList"]))
    dash = i + draw(st.sampled_from(["", "", "  ", " ", "    "]))
    gap = draw(st.sampled_from([" ", " ", " ", "   "]))
    inner = dash + " " + " " * len(gap)
    items = []
    for _ in range(draw(st.integers(0, 3))):
        what = draw(st.sampled_from(["object"] * 5 + ["list", "bare", "junk", "flow"]))
        if what == "list" and depth < 2:
            item = draw(lists(depth + 1, inner))[len(inner) :]
        elif what == "bare":
            item = f"metadata:\n{inner}  name: bare"
        elif what == "junk":
            item = draw(
                st.sampled_from(["a", "{a: b}", "[a]", "*anchor", "# c\n" + inner + "a: b", '"x\n- y: z"', "'a': b"])
            )
        elif what == "flow":
            item = "{apiVersion: v1, kind: Pod, metadata: {name: flow}}"
        else:
            item = draw(objects(inner, depth + 1))[len(inner) :]
        items.append(dash + "-" + gap + item)
    between = ["\n"] * 6 + ["\n\n", "\n# c\n", f"\n{dash}# c\n", "\n  \n"]
    text = ""
    for item in items:
        text += (draw(st.sampled_from(between)) if text else "\n") + item
    text = text or draw(st.sampled_from([" []", "", " null", " {}", " x"]))
    api_version = i + "apiVersion: " + draw(st.sampled_from(APIS))
    key = i + "items:" + (draw(st.sampled_from(["", "", " ", " # c"])) if text.startswith("\n") else "") + text
    rest = [
        api_version,
        i + "kind: " + kind,
        key,
        i + "metadata:" + draw(st.sampled_from([" {}", f'\n{i}  resourceVersion: ""'])),
    ]
    return "\n".join(
        draw(st.sampled_from([rest, rest, [rest[0], rest[2], rest[1], rest[3]], draw(st.permutations(rest))]))
    )


@st.composite
def documents(draw: st.DrawFn) -> str:
    """The text of one document without its marker; it ends with a newline."""
    what = draw(st.sampled_from(["object"] * 8 + ["list"] * 3 + ["deep", "flow", "json", "junk", "template"]))
    if what == "object":
        body = draw(objects())
    elif what == "list":
        body = draw(lists())
    elif what == "deep":
        body = draw(objects("  "))
    elif what == "flow":
        body = draw(
            st.sampled_from(
                ["{apiVersion: v1,\nkind: Pod}", " {kind: Job, apiVersion: batch/v1,\nmetadata:\n {name: a}}"]
            )
        )
    elif what == "json":
        body = '{\n"apiVersion": "v1",\n"kind": "Pod",\n"metadata": {"name": "a"}\n}'
    elif what == "junk":
        body = draw(
            st.sampled_from(
                ["text", "- a\n- b", '"a\napiVersion: v1\nkind: Pod"', "", "a: b\nc", "a:b", "*x", "a: *x", "kind: Pod"]
            )
        )
    else:
        body = draw(
            st.sampled_from(
                ["{{- if .x }}\napiVersion: v1\nkind: Pod\n{{- end }}", "apiVersion: v1\nkind: Pod\n{{- x }}\na: b"]
            )
        )
    if draw(st.sampled_from("yyyn")) == "y":  # most texts are to be valid
        for odd in ("\t", "\u2028", "*anchor", "*x"):
            body = body.replace(odd, " " if odd == "\t" else "a") if odd != "*anchor" or "&anchor" not in body else body
    return draw(_lines(2, _COMMENTS)) + body + draw(st.sampled_from(["\n", "\n", "\n", "\n\n", " \n", "\n# end\n"]))


@st.composite
def streams(draw: st.DrawFn) -> str:
    """A whole text of a few documents."""
    text = draw(
        st.sampled_from([""] * 8 + ["%YAML 1.1\n---\n", "# c\n%YAML 1.1\n---\n", "\ufeff", "\n\n", "--- # c\n"])
    )
    for number in range(draw(st.integers(1, 4))):
        if number:
            text += draw(
                st.sampled_from(
                    ["---\n"] * 9
                    + ["--- # c\n", "---\t\n", "...\n---\n", "...\n", "--- \n", "...\n%YAML 1.1\n---\n", "---\n---\n"]
                )
            )
        text += draw(documents())
    text += draw(st.sampled_from(["", "", "", "---\n", "...\n", "---"]))
    text = text if draw(st.sampled_from("yyyyn")) == "y" else text.rstrip("\n")
    ends = draw(st.sampled_from(["\n"] * 8 + ["\r\n", "\r\n", "\r"]))
    return text.replace("\n", ends)
