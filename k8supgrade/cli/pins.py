"""Where charts are pinned: which files of a path are read as what, and the source that judges them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from k8supgrade import engine
from k8supgrade.checks.base import Context
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped

# What `scan --helmfile` takes for granted and `charts` has options for.
CHARTS_OF_A_SCAN = {"evidence": "rendered", "candidates": 10, "offline": False, "use_helmfile": False}

_HELMFILES = ("helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl", "helmfile.yml.gotmpl", "helmfile.d")
_MARKS = (b"argoproj.io/", b"toolkit.fluxcd.io/")
_HEAD = 1 << 20


def read_pins(paths: Sequence[str], options: dict[str, Any]) -> Iterator[Pin | Skipped]:
    """What the files pin. A directory is read as a Helmfile's where it has one, and for Chart.yaml, Argo CD and Flux.

    Raises:
        UsageError: an environment that no Helmfile knows, a program that is missing.
    """
    from k8supgrade.gitops.read import read_gitops

    helmfiles = [path for path in paths if _is_helmfile(path)]
    others = [path for path in paths if os.path.isdir(path) or path not in helmfiles]
    count = 0
    for pin in _of_helmfiles(helmfiles, options) if helmfiles else ():
        count += 1
        yield pin
    for pin in read_gitops(others) if others else ():
        count += 1
        yield pin
    if not count:
        reason = "no Helmfile, Chart.yaml, Argo CD application or Flux release with a chart in it"
        yield Skipped(what=", ".join(paths), reason=reason)


def _of_helmfiles(paths: Sequence[str], options: dict[str, Any]) -> Iterator[Pin | Skipped]:
    from k8supgrade.helmfile.read import read_helmfiles

    environments = options["environments"]
    if not options["use_helmfile"]:
        yield from read_helmfiles(paths, environments=environments, env=os.environ)
        return
    from k8supgrade.helmfile.binary import resolve
    from k8supgrade.helmfile.find import state_files

    for path in [one for root in paths for one in state_files(root)]:
        if isinstance(path, Skipped):
            yield path
        else:
            yield from resolve(read_helmfiles([path], environments=environments, env=os.environ), path)


def _is_helmfile(path: str) -> bool:
    """By its name, and else by what is in it: what is not there is said by the reader of Helmfiles."""
    if os.path.isdir(path):
        return any(os.path.exists(os.path.join(path, name)) for name in _HELMFILES) or _is_state_directory(path)
    name = os.path.basename(path)
    if name in ("Chart.yaml", "requirements.yaml") or path.endswith(".tgz"):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return True
    return not any(mark in head for mark in _MARKS)


def _is_state_directory(path: str) -> bool:
    return os.path.basename(os.path.normpath(path)) == "helmfile.d"


def chart_source(
    pins: Iterable[Pin | Skipped],
    options: dict[str, Any],
    context: Context,
    progress: Callable[[int, int], None],
    installed: Sequence[ReleaseOrigin] = (),
) -> engine.Source:
    """Judges what is pinned, by the network and helm as far as the options let it."""
    from k8supgrade.charts.judge import Judge
    from k8supgrade.charts.moved import load_moves
    from k8supgrade.charts.pinned import PinnedCharts
    from k8supgrade.charts.release import Question
    from k8supgrade.cli.examiner import ManifestExaminer
    from k8supgrade.lifecycle.load import data_directory
    from k8supgrade.repository.client import Repositories
    from k8supgrade.repository.directory import WithDirectories

    network = Repositories(offline=options["offline"], timeout=options["timeout"])
    examiner = ManifestExaminer(context.table, context.target)
    named = next((value for value in options["targets"] if "=" not in value), None)
    judge = Judge(context.table, context.target, examiner, best=options["evidence"], target_named=named)
    question = Question(
        target=context.target.kubernetes,
        current=context.current,
        candidates=options["candidates"],
        moves=load_moves(data_directory()[0]),
        today=datetime.datetime.now(datetime.timezone.utc).date(),
    )
    repositories = WithDirectories(network)
    return PinnedCharts(pins, repositories, judge, question, installed=installed, progress=progress)
