"""What is in the cluster before its upgrade: plain objects, objects with a history, releases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.e2e.cluster import ControlPlane
from tests.e2e.upgrade.writers import WORKS, Client, Helm, Kubectl, Manifest, Release, Revision, Writer

HERE = Path(__file__).parent
NAMESPACE = "shop"
SCHEDULED = "2024-01-01T03:00:00Z"
RESOLUTION = 1.1  # seconds: the times in managedFields have no fractions

PDB, HPA, CRON_JOB = "PodDisruptionBudget", "HorizontalPodAutoscaler", "CronJob"
FLOW, SLICE, CAPACITY = "FlowSchema", "EndpointSlice", "CSIStorageCapacity"
OLD, NEW = {"version": "v2beta2"}, {"version": "v2"}


# How an object can be changed, whatever its version: for the n-th time.
CHANGES: Mapping[str, Callable[[Manifest, int], object]] = {
    PDB: lambda manifest, n: manifest["spec"].update(minAvailable=n),
    HPA: lambda manifest, n: manifest["spec"].update(maxReplicas=n),
    CRON_JOB: lambda manifest, n: manifest["spec"].update(schedule=f"{n} 3 * * *"),
    FLOW: lambda manifest, n: manifest["spec"].update(matchingPrecedence=n),
    SLICE: lambda manifest, n: manifest.update(ports=[{"name": "http", "port": n}]),
    CAPACITY: lambda manifest, n: manifest.update(capacity=f"{n}Gi"),
}


class Step(NamedTuple):
    """`changes`: it is more than a new apiVersion."""

    writer: str
    version: str
    changes: bool = True


class History(NamedTuple):
    """An object that several have written, the last of whom will do so again."""

    name: str
    kind: str
    steps: tuple[Step, ...]


class Touch(NamedTuple):
    """An object of which somebody else has written a part through another version: "" is the object itself."""

    name: str
    kind: str
    step: Step
    version: str
    subresource: str
    patch: Mapping[str, Any]


HISTORIES = (
    History("overtaken-by-argocd", PDB, (Step("client", "v1beta1"), Step("argocd", "v1"))),
    History("overtaken-by-client", HPA, (Step("kubectl", "v2beta2"), Step("client", "v2"))),
    History("overtaken-by-client", CAPACITY, (Step("argocd", "v1beta1"), Step("client", "v1"))),
    History("overtaken-by-kubectl", CRON_JOB, (Step("flux", "v1beta1"), Step("kubectl", "v1"))),
    History("overtaken-by-flux", FLOW, (Step("client", "v1beta1"), Step("flux", "v1beta2"))),
    History("from-hand-to-hand", SLICE, (Step("kubectl", "v1"), Step("argocd", "v1beta1"), Step("client", "v1"))),
    History("through-many-hands", HPA, (Step("argocd", "v2beta2"), Step("kubectl", "v2"), Step("client", "v1"))),
    History("changed-by-argocd", HPA, (Step("argocd", "v2beta2"), Step("argocd", "v2"))),
    History("changed-by-kubectl", HPA, (Step("kubectl", "v2beta2"), Step("kubectl", "v2"))),
    History("renamed-by-argocd", HPA, (Step("argocd", "v2beta2"), Step("argocd", "v2", changes=False))),
    History("renamed-by-kubectl", HPA, (Step("kubectl", "v2beta2"), Step("kubectl", "v2", changes=False))),
    History("back-to-old", PDB, (Step("client", "v1"), Step("argocd", "v1beta1"))),
    History("back-to-old", HPA, (Step("flux", "v2"), Step("kubectl", "v2beta2"))),
    History("back-to-old", CAPACITY, (Step("argocd", "v1"), Step("client", "v1beta1"))),
    History("taken-over", HPA, (Step("client", "v2"), Step("argocd", "v2beta2", changes=False))),
    History("old-to-old", HPA, (Step("kubectl", "v2beta1"), Step("client", "v2beta2"))),
)
TOUCHES = (
    Touch("touched", PDB, Step("kubectl", "v1beta1"), "v1", "status", {"status": {"currentHealthy": 2}}),
    Touch("touched", CRON_JOB, Step("argocd", "v1beta1"), "v1", "status", {"status": {"lastScheduleTime": SCHEDULED}}),
    Touch(
        "touched",
        HPA,
        Step("client", "v2beta2"),
        "v2",
        "status",
        {"status": {"currentReplicas": 1, "desiredReplicas": 2}},
    ),
    Touch("touched", "Deployment", Step("flux", "v1"), "v1", "scale", {"spec": {"replicas": 3}}),
    Touch("labelled", HPA, Step("argocd", "v2beta2"), "v2", "", {"metadata": {"labels": {"team": "cart"}}}),
)
RELEASES = (
    Release("old", (Revision("scaled", OLD),)),
    Release("new", (Revision("scaled", NEW),)),
    Release("plain", (Revision("plain"),)),
    Release("old-in-configmap", (Revision("scaled", OLD),), driver="configmap"),
    Release("new-in-configmap", (Revision("scaled", NEW),), driver="configmap"),
    Release("of-its-own", (Revision("scaled", OLD),), namespace="payments"),
    Release("subchart-old", (Revision("umbrella", {"scaler.version": "v2beta2"}),)),
    Release("subchart-new", (Revision("umbrella", {"scaler.version": "v2"}),)),
    Release("changed", (Revision("scaled", OLD), Revision("scaled", {**NEW, "replicas": 5}))),
    Release("renamed", (Revision("scaled", OLD), Revision("scaled", NEW))),
    Release("changed-back", (Revision("scaled", NEW), Revision("scaled", {**OLD, "replicas": 5}))),
    Release("failed-after-old", (Revision("scaled", OLD), Revision("scaled", {**NEW, "refused": True}, fails=True))),
    Release("failed-after-new", (Revision("scaled", NEW), Revision("scaled", {**OLD, "refused": True}, fails=True))),
    Release("guarded", (Revision("guarded"),)),
    Release("hook-old", (Revision("hooked", {**OLD, "hook": "pre-upgrade"}),)),
    Release("hook-new", (Revision("hooked", {**NEW, "hook": "pre-upgrade"}),)),
    Release("welcome-old", (Revision("hooked", {**OLD, "hook": "post-install"}),), command="install"),
    Release("test-old", (Revision("hooked", {**OLD, "hook": "test"}),), command="test"),
    Release("farewell-old", (Revision("hooked", {**OLD, "hook": "pre-delete"}),), command="uninstall"),
    Release("budget-old", (Revision("budget", {"version": "v1beta1"}),)),
    Release("budget-new", (Revision("budget", {"version": "v1"}),)),
)


class Case(NamedTuple):
    """`steps`: who writes which manifest, one after the other."""

    steps: tuple[tuple[str, Manifest], ...]
    touched: tuple[Manifest, str, Mapping[str, Any]] | None = None

    @property
    def writer(self) -> str:
        return self.steps[-1][0]

    @property
    def manifest(self) -> Manifest:
        return self.steps[-1][1]


class Filled:
    """A server with everything in it that its version serves."""

    def __init__(self, server: ControlPlane) -> None:
        server.kubectl("create", "namespace", NAMESPACE)
        server.kubectl("apply", "-f", str(HERE / "widgets.yaml"))
        server.kubectl("wait", "--for=condition=Established", "crd/widgets.example.com")
        self._client = Client(server)
        self._helm = Helm(server)
        together = ("--server-side", "--force-conflicts")
        self._writers: dict[str, Writer] = {
            "kubectl": Kubectl(server),
            "argocd": Kubectl(server, *together, "--field-manager=argocd-controller"),
            "flux": Kubectl(server, *together, "--field-manager=kustomize-controller"),
            "client": self._client,
        }
        possible = [*_plain(self._writers), *_with_a_past(), *_touched()]
        self.cases = [one for one in possible if all(self._client.serves(manifest) for _, manifest in one.steps)]
        has_old_budgets = self._client.serves(_named(PDB, "v1beta1", "any"))
        self.releases = [one for one in RELEASES if has_old_budgets or one.name != "budget-old"]
        self._fill()
        event = _filled((HERE / "event.yaml").read_text(encoding="utf-8"), "restart")
        self.has_events = self._client.serves(event)
        if self.has_events:
            self._client.write([event])

    def again(self, case: Case) -> str:
        """What was written last, by whoever it was; a status or a scale is no write to the object."""
        if case.touched is not None and not case.touched[1]:
            self._client.touch(*case.touched)
            return WORKS
        return self._writers[case.writer].again(case.manifest)

    def release_again(self, release: Release) -> str:
        return self._helm.again(release)

    def _fill(self) -> None:
        for turn in range(max(len(case.steps) for case in self.cases)):
            due = [case.steps[turn] for case in self.cases if turn < len(case.steps)]
            for name, writer in self._writers.items():
                if of_writer := [manifest for who, manifest in due if who == name]:
                    writer.write(of_writer)
            for release in self.releases:
                if turn < len(release.revisions):
                    self._helm.write(release, turn)
            time.sleep(RESOLUTION)
        for manifest, subresource, patch in (case.touched for case in self.cases if case.touched is not None):
            assert self._client.serves(manifest)
            self._client.touch(manifest, subresource, patch)


def _plain(writers: Mapping[str, Writer]) -> Iterator[Case]:
    """Each API, by each writer."""
    for writer in writers:
        for text in _texts():
            manifest = _filled(text, "any")
            version = manifest["apiVersion"].rpartition("/")[2]
            yield Case(((writer, _filled(text, f"{writer}-{manifest['kind']}-{version}".lower())),))


def _with_a_past() -> Iterator[Case]:
    for one in HISTORIES:
        steps, changed = [], 1
        for step in one.steps:
            changed += step.changes
            manifest = _named(one.kind, step.version, f"{one.name}-{one.kind}".lower())
            CHANGES[one.kind](manifest, changed)
            steps.append((step.writer, manifest))
        yield Case(tuple(steps))


def _touched() -> Iterator[Case]:
    for one in TOUCHES:
        name = f"{one.name}-{one.kind}".lower()
        steps = ((one.step.writer, _named(one.kind, one.step.version, name)),)
        yield Case(steps, (_named(one.kind, one.version, name), one.subresource, one.patch))


def _named(kind: str, version: str, name: str) -> Manifest:
    found = (_filled(text, name) for text in _texts())
    return next(one for one in found if (one["kind"], one["apiVersion"].rpartition("/")[2]) == (kind, version))


def _texts() -> Iterator[str]:
    for file in sorted((HERE / "manifests").iterdir()):
        yield from file.read_text(encoding="utf-8").split("---\n")


def _filled(text: str, name: str) -> Manifest:
    manifest: Manifest = yaml.safe_load(text.replace("NAMESPACE", NAMESPACE).replace("NAME", name))
    return manifest
