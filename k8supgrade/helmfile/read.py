"""Helmfiles to pins, without running anything: nothing is executed, nothing fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from k8supgrade.errors import UsageError
from k8supgrade.helmfile.find import all_of, matching, state_files
from k8supgrade.helmfile.library import Library
from k8supgrade.helmfile.nested import Nested, inherit, nested_of
from k8supgrade.helmfile.release import Releases
from k8supgrade.helmfile.selector import selects
from k8supgrade.helmfile.state import State, StateError, load_state
from k8supgrade.helmfile.tree import Map
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped

DEFAULT = "default"
MAX_DEPTH = 20


def read_helmfiles(
    paths: Sequence[str], *, environments: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Iterator[Pin | Skipped]:
    """What the Helmfiles pin, for each of `environments`, or for all that they declare.

    `paths`: files or directories; none: what helmfile takes in the working directory. `env`: environment variables,
    for `env`, `requiredEnv` and credentials.

    Raises:
        UsageError: an environment that no Helmfile declares.
    """
    reader = _Reader(os.environ if env is None else env, environments)
    for path in paths or (".",):
        for one in state_files(path, by_default=not paths):
            if isinstance(one, Skipped):
                reader.found[one] = None
            else:
                reader.read(one)
    missing = [name for name in environments if name not in reader.known and name != DEFAULT]
    if missing and reader.known:
        known = ", ".join(sorted(reader.known))
        raise UsageError(f"-e {missing[0]}: no Helmfile declares this environment; there are {known}")
    if missing and not reader.is_blind:
        raise UsageError(f"-e {missing[0]}: the Helmfile declares no environments")
    yield from reader.results()


class _Reader:
    """`known`: environments that are declared. is_blind: a Helmfile could not be read, it may know others."""

    def __init__(self, env: Mapping[str, str], environments: Sequence[str]) -> None:
        self._env = env
        self._environments = environments
        self._library = Library()
        self._pins: list[Pin | Skipped] = []
        self.found: dict[Skipped, None] = {}
        self.known: set[str] = set()
        self.is_blind = False

    def results(self) -> Iterator[Pin | Skipped]:
        """A gap that every environment has is one."""
        yield from self.found
        yield from self._pins

    def read(self, path: str) -> None:
        self._library.begin()
        try:
            spec = load_state(path, DEFAULT, self._env, self._library).spec
        except StateError as error:
            self.found[error.skipped()] = None
            self.is_blind = True
            return
        environments = spec.get("environments")
        declared = [name for name in environments if "{{" not in name] if isinstance(environments, Map) else []
        self.known.update(declared)
        wanted: list[str | None] = [name for name in self._environments or declared if name in (*declared, DEFAULT)]
        if not declared and not self._environments:
            wanted = [None]
        for environment in wanted:
            self._library.begin()
            for one in self._of(path, environment, Nested(path=path), ()):
                if isinstance(one, Skipped):
                    self.found[one] = None
                else:
                    self._pins.append(one)

    def _of(self, path: str, environment: str | None, how: Nested, above: tuple[str, ...]) -> Iterator[Pin | Skipped]:
        parent = how.parent
        try:
            state = load_state(
                path,
                environment or DEFAULT,
                self._env,
                self._library,
                how.values,
                parent.environment if parent is not None and "environments" in how.inherits else None,
            )
        except StateError as error:
            yield error.skipped()
            return
        if above and not _knows(state, how, environment):
            reason = f"declares no environment {environment}: helmfile passes it over there"
            yield Skipped(what=path, reason=reason, optional=True, origin=FileOrigin(path=path, line=1))
            return
        if parent is not None:
            inherit(state.spec, parent.spec, how.inherits)
        yield from state.gaps
        for nested in nested_of(state):
            if isinstance(nested, Skipped):
                yield nested
            else:
                yield from self._below(state, environment, nested, (*above, path))
        for pin in Releases(state, environment).pins():
            if isinstance(pin, Skipped) or selects(how.selectors, pin):
                yield pin

    def _below(
        self, state: State, environment: str | None, how: Nested, above: tuple[str, ...]
    ) -> Iterator[Pin | Skipped]:
        origin = FileOrigin(path=state.path, line=how.line)
        paths = matching(state.path, how.path)
        if not paths:
            reason = f"helmfiles: nothing is at {how.path}: helmfile passes it over"
            yield Skipped(what=state.path, reason=reason, optional=not how.is_strict, origin=origin)
        for path in paths:
            for one in all_of(path) if os.path.isdir(path) else (path,):
                if isinstance(one, Skipped):
                    yield one
                elif one in above or len(above) > MAX_DEPTH:
                    why = "leads back to itself" if one in above else f"is nested deeper than {MAX_DEPTH} levels"
                    way = " -> ".join((*above[-3:], one))
                    yield Skipped(what=state.path, reason=f"helmfiles: {one} {why}: {way}", origin=origin)
                else:
                    yield from self._of(one, environment, how, above)


def _knows(state: State, how: Nested, environment: str | None) -> bool:
    """Whether helmfile reads a sub-Helmfile there at all (desired_state_file_loader.go)."""
    if environment in (None, DEFAULT):
        return True
    declared = state.spec.get("environments")
    if isinstance(declared, Map) and declared:
        return environment in declared
    return bool(how.values) or "environments" in how.inherits
