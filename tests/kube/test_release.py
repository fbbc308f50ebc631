"""Helm's storage format: what is taken from it, what is refused, and that nothing of the content is in an error."""

from __future__ import annotations

import base64
import gzip
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.kube import release as module
from k8supgrade.kube.release import Driver, Info, Odd, Release, ReleaseError, Revision, decode, decode_object, relevant
from k8supgrade.kube.release import revisions as parse

FIXTURES = Path(__file__).parents[1] / "fixtures" / "helm-storage"
CANARY = "s3cr3t-c4n4ry"
MANIFEST = "---\n# Source: cart/templates/pdb.yaml\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n"
RELEASE: dict[str, Any] = {
    "name": "cart",
    "info": {"status": "deployed", "notes": CANARY},
    "chart": {
        "metadata": {"name": "cart", "version": "1.2.3", "appVersion": "9"},
        "templates": [{"name": "templates/pdb.yaml", "data": "e3t9fQ=="}],
        "values": {"password": CANARY, "nested": [1, None, {"a": 1.5}]},
    },
    "config": {"password": CANARY},
    "manifest": MANIFEST,
    "hooks": [
        {"name": "migrate", "path": "cart/templates/job.yaml", "manifest": "kind: Job", "events": ["pre-upgrade"]}
    ],
    "version": 7,
    "namespace": "shop",
}


def text(release: Any, *, compress: bool = True) -> bytes:
    """As Helm's encodeRelease makes it."""
    data = release if isinstance(release, bytes) else json.dumps(release).encode()
    return base64.b64encode(gzip.compress(data) if compress else data)


def body(value: bytes, where: Driver) -> bytes:
    stored = base64.b64encode(value) if where == "secrets" else value
    return json.dumps({"kind": "Any", "metadata": {"name": "x"}, "data": {"release": stored.decode()}}).encode()


def refused(value: bytes) -> str:
    with pytest.raises(ReleaseError) as caught:
        decode(value, "configmaps")
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize(("where", "number"), [("secrets", 2), ("configmaps", 1)])
def test_what_helm_itself_has_stored(where: Driver, number: int) -> None:
    """Written by the storage drivers of Helm 3.16.4 (action.Install, then action.Upgrade)."""
    stored = json.loads((FIXTURES / f"{where}.json").read_bytes())
    (one,) = parse(json.dumps({"items": [stored]}).encode())
    status = "deployed" if number == 2 else "superseded"
    assert one == Revision("shop", "cart", number, status, f"sh.helm.release.v1.cart.v{number}")
    release = decode_object(json.dumps(stored).encode(), where)
    assert (release.name, release.namespace, release.version) == ("cart", "shop", number)
    assert (release.chart_name, release.info) == ("cart-1.2.3", Info(status=status))
    assert release.manifest.startswith("---\n# Source: cart/templates/pdb.yaml\napiVersion: policy/v1beta1\n")
    assert (
        "# Source: cart/templates/pdb.yaml\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n" in release.manifest
    )
    assert release.hooks is not None
    (hook,) = release.hooks
    assert hook is not None
    assert (hook.name, hook.path) == ("cart-migrate", "cart/templates/job.yaml")
    assert hook.events == ["pre-upgrade", "post-rollback"]
    assert hook.manifest.startswith("apiVersion: batch/v1beta1\nkind: CronJob\n")


@pytest.mark.parametrize("where", ["secrets", "configmaps"])
@pytest.mark.parametrize("compress", [True, False])
def test_what_is_needed_is_read(where: Driver, compress: bool) -> None:
    release = decode_object(body(text(RELEASE, compress=compress), where), where)
    assert (release.name, release.namespace, release.version) == ("cart", "shop", 7)
    assert release.manifest == MANIFEST
    assert release.info is not None
    assert release.info.status == "deployed"
    assert release.chart_name == "cart-1.2.3"
    assert release.hooks is not None
    (hook,) = release.hooks
    assert hook is not None
    assert (hook.name, hook.path, hook.manifest, hook.events) == (
        "migrate",
        "cart/templates/job.yaml",
        "kind: Job",
        ["pre-upgrade"],
    )


def test_values_do_not_become_objects() -> None:
    assert CANARY not in repr(decode(text(RELEASE), "configmaps"))


