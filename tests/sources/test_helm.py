"""Helm releases to resources: which revisions, what of them could not be read, and that no secret gets out."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from k8supgrade.kube.api import JSON, METADATA_LIST, Api, ApiError, ExpiredError, TooLargeError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.model.resource import Resource, Skipped
from k8supgrade.sources.helm import HelmSource

TABLE = load_table()
FIXTURES = Path(__file__).parents[1] / "fixtures" / "helm-storage"
CANARY = "s3cr3t-c4n4ry"
INTEREST = Interest(
    kinds=frozenset(
        {
            ("policy/v1beta1", "PodDisruptionBudget"),
            ("policy/v1beta1", "PodSecurityPolicy"),
            ("cert-manager.io/v1alpha2", "Certificate"),
            ("batch/v1beta1", "CronJob"),
        }
    )
)


def document(kind: str = "PodDisruptionBudget", name: str = "cart", api: str = "policy/v1beta1", more: str = "") -> str:
    source = f"---\n# Source: cart/templates/{kind.lower()}.yaml\n"
    return f"{source}apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n{more}"


PDB = document()
SECRET = document("Secret", api="v1", more=f"stringData:\n  password: {CANARY}\n")
CRON_JOB = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: migrate\n"


def hook(*events: str, manifest: str = CRON_JOB) -> dict[str, Any]:
    return {"name": "migrate", "path": "cart/templates/hook.yaml", "manifest": manifest, "events": list(events)}


@dataclass
class Store:
    """An API server that holds what Helm stores, as far as this source asks it. `refuse` sees each path first."""

    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    refuse: Callable[[str], None] = lambda path: None
    name: str = "prod"
    asked: list[str] = field(default_factory=list)
    page: int = 500
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        number: int = 1,
        status: str = "deployed",
        manifest: str = PDB,
        *,
        release: str = "cart",
        namespace: str = "shop",
        where: str = "secrets",
        data: bytes | None = None,
        labels: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> str:
        """Stores a revision and gives its key; `data` in place of what Helm would write."""
        content = {
            "name": release,
            "namespace": namespace,
            "version": number,
            "info": {"status": status, "notes": CANARY},
            "chart": {"metadata": {"name": "cart", "version": "1.2.3"}, "values": {"password": CANARY}},
            "config": {"password": CANARY},
            "manifest": manifest,
            **fields,
        }
        text = base64.b64encode(gzip.compress(json.dumps(content).encode())) if data is None else data
        key = f"sh.helm.release.v1.{release}.v{number}"
        mine = {"owner": "helm", "name": release, "status": status, "version": str(number)}
        self.objects[where, namespace, key] = {
            "metadata": {"name": key, "namespace": namespace, "labels": mine if labels is None else dict(labels)},
            "data": {"release": (base64.b64encode(text) if where == "secrets" else text).decode()},
        }
        return key

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        with self.lock:
            self.asked.append(path)
        self.refuse(path)
        for (where, namespace, key), stored in self.objects.items():
            if path == f"/api/v1/namespaces/{quote(namespace, safe='')}/{where}/{quote(key, safe='')}":
                answer = json.dumps(stored).encode()
                if limit is not None and len(answer) > limit:
                    raise TooLargeError("the answer is too large")
                return answer
        *before, where = path.removeprefix("/api/v1/").split("/")
        if where not in ("secrets", "configmaps"):
            raise ApiError("not found", status=404)
        assert query is not None
        assert accept == METADATA_LIST
        wanted = dict(one.split("=", 1) for one in query["labelSelector"].split(","))
        assert wanted["owner"] == "helm"
        items = [
            {"metadata": stored["metadata"]}
            for (place, namespace, _), stored in sorted(self.objects.items())
            if place == where
            and before in ([], ["namespaces", namespace])
            and wanted.items() <= {"owner": "helm", **stored["metadata"]["labels"]}.items()
        ]
        start = int(query.get("continue") or 0)
        end = start + self.page
        following = {"continue": str(end)} if end < len(items) else {}
        return json.dumps({"metadata": following, "items": items[start:end]}).encode()

    def opened(self) -> list[str]:
        return sorted(path.rpartition("/")[2] for path in self.asked if "sh.helm" in path)


def source(store: Api, **options: Any) -> HelmSource:
    return HelmSource(store, INTEREST, TABLE, **options)


def collect(store: Api, **options: Any) -> tuple[list[Resource], list[Skipped], HelmSource]:
    helm = source(store, **options)
    items = list(helm.collect())
    assert CANARY not in repr(items)
    resources = [item for item in items if isinstance(item, Resource)]
    return resources, [item for item in items if isinstance(item, Skipped)], helm


def shown(resources: Iterable[Resource]) -> list[str]:
    """`namespace/release.revision status: Kind namespace/name`."""
    lines = []
    for one in resources:
        origin = one.origin
        assert isinstance(origin, ReleaseOrigin)
        lines.append(
            f"{origin.namespace}/{origin.release}.{origin.revision} {origin.status}: "
            f"{one.ref.kind} {one.ref.namespace or '-'}/{one.ref.name}"
        )
    return lines


def told(skipped: Iterable[Skipped]) -> list[tuple[str, str]]:
    assert all(not one.optional for one in skipped)
    return [(one.what, one.reason) for one in skipped]


def test_what_helm_itself_has_stored() -> None:
    store = Store()
    for where in ("secrets", "configmaps"):
        stored = json.loads((FIXTURES / f"{where}.json").read_bytes())
        store.objects[where, "shop", stored["metadata"]["name"]] = stored
    resources, skipped, helm = collect(store, history=True)
    assert shown(resources) == [
        "shop/cart.2 deployed: PodDisruptionBudget shop/cart",
        "shop/cart.2 deployed: CronJob shop/cart-migrate",
        "shop/cart.1 superseded (newest): PodDisruptionBudget shop/cart",
        "shop/cart.1 superseded (newest): CronJob shop/cart-migrate",
    ]
    templates = [one.origin.template for one in resources if isinstance(one.origin, ReleaseOrigin)]
    assert templates == ["cart/templates/pdb.yaml", "cart/templates/job.yaml"] * 2
    assert (skipped, helm.scanned.releases, helm.scanned.resources) == ([], 2, 6)


@pytest.mark.parametrize("where", ["secrets", "configmaps"])
def test_a_release(where: str) -> None:
    store = Store()
    store.add(7, manifest=SECRET + PDB, where=where, hooks=[hook("pre-upgrade")])
    resources, skipped, helm = collect(store)
    assert skipped == []
    pdb, job = resources
    assert pdb.origin == ReleaseOrigin(
        cluster="prod",
        namespace="shop",
        release="cart",
        revision=7,
        chart="cart-1.2.3",
        status="deployed",
        template="cart/templates/poddisruptionbudget.yaml",
    )
    assert isinstance(job.origin, ReleaseOrigin)
    assert job.origin.template == "cart/templates/hook.yaml"
    assert (pdb.ref.namespace, pdb.manifest, pdb.index, job.index) == ("shop", None, 1, 2)
    assert (helm.scanned.releases, helm.scanned.resources, helm.scanned.files) == (1, 3, 0)


def test_a_body_is_there_only_where_it_is_wanted() -> None:
    store = Store()
    store.add(manifest=SECRET + PDB)
    wants = Interest(kinds=INTEREST.kinds, bodies={"PodDisruptionBudget": (b"",)})
    (found,) = [item for item in HelmSource(store, wants, TABLE).collect() if isinstance(item, Resource)]
    assert found.manifest is not None
    assert CANARY not in repr(found)


def test_namespaces_are_those_of_the_release_where_the_kind_has_one() -> None:
    store = Store()
    store.add(
        manifest=PDB
        + document(name="there", more="  namespace: other\n")
        + document("PodSecurityPolicy", "psp")
        + document("Certificate", "tls", "cert-manager.io/v1alpha2")
    )
    resources, _, _ = collect(store)
    namespaces = {one.ref.name: one.ref.namespace for one in resources}
    assert (namespaces["cart"], namespaces["there"], namespaces["psp"]) == ("shop", "other", None)
    expected = "shop" if TABLE.namespaced("cert-manager.io/v1alpha2", "Certificate") else None
    assert namespaces["tls"] == expected


def test_releases_of_the_same_name_in_namespaces_and_stores() -> None:
    store = Store()
    store.add(2, namespace="b")
    store.add(1, namespace="a")
    store.add(3, namespace="a", where="configmaps")
    resources, skipped, helm = collect(store)
    assert shown(resources) == [
        "a/cart.1 deployed: PodDisruptionBudget a/cart",
        "b/cart.2 deployed: PodDisruptionBudget b/cart",
        "a/cart.3 deployed: PodDisruptionBudget a/cart",
    ]
    assert skipped == []
    assert helm.scanned.releases == 3


def test_only_revisions_that_matter_are_opened() -> None:
    store = Store()
    for number, status in enumerate(
        ["superseded", "deployed", "superseded", "deployed", "failed", "pending-upgrade"], 1
    ):
        store.add(number, status)
    store.add(1, "superseded", release="gone")
    store.add(2, "uninstalled", release="gone")
    resources, skipped, helm = collect(store)
    assert store.opened() == ["sh.helm.release.v1.cart.v4", "sh.helm.release.v1.cart.v6"]
    assert shown(resources) == [
        "shop/cart.4 deployed: PodDisruptionBudget shop/cart",
        "shop/cart.6 pending-upgrade: PodDisruptionBudget shop/cart",
    ]
    assert (skipped, helm.scanned.releases) == ([], 1)


def test_history() -> None:
    store = Store()
    store.add(1, "superseded", hooks=[hook("pre-upgrade"), hook("post-rollback"), hook()])
    store.add(2, "superseded", manifest="")
    store.add(3, "deployed", hooks=[hook("pre-upgrade"), hook("post-rollback")])
    resources, _, helm = collect(store, history=True)
    assert shown(resources) == [
        "shop/cart.1 superseded: PodDisruptionBudget shop/cart",
        "shop/cart.1 superseded: CronJob shop/migrate",
        "shop/cart.3 deployed: PodDisruptionBudget shop/cart",
        "shop/cart.3 deployed: CronJob shop/migrate",
        "shop/cart.3 deployed: CronJob shop/migrate",
    ]
    assert (helm.scanned.releases, helm.scanned.resources) == (1, 5)


def test_the_order_is_always_the_same() -> None:
    store = Store(page=7)
    for number in range(40):
        store.add(release=f"r{number:02}", namespace=f"n{number % 3}")
    first = shown(collect(store)[0])
    assert len(first) == 40
    assert first == sorted(first) == shown(collect(store)[0])


def test_few_objects_are_held_at_once() -> None:
    """Whoever is slow to take results does not find all releases in memory."""
    store = Store()
    for number in range(30):
        store.add(release=f"r{number:02}")
    items = source(store).collect()
    next(items)
    assert len(store.opened()) <= 5
    items.close()  # type: ignore[attr-defined]
    assert len(store.opened()) <= 6


# What cannot be read


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%%%" + CANARY.encode(), "base64"),
        (base64.b64encode(gzip.compress(b"{}")[:-3]), "ends too early"),
        (base64.b64encode(CANARY.encode()), "not valid JSON"),
        (base64.b64encode(b'{"name": "cart", "manifest": ["' + CANARY.encode() + b'"]}'), "not as Helm writes it"),
        (base64.b64encode(gzip.compress(bytes(129 << 20))), "larger than 128 MiB"),
    ],
)
@pytest.mark.parametrize("where", ["secrets", "configmaps"])
def test_a_broken_release_costs_only_itself(data: bytes, reason: str, where: str) -> None:
    store = Store()
    store.add(1, release="before", where=where)
    store.add(7, data=data, where=where)
    store.add(1, release="later", where=where)
    resources, skipped, helm = collect(store)
    assert [one.ref.name for one in resources] == ["cart", "cart"]
    ((what, why),) = told(skipped)
    assert what == "prod: release shop/cart revision 7"
    assert reason in why
    assert helm.scanned.releases == 2


def test_a_document_that_cannot_be_read_costs_only_itself() -> None:
    store = Store()
    broken = f"---\n# Source: cart/templates/x.yaml\napiVersion: [{CANARY}\n"
    store.add(7, manifest=PDB + broken + document(name="later"), hooks=[hook(manifest="apiVersion: [\n"), hook()])
    resources, skipped, helm = collect(store)
    assert [(one.ref.name, one.index) for one in resources] == [("cart", 0), ("later", 1), ("migrate", 2)]
    faults = told(skipped)
    assert [what for what, _ in faults] == ["prod: release shop/cart revision 7"] * 2
    assert faults[0][1].startswith("manifest, line 9: not valid YAML")
    assert faults[1][1].startswith("hook cart/templates/hook.yaml, line 1: not valid YAML")
    assert helm.scanned.releases == 1


def test_a_manifest_that_is_no_text() -> None:
    store = Store()
    store.add(7, manifest=f"\0{CANARY}", hooks=[hook("test")])
    resources, skipped, _ = collect(store)
    assert [one.ref.name for one in resources] == ["migrate"]
    assert told(skipped) == [("prod: release shop/cart revision 7", "manifest: a binary file")]


def test_hostile_names() -> None:
    """They are quoted in paths, and otherwise left to the reports to show."""
    store = Store()
    store.add(7, release="a\x1b[31m/../\n\u202e?x", namespace="../shop", data=b"%")
    resources, skipped, _ = collect(store)
    assert resources == []
    assert skipped[0].what == "prod: release ../shop/a\x1b[31m/../\n\u202e?x revision 7"
    assert not any("\n" in path or "/../" in path or "?" in path for path in store.asked)


def test_a_release_of_40_megabytes() -> None:
    store = Store()
    filler = document("ConfigMap", api="v1", more="data:\n" + "  key: value value value\n" * 40_000)
    store.add(manifest=filler * 40 + PDB)
    resources, skipped, helm = collect(store)
    assert [one.index for one in resources] == [40]
    assert (skipped, helm.scanned.resources) == ([], 41)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [({}, "its labels do not say"), ({"name": "cart", "version": "x", "status": "deployed"}, "labels")],
)
def test_odd_labels(labels: dict[str, str], reason: str) -> None:
    store = Store()
    store.add(7, labels=labels)
    store.add(8, labels=labels, where="configmaps")
    store.add(1, release="other")
    resources, skipped, _ = collect(store)
    assert len(resources) == 1
    assert [what for what, _ in told(skipped)] == [
        "prod: Secret shop/sh.helm.release.v1.cart.v7",
        "prod: ConfigMap shop/sh.helm.release.v1.cart.v8",
    ]
    assert all(reason in one.reason for one in skipped)


# What the server refuses


def refusing(part: str, status: int | None = 403, *, unreachable: bool = False) -> Callable[[str], None]:
    def refuse(path: str) -> None:
        if path.endswith(part):
            raise ApiError("no" if unreachable else "forbidden", status=status, is_unreachable=unreachable)

    return refuse


@pytest.mark.parametrize(("where", "kind"), [("secrets", "Secrets"), ("configmaps", "ConfigMaps")])
def test_a_forbidden_list(where: str, kind: str) -> None:
    store = Store(refuse=refusing(f"/{where}"))
    store.add(where="secrets")
    store.add(where="configmaps")
    resources, skipped, _ = collect(store)
    assert len(resources) == 1
    ((what, reason),) = told(skipped)
    assert what == f"prod: Helm releases in {kind}"
    assert f'apiGroups: [""], resources: ["{where}"], verbs: ["get", "list"]' in reason
    assert reason.startswith("forbidden")


def test_a_list_that_fails_otherwise_needs_no_rule() -> None:
    store = Store(refuse=refusing("/secrets", 500))
    assert told(collect(store)[1]) == [("prod: Helm releases in Secrets", "forbidden")]


def test_a_list_that_is_none() -> None:
    class Strange(Store):
        def get(self, path: str, **options: Any) -> bytes:
            return b"<html>"

    assert [what for what, _ in told(collect(Strange())[1])] == [
        "prod: Helm releases in Secrets",
        "prod: Helm releases in ConfigMaps",
    ]


def test_a_list_that_fails_on_its_second_page_counts_for_nothing() -> None:
    class Failing(Store):
        def get(self, path: str, *, query: Mapping[str, str] | None = None, **options: Any) -> bytes:
            if query and "continue" in query:
                raise ApiError("timed out")
            return super().get(path, query=query, **options)

    store = Failing(page=1)
    store.add(1, "superseded")
    store.add(2, "deployed")
    resources, skipped, _ = collect(store)
    assert resources == []
    assert told(skipped) == [("prod: Helm releases in Secrets", "timed out")]


def test_a_revision_that_is_listed_twice_counts_as_it_was_last() -> None:
    class Expiring(Store):
        def get(self, path: str, *, query: Mapping[str, str] | None = None, **options: Any) -> bytes:
            if query and "continue" in query and len(self.asked) == 1:
                self.objects.clear()
                self.add(1, "superseded")
                self.add(2, "deployed")
                self.page = 500
                raise ExpiredError("expired")
            return super().get(path, query=query, **options)

    store = Expiring(page=1)
    store.add(1, "deployed")
    store.add(2, "pending-upgrade")
    assert shown(collect(store)[0]) == ["shop/cart.2 deployed: PodDisruptionBudget shop/cart"]


def test_namespaces() -> None:
    store = Store(refuse=refusing("/namespaces/b/secrets"))
    for namespace in ("a", "b", "c"):
        store.add(namespace=namespace)
    store.add(namespace="b", where="configmaps", release="map")
    resources, skipped, _ = collect(store, namespaces=("a", "b", "a"))
    assert shown(resources) == [
        "a/cart.1 deployed: PodDisruptionBudget a/cart",
        "b/map.1 deployed: PodDisruptionBudget b/cart",
    ]
    ((what, reason),) = told(skipped)
    assert what == "prod: Helm releases in Secrets of namespace b"
    assert "Role in the namespace" in reason
    assert store.asked.count("/api/v1/namespaces/a/secrets") == 1
    assert "/api/v1/secrets" not in store.asked


def test_a_release_that_may_not_be_opened() -> None:
    store = Store(refuse=refusing("cart.v7"))
    store.add(7)
    store.add(1, release="other")
    resources, skipped, helm = collect(store)
    assert len(resources) == helm.scanned.releases == 1
    ((what, reason),) = told(skipped)
    assert what == "prod: release shop/cart revision 7"
    assert 'verbs: ["get", "list"]' in reason


@pytest.mark.parametrize("part", ["/secrets", "cart.v1"])
def test_a_server_that_is_gone_is_told_once(part: str) -> None:
    store = Store(refuse=refusing(part, None, unreachable=True))
    for number in range(10):
        store.add(release=f"{number}cart")
    _, skipped, _ = collect(store)
    assert told(skipped) == [("prod: Helm releases that were not read yet", "no")]


def test_a_revision_that_goes_while_it_is_read() -> None:
    """Helm keeps ten revisions: an upgrade in between deletes one and adds another."""
    store = Store()
    store.add(1)

    def upgrade(path: str) -> None:
        if path.endswith("cart.v1"):
            store.objects.clear()
            store.add(2, manifest=document(name="new"))
            raise ApiError("not found", status=404)

    store.refuse = upgrade
    resources, skipped, helm = collect(store)
    assert shown(resources) == ["shop/cart.2 deployed: PodDisruptionBudget shop/new"]
    assert (skipped, helm.scanned.releases) == ([], 1)


def test_a_release_that_goes_while_it_is_read() -> None:
    store = Store()
    store.add(1)

    def uninstall(path: str) -> None:
        if path.endswith("cart.v1"):
            store.objects.clear()

    store.refuse = uninstall
    resources, skipped, helm = collect(store)
    assert (resources, skipped, helm.scanned.releases) == ([], [], 0)


def test_what_is_listed_and_never_there_is_told() -> None:
    store = Store(refuse=refusing("cart.v1", 404))
    store.add(1)
    _, skipped, _ = collect(store)
    assert told(skipped) == [("prod: release shop/cart revision 1", "it was deleted while the releases were read")]


def test_what_was_read_is_not_read_again_when_another_revision_goes() -> None:
    store = Store(refuse=refusing("cart.v2", 404))
    store.add(1)
    store.add(2, "failed")
    resources, skipped, _ = collect(store)
    assert len(resources) == len(skipped) == 1
    assert store.opened().count("sh.helm.release.v1.cart.v1") == 1


def test_progress() -> None:
    store = Store()
    store.add(1)
    store.add(1, release="other")
    seen: list[tuple[str, int]] = []
    list(source(store, progress=lambda what, objects: seen.append((what, objects))).collect())
    assert seen == [("Helm release shop/cart", 0), ("Helm release shop/other", 1)]
