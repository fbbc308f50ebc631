"""Helmfiles to pins, without running anything: nothing is executed, nothing fetched."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence

from k8supgrade.errors import UsageError
from k8supgrade.helmfile.files import beside
from k8supgrade.helmfile.release import Releases
from k8supgrade.helmfile.release_values import resolved
from k8supgrade.helmfile.render import resolve
from k8supgrade.helmfile.selector import selects
from k8supgrade.helmfile.state import State, StateError, load_state
from k8supgrade.helmfile.tree import Map, Node, Scalar, merged, text_of
from k8supgrade.helmfile.values import UnresolvedError
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped

DEFAULT = "default"
MAX_DEPTH = 20
_FILES = ("helmfile.yaml", "helmfile.yaml.gotmpl")
_DIRECTORY = "helmfile.d"


def read_helmfiles(
    paths: Sequence[str], *, environments: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Iterator[Pin | Skipped]:
    """What the Helmfiles pin, for each of `environments`, or for all that they declare.

    `paths`: files or directories. `env`: environment variables, for `env`, `requiredEnv` and credentials.

    Raises:
        UsageError: an environment that no Helmfile declares.
    """
    env = os.environ if env is None else env
    known: set[str] = set()
    found: list[Pin | Skipped] = []
    for path in paths:
        for one in _state_files(path):
            if isinstance(one, Skipped):
                found.append(one)
            else:
                known |= _read(one, environments, env, found)
    missing = [name for name in environments if name not in known and name != DEFAULT]
    if missing and known:
        raise UsageError(
            f"-e {missing[0]}: no Helmfile declares this environment; there are {', '.join(sorted(known))}"
        )
    if missing:
        raise UsageError(f"-e {missing[0]}: the Helmfile declares no environments")
    seen: set[Skipped] = set()
    for item in found:  # a gap that every environment has is one
        if isinstance(item, Skipped):
            if item in seen:
                continue
            seen.add(item)
        yield item


def _read(path: str, environments: Sequence[str], env: Mapping[str, str], found: list[Pin | Skipped]) -> set[str]:
    """Adds what a Helmfile pins, and returns the environments that it declares."""
    try:
        declared = _declared(path, env)
    except StateError as error:
        found.append(error.skipped())
        return set(environments)
    wanted: list[str | None] = [one for one in (environments or declared) if one in declared or one == DEFAULT]
    if not declared and not environments:
        wanted = [None]
    for environment in wanted:
        found += _Reading(environment, env).of(path)
    return set(declared)


def _declared(path: str, env: Mapping[str, str]) -> dict[str, None]:
    """The names of its environments, in their order; those of its sub-Helmfiles only where it has none itself."""
    spec = load_state(path, DEFAULT, env).spec
    environments = spec.get("environments")
    return dict.fromkeys(environments) if isinstance(environments, Map) else {}


def _state_files(path: str) -> Iterator[str | Skipped]:
    """The Helmfiles of a path (pkg/app/app.go, findDesiredStateFiles)."""
    path = os.path.normpath(path).replace(os.sep, "/")
    if not os.path.isdir(path):
        yield path
        return
    files = [name for name in _FILES if os.path.exists(os.path.join(path, name))]
    has_directory = os.path.isdir(os.path.join(path, _DIRECTORY))
    if len(files) + has_directory > 1:
        both = " and ".join([*files, *([_DIRECTORY] if has_directory else [])])
        yield Skipped(what=path, reason=f"there are {both}: helmfile takes one of them; name the one that counts")
    for name in files:
        yield _join(path, name)
    directory = _join(path, _DIRECTORY) if has_directory else path
    if has_directory or not files:
        names = [name for name in sorted(os.listdir(directory)) if _is_state(name)]
        yield from (_join(directory, name) for name in names)
        if not names:
            yield Skipped(what=directory, reason="no Helmfile in it")


def _join(directory: str, name: str) -> str:
    return os.path.normpath(os.path.join(directory, name)).replace(os.sep, "/")


def _is_state(name: str) -> bool:
    base = name.removesuffix(".gotmpl")
    return base.endswith((".yaml", ".yml")) and not name.startswith(".")


class _Reading:
    def __init__(self, environment: str | None, env: Mapping[str, str]) -> None:
        self._environment = environment
        self._env = env

    def of(
        self, path: str, inherited: Node = None, above: tuple[str, ...] = (), selectors: Sequence[str] = ()
    ) -> Iterator[Pin | Skipped]:
        try:
            state = load_state(path, self._environment or DEFAULT, self._env, inherited)
        except StateError as error:
            yield error.skipped()
            return
        yield from state.gaps
        yield from self._below(state, (*above, path))
        for pin in Releases(state, self._environment).pins():
            if isinstance(pin, Skipped) or selects(selectors, pin):
                yield pin

    def _below(self, state: State, above: tuple[str, ...]) -> Iterator[Pin | Skipped]:
        entries = state.spec.get("helmfiles")
        for entry in entries if isinstance(entries, list) else ():
            name, values, selectors = self._sub(entry, state)
            if name is None:
                yield self._gap(state, entry, f"helmfiles: {text_of(entry)} is not resolved without helmfile")
                continue
            if "::" in name or "://" in name:
                yield self._gap(state, entry, f"sub-Helmfile {name.rpartition('@')[2]} is not local: it is not fetched")
                continue
            pattern = beside(state.path, name)
            paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
            for path in paths:
                for one in _state_files(path):
                    if isinstance(one, Skipped):
                        yield one
                    elif one in above or len(above) > MAX_DEPTH:
                        yield self._gap(state, entry, f"sub-Helmfile {one} includes itself")
                    else:
                        yield from self.of(one, values, above, selectors)

    def _sub(self, entry: Node, state: State) -> tuple[str | None, Node, list[str]]:
        """The path, values and selectors of an entry of `helmfiles`."""
        if isinstance(entry, Scalar):
            return self._text(entry, state), None, []
        if not isinstance(entry, Map):
            return None, None, []
        values: Node = Map()
        listed = entry.get("values")
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, Map):
                try:
                    values = merged(values, resolved(one, state.scope, of_release=True))
                except UnresolvedError:
                    values = merged(values, one)
        selectors = entry.get("selectors")
        chosen = [text_of(one) or "" for one in selectors] if isinstance(selectors, list) else []
        return self._text(entry.get("path"), state), values, chosen

    def _text(self, node: Node, state: State) -> str | None:
        if not isinstance(node, Scalar):
            return None
        try:
            return resolve(node, state.scope).text
        except UnresolvedError:
            return None

    def _gap(self, state: State, entry: Node, reason: str) -> Skipped:
        line = entry.line if isinstance(entry, Map) else 1
        if isinstance(entry, Scalar) and entry.written is not None:
            line = entry.written.line
        return Skipped(what=state.path, reason=reason, origin=FileOrigin(path=state.path, line=line))