def test_line_breaks_in_base64_mean_nothing() -> None:
    value = text(RELEASE)
    assert decode(value[:40] + b"\r\n" + value[40:] + b"\n", "configmaps").name == "cart"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"chart": None},
        {"chart": {}},
        {"chart": {"metadata": None}},
        {"hooks": None},
        {"info": None},
        {"hooks": [None]},
    ],
)
def test_fields_may_be_missing_or_null(changes: dict[str, Any]) -> None:
    release = decode(text({"name": "cart", **changes}), "configmaps")
    assert (release.manifest, release.chart_name) == ("", "")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"%%%" + CANARY.encode(), "not valid base64"),
        (b"YWJj=YWJj", "not valid base64"),
        (text(RELEASE)[:-40], "ends too early"),
        (base64.b64encode(gzip.compress(b"{}")[:-8]), "ends too early"),
        (base64.b64encode(gzip.compress(b"{}")[:-4] + b"abcd"), "gzip data cannot be unpacked"),
        (base64.b64encode(gzip.compress(json.dumps(RELEASE).encode()) + b"more"), "something follows"),
        (text(CANARY.encode()), "not valid JSON"),
        (text(b""), "not valid JSON"),
        (b"", "not valid JSON"),
        (text(b'{"name": "' + CANARY.encode() + b'\xff"}'), "not valid UTF-8"),
        (text([CANARY]), "Expected `object`, got `array`"),
        (text({"manifest": CANARY}), "missing required field `name`"),
        (text({**RELEASE, "manifest": [CANARY]}), "Expected `str`, got `array` - at `$.manifest`"),
        (text({**RELEASE, "version": CANARY}), "Expected `int`, got `str`"),
        (text({**RELEASE, "hooks": {CANARY: 1}}), "Expected `array | null`, got `object`"),
        (text(b'{"name":"a","config":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "nested too deeply"),
    ],
)
def test_what_is_no_release_is_refused_in_a_sentence(value: bytes, reason: str) -> None:
    assert reason in refused(value)


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"{", b"{}", b'{"data":null}', b'{"data":{}}', b'{"data":{"release":""}}', b'{"data":{"release":1}}'],
)
def test_an_object_without_a_release_is_refused(answer: bytes) -> None:
    with pytest.raises(ReleaseError):
        decode_object(answer, "secrets")


def test_text_that_is_no_ascii_is_refused() -> None:
    with pytest.raises(ReleaseError, match="base64"):
        decode_object(json.dumps({"data": {"release": "é\ud800"}}).encode().replace(b"\\ud800", b""), "secrets")


