"""The layers of docs/architecture.md, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "k8supgrade"

# room -> what its modules may import beside their own room, for types too. Everybody may import errors and atomic.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "atomic": set(),
    "model": set(),
    "lifecycle": {"model"},
    "manifest": set(),
    "kube": {"model"},
    "helmfile": {"model", "sources.program"},
    "gitops": {"model", "helmfile.constraint", "helmfile.semver"},
    "repository": {"model", "helmfile.semver"},
    "charts": {"model", "lifecycle", "manifest", "helmfile", "repository", "sources.render", "sources.chart_copy"},
    "checks": {"model", "lifecycle", "manifest.interest"},
    "sources": {"model", "manifest", "lifecycle", "kube"},
    "policy": {"model"},
    "merge": {"model", "policy"},
    "reports": {"model", "policy"},
    "engine": {"model", "checks.base", "manifest.interest"},
}
KNOWS_EVERYBODY = "cli"


class Import(NamedTuple):
    """`module` below the package; `at_load`: it happens when the importing module is loaded."""

    module: str
    line: int
    at_load: bool


def modules() -> dict[str, Path]:
    """`manifest.header` -> its file; a package is named after its directory, the package itself is __init__."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and parts[1:] else parts)] = file
    return found


MODULES = modules()


def imports(file: Path) -> Iterator[Import]:
    yield from _imports(ast.parse(file.read_text(encoding="utf-8")), at_load=True)


def _imports(node: ast.AST, *, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield from _own(alias.name, child.lineno, at_load)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: a relative import"
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                is_module = whole.removeprefix("k8supgrade.") in MODULES
                yield from _own(whole if is_module else child.module or "", child.lineno, at_load)
        else:
            later = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _is_for_types(child)
            yield from _imports(child, at_load=at_load and not later)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _own(name: str, line: int, at_load: bool) -> Iterator[Import]:
    if name == "k8supgrade":
        yield Import("__init__", line, at_load)
    elif name.startswith("k8supgrade."):
        yield Import(name.removeprefix("k8supgrade."), line, at_load)


def room(module: str) -> str:
    return module.partition(".")[0]


def is_allowed(importer: str, imported: str) -> bool:
    if room(importer) in (KNOWS_EVERYBODY, room(imported)) or imported in ("errors", "atomic", "__init__"):
        return True
    return bool({imported, room(imported)} & MAY_IMPORT[room(importer)])


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_towards_the_model(module: str) -> None:
    wrong = [
        f"{MODULES[module].name}:{one.line}: {one.module}"
        for one in imports(MODULES[module])
        if not is_allowed(module, one.module)
    ]
    assert wrong == [], f"{room(module)} may import {MAY_IMPORT.get(room(module))}"


def test_every_room_has_its_place() -> None:
    assert {room(module) for module in MODULES} == {*MAY_IMPORT, KNOWS_EVERYBODY}


def test_only_the_commands_know_the_commands() -> None:
    assert all(KNOWS_EVERYBODY not in allowed for importer, allowed in MAY_IMPORT.items() if importer != "__main__")


@pytest.mark.parametrize(("one", "other"), [("sources", "checks"), ("checks", "reports"), ("reports", "sources")])
def test_sources_checks_and_reports_do_not_know_each_other(one: str, other: str) -> None:
    assert not is_allowed(f"{one}.new", f"{other}.base")
    assert not is_allowed(f"{other}.new", f"{one}.base")


def test_no_modules_import_each_other_when_they_are_loaded() -> None:
    graph = {module: {one.module for one in imports(file) if one.at_load} for module, file in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("module", MODULES)
def test_threads_never_have_msgspec_learn_a_type(module: str) -> None:
    """`msgspec.json.decode(…, type=…)` in threads crashes the interpreter; modules make their Decoders at once."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("msgspec.json.decode", "msgspec.convert"):
            assert "type" not in {keyword.arg for keyword in node.keywords}, f"line {node.lineno}"
            assert len(node.args) == 1
