"""Charts and kustomizations to manifests, as they would be for the target: `scan --render`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.resource import Skipped
from k8supgrade.model.version import Target
from k8supgrade.sources.program import ProgramError, brief, run
from k8supgrade.sources.walk import KUSTOMIZATIONS, Chart, Kustomization, reason_of, shown

_NO_HELM = (
    "helm is not on PATH: install Helm 3 to render charts, "
    "or pipe the output of `helm template` into `k8supgrade scan -`, or `--exclude` the chart"
)
_NO_KUSTOMIZE = "neither kustomize nor kubectl is on PATH: install one to render kustomizations"
_LIBRARY = re.compile(rb"^type:[ \t]*[\"']?library\b", re.MULTILINE)
_COMPONENT = re.compile(rb"^kind:[ \t]*[\"']?Component\b", re.MULTILINE)
_MISSING = re.compile(r"missing in charts/ directory: ([^\n]*)")
_REMOTE = re.compile(r"proxyconnect|transport '[a-z+]+' not allowed")
# Nothing listens on the discard port: what a chart or kustomization wants from the network is an error, not a download.
_NOWHERE = "http://127.0.0.1:9"


class RenderError(Exception):
    """What keeps an entry from being rendered; the message becomes the reason of its Skipped."""


class Release(NamedTuple):
    """What a chart is rendered as. `values` are files, `sets` are in Helm's own syntax; `kube_version` has a patch."""

    name: str = "release-name"
    namespace: str = "default"
    values: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    kube_version: str | None = None


_DEFAULT = Release()