def test_a_bomb_is_stopped_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RELEASE_BYTES", 8 << 20)
    bomb = base64.b64encode(gzip.compress(b" " * (64 << 20), 9))
    tracemalloc.start()
    try:
        assert "larger than 8 MiB" in refused(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


def test_a_release_of_40_megabytes_takes_moderate_memory() -> None:
    line = f"---\n# Source: cart/templates/pdb.yaml\napiVersion: v1\ndata: {random.Random(1).random()}\n"
    payload = text({**RELEASE, "manifest": line * (20_000_000 // len(line)), "config": {"a": "b" * 20_000_000}})
    tracemalloc.start()
    try:
        release = decode(payload, "configmaps")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(release.manifest) > 19_000_000
    assert peak < 120_000_000


def test_the_end_of_the_data_is_found_wherever_the_pieces_end() -> None:
    for size in (module._PIECE - 1, module._PIECE, module._PIECE + 1, 2 * module._PIECE):
        release = {"name": "cart", "manifest": ""}
        release["manifest"] = "x" * (size - len(json.dumps(release)))
        assert len(decode(text(release), "configmaps").manifest) == len(release["manifest"])


# Which revisions


def item(key: str, labels: dict[str, str] | None, namespace: str = "shop") -> dict[str, Any]:
    return {"metadata": {"name": key, "namespace": namespace, "labels": labels, "managedFields": [{}]}}


def page(*items: dict[str, Any]) -> bytes:
    return json.dumps({"kind": "PartialObjectMetadataList", "metadata": {}, "items": items}).encode()


def test_labels_say_what_a_revision_is() -> None:
    labels = {"owner": "helm", "name": "cart", "version": "7", "status": "deployed", "modifiedAt": "1"}
    assert parse(page(item("sh.helm.release.v1.cart.v7", labels))) == [
        Revision("shop", "cart", 7, "deployed", "sh.helm.release.v1.cart.v7")
    ]


@pytest.mark.parametrize("answer", [b'{"items":null}', b"{}", page()])
def test_nothing_is_stored(answer: bytes) -> None:
    assert parse(answer) == []


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b'{"items":1}', b'{"items":[{}]}', b'{"items":[{"metadata":{"name":1}}]}']
)
def test_what_is_no_list_is_refused(answer: bytes) -> None:
    with pytest.raises(ReleaseError):
        parse(answer)


@pytest.mark.parametrize(
    "labels",
    [
        None,
        {},
        {"name": "cart", "version": "7"},
        {"name": "cart", "status": "deployed"},
        {"version": "7", "status": "deployed"},
        {"name": "cart", "version": "seven", "status": "deployed"},
        {"name": "cart", "version": "-7", "status": "deployed"},
        {"name": "cart", "version": "٧", "status": "deployed"},
        {"name": "cart", "version": "9" * 5000, "status": "deployed"},
    ],
)
def test_odd_labels_are_told(labels: dict[str, str] | None) -> None:
    (odd,) = parse(page(item("sh.helm.release.v1.cart.v7", labels)))
    assert isinstance(odd, Odd)
    assert "labels" in odd.reason


def test_a_newer_format_is_told() -> None:
    (odd,) = parse(page(item("sh.helm.release.v2.cart.v7", {"name": "cart", "version": "7", "status": "deployed"})))
    assert isinstance(odd, Odd)
    assert "newer format" in odd.reason


def test_what_others_label_so_is_passed_over() -> None:
    assert parse(page(item("ours", {"owner": "helm"}))) == []


def revision(number: int, status: str, release: str = "cart", namespace: str = "shop") -> Revision:
    return Revision(namespace, release, number, status, f"sh.helm.release.v1.{release}.v{number}")


@pytest.mark.parametrize(
    ("stored", "now", "with_history"),
    [
        (["deployed"], [1], [1]),
        (["superseded", "superseded", "deployed"], [3], [1, 2, 3]),
        (["superseded", "deployed", "failed"], [2, 3], [1, 2, 3]),
        (["deployed", "pending-upgrade"], [1, 2], [1, 2]),
        (["deployed", "failed", "deployed"], [3], [3]),
        (["deployed", "superseded", "failed", "failed"], [1, 4], [1, 2, 4]),
        (["pending-install"], [1], [1]),
        (["superseded", "uninstalled"], [], [1]),
        (["uninstalling"], [], []),
        (["deployed", "uninstalling"], [1], [1]),
        (["superseded", "superseded"], [2], [1, 2]),
        (["unknown"], [1], [1]),
    ],
)
def test_which_revisions_matter(stored: list[str], now: list[int], with_history: list[int]) -> None:
    all_of_it = [revision(number, status) for number, status in enumerate(stored, 1)]
    random.Random(1).shuffle(all_of_it)
    assert [one.revision for one in relevant(all_of_it)] == now
    assert [one.revision for one in relevant(all_of_it, history=True)] == with_history


def test_the_newest_superseded_revision_is_none_of_the_past_where_none_is_deployed() -> None:
    assert [one.status for one in relevant([revision(1, "superseded"), revision(2, "superseded")], history=True)] == [
        "superseded",
        "superseded (newest)",
    ]


def test_revisions_are_numbers() -> None:
    assert [one.revision for one in relevant([revision(10, "deployed"), revision(9, "failed")])] == [10]


def test_a_release_is_a_name_in_a_namespace() -> None:
    stored = [
        revision(2, "deployed", namespace="b"),
        revision(1, "deployed", namespace="a"),
        revision(1, "failed", "api"),
    ]
    assert [(one.namespace, one.release) for one in relevant(stored)] == [("a", "cart"), ("b", "cart"), ("shop", "api")]


def test_a_chart_may_say_nothing_of_itself() -> None:
    assert Release(name="a").chart_name == ""
