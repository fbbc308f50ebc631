"""`--use-helmfile`: the program itself says what a static reading cannot resolve. It runs the code in templates, so it
is asked only where the user wants it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from k8supgrade.errors import UsageError
from k8supgrade.helmfile.repositories import where_is
from k8supgrade.model.pin import ChartRepository, Pin
from k8supgrade.model.resource import Skipped
from k8supgrade.sources.program import ProgramError, brief, run

_NO_RELEASES = "no releases found"
_USERINFO = re.compile(r"//[^/\s@]+@")
_SECRET = re.compile(r"(?:PASSWORD|TOKEN|SECRET|USERNAME)$")
_SHORTEST = 4


class Listed(NamedTuple):
    """A release as `helmfile list` tells of it; `version` is None where none is pinned."""

    name: str
    namespace: str
    chart: str
    version: str | None
    installed: bool


def resolve(
    pins: Iterable[Pin | Skipped], path: str, *, env: Mapping[str, str] | None = None, timeout: float = 120.0
) -> Iterator[Pin | Skipped]:
    """The pins of a Helmfile with what the program says of each: it decides over the static reading.

    What only the program knows becomes a pin of the Helmfile's first line; what only the reading knows is said, and
    leaves the exit code alone. A gap of the reading is closed where the program answers.

    Raises:
        UsageError: helmfile or helm is not on PATH.
    """
    env = os.environ if env is None else env
    found = list(pins)
    of_environment: dict[str | None, list[Pin]] = {}
    for one in found:
        if isinstance(one, Pin):
            of_environment.setdefault(one.environment, []).append(one)
    failed = False
    repositories = {
        one.repository.name: one.repository
        for one in found
        if isinstance(one, Pin) and one.repository is not None and one.repository.name is not None
    }
    for environment, known in (of_environment or {None: []}).items():
        listed = list_releases(path, environment, env=env, timeout=timeout)
        if isinstance(listed, str):
            failed = True
            yield Skipped(what=path, reason=f"helmfile: {listed}")
            yield from known
        else:
            yield from _joined(known, listed, path, environment, repositories)
    for one in found:
        if isinstance(one, Skipped):
            yield one if failed else replace(one, optional=True)


def list_releases(path: str, environment: str | None, *, env: Mapping[str, str], timeout: float) -> list[Listed] | str:
    """What the program lists for an environment, or why it does not."""
    program = shutil.which("helmfile")
    if program is None or shutil.which("helm") is None:
        missing = "helmfile" if program is None else "helm, which helmfile needs,"
        raise UsageError(f"--use-helmfile: {missing} is not on PATH: install it, or leave the option out")
    command = [program, "--file", path, *(["--environment", environment] if environment else [])]
    with tempfile.TemporaryDirectory(prefix="k8supgrade-") as directory:
        try:
            output, failure = run([*command, "list", "--output", "json", "--skip-charts"], env, directory, timeout)
        except ProgramError as error:
            return str(error)
    if failure is not None:
        return [] if _NO_RELEASES in failure else _clean(brief(failure), env)
    try:
        data = json.loads(output)
    except ValueError:
        return "its list is no JSON"
    return [_listed(one) for one in data if isinstance(one, dict)] if isinstance(data, list) else "its list is no list"


def _listed(one: Mapping[str, Any]) -> Listed:
    return Listed(
        name=str(one.get("name", "")),
        namespace=str(one.get("namespace", "")),
        chart=str(one.get("chart", "")),
        version=str(one["version"]) if one.get("version") else None,
        installed=one.get("enabled") is not False and one.get("installed") is not False,
    )


def _joined(
    known: list[Pin],
    listed: list[Listed],
    path: str,
    environment: str | None,
    repositories: Mapping[str, ChartRepository],
) -> Iterator[Pin | Skipped]:
    left = list(known)
    for one in listed:
        pin = next((pin for pin in left if pin.release == one.name and pin.namespace in (one.namespace, None)), None)
        pin = pin or next((pin for pin in left if pin.release == one.name), None)
        if pin is None:
            pin = Pin(
                reader="helmfile", path=path, line=1, release=one.name, chart="", name="", environment=environment
            )
        else:
            left.remove(pin)
        yield _told(pin, one, path, repositories)
    for pin in left:
        if pin.values_unknown[:1] and pin.values_unknown[0].startswith("it is a dependency"):
            yield pin
        else:
            reason = "helmfile does not list this release"
            yield Skipped(what=f"release {pin.release}", reason=reason, optional=True, origin=pin.origin)


def _told(pin: Pin, one: Listed, path: str, repositories: Mapping[str, ChartRepository]) -> Pin:
    """What the program says counts; where a version is written stays only where both agree."""
    where = where_is(one.chart, path, repositories)
    same_version = (pin.locked or pin.version) == one.version
    return replace(
        pin,
        namespace=one.namespace or pin.namespace,
        chart=one.chart,
        name=where.name,
        repository=where.repository if pin.repository is None or one.chart != pin.chart else pin.repository,
        archive_url=where.archive_url,
        directory=where.directory,
        version=pin.version if same_version else one.version,
        written=pin.written if same_version else (),
        installed=one.installed,
        problem=where.problem,
    )


def _clean(text: str, env: Mapping[str, str]) -> str:
    """Without what may be a secret: a user in an address, the values of variables that hold credentials."""
    text = _USERINFO.sub("//", text)
    for name, value in env.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, "***")
    return text