class Renderer:
    """Runs helm, and kustomize or kubectl. Neither asks a cluster nor the network, nor reads the user's settings.

    `values` are files for every chart, `timeout` is in seconds and for each entry.
    """

    def __init__(
        self, table: LifecycleTable, target: Target, *, values: Sequence[str] = (), timeout: float = 120.0
    ) -> None:
        self._table = table
        self._target = target
        self._values = values
        self._timeout = timeout

    @property
    def renders_kustomizations(self) -> bool:
        return bool(self._kustomize)

    def render(self, entry: Chart | Kustomization) -> bytes | Skipped:
        """The manifests as YAML, with Helm's `# Source:` comments."""
        import tempfile

        what = shown(entry.path)
        try:
            with tempfile.TemporaryDirectory(prefix="k8supgrade-") as directory:
                directory = os.path.realpath(directory)
                if isinstance(entry, Chart):
                    return self._chart(entry, directory)
                return self._kustomization(entry, directory)
        except (RenderError, ProgramError) as error:
            return Skipped(what=what, reason=str(error))
        except OSError as error:
            at = f"{os.path.basename(error.filename)}: " if isinstance(error.filename, str) else ""
            return Skipped(what=what, reason=f"not rendered: {at}{reason_of(error)}")

    @property
    def renders_charts(self) -> bool:
        return self._helm is not None

    def render_release(self, chart: str, release: Release) -> bytes:
        """A chart directory or archive as it is for a release of it.

        Raises:
            RenderError: the reason, with helm's own message where helm failed.
            OSError: a file cannot be read or written.
        """
        import tempfile

        with tempfile.TemporaryDirectory(prefix="k8supgrade-") as directory:
            rendered = self._chart(Chart(chart), os.path.realpath(directory), release)
        if isinstance(rendered, Skipped):
            raise RenderError(rendered.reason)
        return rendered

    @cached_property
    def api_versions(self) -> frozenset[str]:
        """Every group/version and group/version/Kind that the target serves by default."""
        kinds = self._table.served_kinds(self._target.kubernetes, default_only=True)
        return frozenset(version for version, _ in kinds) | frozenset(f"{version}/{kind}" for version, kind in kinds)

    @cached_property
    def _helm(self) -> str | None:
        import shutil

        return shutil.which("helm")

    @cached_property
    def _kustomize(self) -> list[str]:
        import shutil

        if (kustomize := shutil.which("kustomize")) is not None:
            return [kustomize, "build"]
        kubectl = shutil.which("kubectl")
        return [] if kubectl is None else [kubectl, "kustomize"]

    def _chart(self, entry: Chart, directory: str, release: Release = _DEFAULT) -> bytes | Skipped:
        from k8supgrade.sources.chart_copy import ChartError, copy_chart

        if self._helm is None:
            raise RenderError(_NO_HELM)
        if release.name.startswith("-"):
            raise RenderError(f"chart not rendered: {release.name!r} is no name of a release")
        chart = os.path.join(directory, "chart")
        try:
            copy_chart(entry.path, chart, self.api_versions)
        except ChartError as error:
            raise RenderError(f"chart not rendered: {error}") from error
        if not os.path.isfile(os.path.join(chart, "Chart.yaml")):
            raise RenderError("no Helm chart: Chart.yaml is missing")
        if _LIBRARY.search(_content(os.path.join(chart, "Chart.yaml"))):
            reason = "a library chart renders nothing by itself, it is scanned with the charts that use it"
            return Skipped(what=shown(entry.path), reason=reason, optional=True)
        command = [
            *(self._helm, "template", release.name, chart, "--namespace", release.namespace, "--include-crds"),
            *("--kube-version", release.kube_version or f"{self._target.kubernetes}.0"),
            *("--api-versions", ",".join(sorted(self.api_versions))),
            *(f"--values={_csv(os.path.abspath(path))}" for path in (*self._values, *release.values)),
            *(f"--set={name}={value}" for name, value in release.sets),
        ]
        output, failure = run(command, _helm_environment(directory), directory, self._timeout)
        if failure is None:
            return output
        if missing := _MISSING.search(failure):
            names = brief(missing[1])
            build = f"helm dependency build {shown(entry.path)}"
            raise RenderError(f"sub-charts are missing ({names}): run `{build}` first")
        raise RenderError("helm template: " + brief(failure, {chart: shown(entry.path)}))

    def _kustomization(self, entry: Kustomization, directory: str) -> bytes | Skipped:
        if not self._kustomize:
            raise RenderError(_NO_KUSTOMIZE)
        root = os.path.realpath(entry.path)
        output, failure = run([*self._kustomize, root], _environment(directory), directory, self._timeout)
        if failure is None:
            return output
        reason = "kustomize: " + brief(failure, {root: shown(entry.path)})
        if _REMOTE.search(failure):
            raise RenderError(f"remote resources are not fetched; {reason}")
        if _is_component(root):
            reason = f"a Component is scanned with the kustomizations that use it; {reason}"
            return Skipped(what=shown(entry.path), reason=reason, optional=True)
        raise RenderError(reason)


def _environment(directory: str) -> dict[str, str]:
    """The caller's, for wrappers on PATH need theirs, without what leads to a cluster or the network."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HELM_", "KUBE")) and not name.lower().endswith("_proxy")
    }
    blocked = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
    settled = {"GIT_ALLOW_PROTOCOL": "file", "GIT_TERMINAL_PROMPT": "0", "KUBECONFIG": os.path.join(directory, "none")}
    return {**kept, **blocked, **settled}


def _helm_environment(directory: str) -> dict[str, str]:
    homes = {f"HELM_{name}_HOME": os.path.join(directory, name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    return {**_environment(directory), **homes, "HELM_PLUGINS": os.path.join(directory, "plugins")}


def _csv(path: str) -> str:
    """A path as one value of a flag that Helm splits at commas."""
    return '"' + path.replace('"', '""') + '"'


def _is_component(root: str) -> bool:
    paths = (os.path.join(root, name) for name in sorted(KUSTOMIZATIONS))
    return any(_COMPONENT.search(_content(path)) for path in paths if os.path.isfile(path))


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(1 << 20)
