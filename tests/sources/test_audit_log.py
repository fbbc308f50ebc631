from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.names import kinds_by_resource
from k8supgrade.model.origin import Caller, ClusterOrigin
from k8supgrade.model.resource import Request, Skipped
from k8supgrade.sources import audit_log, audit_tally
from k8supgrade.sources.audit_log import AuditLogSource

PDB = {"apiGroup": "policy", "apiVersion": "v1beta1", "resource": "poddisruptionbudgets", "namespace": "shop"}


def event(number: int = 1, user: str = "ci", agent: str = "helm/3", **values: Any) -> dict[str, Any]:
    """As an API server writes it, the members in its order."""
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"00000000-0000-0000-0000-{number:012d}",
        "stage": "ResponseComplete",
        "requestURI": "/apis/policy/v1beta1/namespaces/shop/poddisruptionbudgets?limit=500",
        "verb": "list",
        "user": {"username": user, "uid": "1", "groups": ["system:authenticated"]},
        "sourceIPs": ["10.0.0.1"],
        "userAgent": agent,
        "objectRef": PDB,
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": f"2024-05-01T10:00:{number % 60:02d}.123456Z",
        "stageTimestamp": "2024-05-01T10:00:00.223456Z",
        "annotations": {"k8s.io/deprecated": "true", "k8s.io/removed-release": "1.25"},
        **values,
    }


def text(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in events)


def plain(number: int = 100) -> dict[str, Any]:
    return event(number, annotations={"authorization.k8s.io/decision": "allow"})


def collect(*paths: Path | str) -> list[Request | Skipped]:
    return list(AuditLogSource([str(path) for path in paths], kinds_by_resource(load_table())).collect())


def read(tmp_path: Path, data: bytes, name: str = "audit.log") -> list[Request | Skipped]:
    path = tmp_path / name
    path.write_bytes(data)
    return collect(path)


def request(item: Request | Skipped) -> Request:
    assert isinstance(item, Request), item
    return item


def origin(item: Request | Skipped) -> ClusterOrigin:
    found = request(item).origin
    assert isinstance(found, ClusterOrigin)
    return found


def callers(item: Request | Skipped) -> list[tuple[str, str, int]]:
    return [(caller.user, caller.user_agent, caller.count) for caller in origin(item).callers]


def test_callers_are_counted(tmp_path: Path) -> None:
    events = [event(3), plain(), event(1), event(2, user="bob", agent="kubectl/v1.20"), event(7)]
    assert read(tmp_path, text(*events)) == [
        Request(
            api_version="policy/v1beta1",
            kind="PodDisruptionBudget",
            resource="poddisruptionbudgets",
            removed_in="1.25",
            origin=ClusterOrigin(
                cluster=str(tmp_path / "audit.log"),
                evidence="audit",
                count=4,
                callers=(
                    Caller(
                        user="ci",
                        user_agent="helm/3",
                        count=3,
                        first="2024-05-01T10:00:01Z",
                        last="2024-05-01T10:00:07Z",
                    ),
                    Caller(
                        user="bob",
                        user_agent="kubectl/v1.20",
                        count=1,
                        first="2024-05-01T10:00:02Z",
                        last="2024-05-01T10:00:02Z",
                    ),
                ),
            ),
        )
    ]


def test_a_request_counts_once_whatever_its_stages(tmp_path: Path) -> None:
    stages = [event(1, stage="RequestReceived", annotations={}), event(1, stage="ResponseStarted"), event(1)]
    assert origin(read(tmp_path, text(*stages, event(2)))[0]).count == 2


def test_a_client_cannot_hide_behind_an_id_of_its_own(tmp_path: Path) -> None:
    events = [event(number, auditID="mine") for number in (1, 2, 3)]
    assert origin(read(tmp_path, text(*events))[0]).count == 3


def test_the_real_user_stands_first(tmp_path: Path) -> None:
    events = [event(user="alice", impersonatedUser={"username": "system:apiserver"})]
    assert callers(read(tmp_path, text(*events))[0]) == [("alice (impersonating system:apiserver)", "helm/3", 1)]


def test_one_request_for_each_resource(tmp_path: Path) -> None:
    refs = [
        PDB,
        {"apiVersion": "v1", "resource": "componentstatuses"},
        {"apiGroup": "policy", "apiVersion": "v1beta1", "resource": "podsecuritypolicies", "subresource": "status"},
        {"apiGroup": "shop.example", "apiVersion": "v1alpha1", "resource": "carts"},
    ]
    events = [event(number, objectRef=ref) for number, ref in enumerate(refs)]
    found = [request(item) for item in read(tmp_path, text(*events))]
    assert [(one.api_version, one.kind) for one in found] == [
        ("v1", "ComponentStatus"),
        ("policy/v1beta1", "PodDisruptionBudget"),
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("shop.example/v1alpha1", "carts"),
    ]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/apis/policy/v1beta1/namespaces/shop/poddisruptionbudgets/cart?x=/y", "policy/v1beta1 poddisruptionbudgets"),
        ("/apis/policy/v1beta1/watch/poddisruptionbudgets", "policy/v1beta1 poddisruptionbudgets"),
        ("/api/v1/componentstatuses", "v1 componentstatuses"),
        ("/api/v1/namespaces/shop", "v1 namespaces"),
        ("/healthz", None),
        ("/apis/policy/v1beta1", None),
    ],
)
def test_the_uri_stands_in_for_the_reference(tmp_path: Path, uri: str, expected: str | None) -> None:
    found = [request(item) for item in read(tmp_path, text(event(objectRef=None, requestURI=uri)))]
    assert [f"{one.api_version} {one.resource}" for one in found] == ([expected] if expected else [])


def test_what_is_not_marked_is_not_counted(tmp_path: Path) -> None:
    body = {"kind": "ConfigMap", "data": {"x": '"k8s.io/deprecated":"true"'}}
    events = [plain(), event(annotations={"k8s.io/deprecated": "false"}), {**plain(), "requestObject": body}]
    assert read(tmp_path, text(*events)) == []


def test_packed_logs_and_lines_with_something_in_front(tmp_path: Path) -> None:
    data = b"".join(b"2024-05-01T10:00:00Z stdout F " + text(event(number)) for number in (1, 2))
    noise = b"I0501 10:00:00.000000       1 httplog.go:132] no event\n"
    packed = gzip.compress(noise + data) + gzip.compress(text(event(3)))
    assert origin(read(tmp_path, packed, "audit.log.gz")[0]).count == 3


def test_a_rotated_set_counts_together(tmp_path: Path) -> None:
    (tmp_path / "audit-2024-05-01T10-00-00.000.log").write_bytes(text(event(1)))
    (tmp_path / "audit-2024-05-01T09-00-00.000.log.gz").write_bytes(gzip.compress(text(event(2), event(1))))
    (tmp_path / "audit.log").write_bytes(b"")
    skipped, found = collect(*sorted(tmp_path.iterdir()))
    assert origin(found).cluster == str(tmp_path / "audit.log")
    assert origin(found).count == 2
    assert isinstance(skipped, Skipped)
    assert skipped.optional


@pytest.mark.parametrize("names", [("audit.log", "audit.log.1", "audit.log.2.gz"), ("a/audit.log.1", "a/audit.log.12")])
def test_names_of_a_rotated_set(tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "a").mkdir()
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(text(event(number)))
    (found,) = collect(*(tmp_path / name for name in names))
    assert origin(found).cluster == str(tmp_path / names[0])


def test_different_logs_stay_apart(tmp_path: Path) -> None:
    for name in ("east.log", "west.log"):
        (tmp_path / name).write_bytes(text(event()))
    found = collect(tmp_path / "east.log", tmp_path / "west.log")
    assert [Path(origin(item).cluster).name for item in found] == ["east.log", "west.log"]


def test_a_directory_is_a_set(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(text(event(1)))
    (tmp_path / "audit-2024.json").write_bytes(text(event(2)))
    (tmp_path / "termination.log").write_bytes(b"other\n")
    (found,) = collect(tmp_path)
    assert (origin(found).cluster, origin(found).count) == (str(tmp_path), 2)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("listed", [True, False])
def test_whole_documents(tmp_path: Path, indent: int | None, listed: bool) -> None:
    events = [plain(), event(1, user='}],[{"'), event(2)] if listed else [event(1)]
    document = {"kind": "EventList", "metadata": {}, "items": events} if listed else events[0]
    (found,) = read(tmp_path, json.dumps(document, indent=indent).encode())
    assert origin(found).count == (2 if listed else 1)


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").write_bytes(text(event()))
    real = open
    monkeypatch.setattr(
        audit_log, "open", lambda file, mode, closefd: real(tmp_path / "in" if file == 0 else file, mode), raising=False
    )
    (found,) = collect("-")
    assert origin(found).cluster == "-"


@pytest.mark.parametrize("cut", [10, 400, -5])
@pytest.mark.parametrize("marked", [True, False])
def test_a_last_line_cut_off_by_rotation_is_optional(tmp_path: Path, cut: int, marked: bool) -> None:
    last = text(event(2) if marked else plain(2))
    *skipped, found = read(tmp_path, text(event(1)) + last[:cut])
    assert origin(found).count == 1
    assert all(isinstance(skip, Skipped) and skip.optional for skip in skipped)
    assert len(skipped) == (cut != 10)


def test_broken_lines_are_named_and_the_rest_is_summed_up(tmp_path: Path) -> None:
    broken = text(event(2))[:-9] + b"\n"
    *skipped, found = read(tmp_path, text(event(1)) + broken * 8)
    assert origin(found).count == 1
    assert [skip.origin and skip.origin.sort_key()[4] for skip in skipped if isinstance(skip, Skipped)] == [
        2,
        3,
        4,
        5,
        6,
        None,
    ]
    assert [skip for skip in skipped if isinstance(skip, Skipped) and skip.optional] == []
    assert isinstance(skipped[-1], Skipped)
    assert skipped[-1].reason == "3 more lines that cannot be read"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "no Kubernetes audit event"),
        (b"apiVersion: v1\nkind: Pod\n", "no Kubernetes audit event"),
        (b'{"kind":"Event","apiVersion":"v1","metadata":{"name":"k8s.io/deprecated"}}\n', "no Kubernetes audit event"),
        (json.dumps({"log": text(event()).decode()}).encode(), "no Kubernetes audit event"),
        (gzip.compress(b"nothing"), "no Kubernetes audit event"),
        (gzip.compress(text(event()))[:-9], "broken gzip"),
        (b"\x1f\x8bnot", "broken gzip"),
        (b"{\n" + b'"auditID": "k8s.io/deprecated"' * 3, "not an audit event"),
    ],
)
def test_another_file_is_a_visible_gap(tmp_path: Path, data: bytes, reason: str) -> None:
    skipped = [item for item in read(tmp_path, data) if isinstance(item, Skipped)]
    assert [reason in skip.reason and not skip.optional for skip in skipped] == [True], skipped


def test_what_is_not_there_is_a_visible_gap(tmp_path: Path) -> None:
    missing, empty = collect(tmp_path / "none.log"), collect(tmp_path)
    assert [item.reason for item in missing if isinstance(item, Skipped)] == ["No such file or directory"]
    assert [item.reason for item in empty if isinstance(item, Skipped)] == [
        "no file in this directory has `audit` in its name"
    ]


def test_the_busiest_callers_are_named_and_nobody_is_lost(tmp_path: Path) -> None:
    users = [f"user-{n:02d}" for n in range(30) for _ in range(n + 1)]
    (found,) = read(tmp_path, text(*(event(number, user=user) for number, user in enumerate(users))))
    assert callers(found)[0] == ("user-29", "helm/3", 30)
    assert callers(found)[19:] == [("user-10", "helm/3", 11), ("others", "", sum(range(1, 11)))]
    assert origin(found).count == len(users)


def test_the_table_of_callers_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_tally, "MAX_CALLERS", 3)
    monkeypatch.setattr(audit_tally, "_REMEMBERED", 2)
    (found,) = read(tmp_path, text(*(event(number, user=f"user-{number}") for number in range(9))))
    assert callers(found) == [
        ("user-0", "helm/3", 1),
        ("user-1", "helm/3", 1),
        ("user-2", "helm/3", 1),
        ("others", "", 6),
    ]


def test_the_table_of_apis_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_tally, "MAX_APIS", 2)
    events = [event(n, objectRef={"apiGroup": "x", "apiVersion": "v1", "resource": f"r{n}"}) for n in range(5)]
    found = read(tmp_path, text(*events))
    assert len(found) == 3
    assert isinstance(found[0], Skipped)
    assert found[0].reason.startswith("3 requests not counted")


def test_hostile_texts_stay_short_and_whole(tmp_path: Path) -> None:
    wild = event(user="a\x1b[31m\n", agent="x" * 9999, requestReceivedTimestamp="soon")
    (found,) = read(tmp_path, text(wild))
    (caller,) = origin(found).callers
    assert (caller.user, len(caller.user_agent), caller.first) == ("a\x1b[31m\n", 512, None)


@pytest.mark.parametrize("marked", [True, False])
def test_a_line_that_is_too_long_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: bool
) -> None:
    monkeypatch.setattr(audit_log, "MAX_LINE", 5000)
    monkeypatch.setattr(audit_log, "_CHUNK", 1000)
    long = {"requestObject": {"data": "x" * 9000}, **(event(1) if marked else plain())}
    *skipped, found = read(tmp_path, text(event(2), long, event(3)))
    assert origin(found).count == 2
    assert [item.reason.startswith("longer than") for item in skipped if isinstance(item, Skipped)] == [True] * marked


def test_memory_stays_flat(tmp_path: Path) -> None:
    bomb = tmp_path / "audit.log.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as stream:
        stream.write(text(event(1)))
        for _ in range(80):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\n" + b'{"items":[' + b"{}," * 100_000 + b'{}],"k8s.io/deprecated":1}\n')
        for number in range(20_000):
            stream.write(text(event(number, user=f"user-{number}")))
    tracemalloc.start()
    try:
        found = collect(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * audit_log.MAX_LINE
    assert origin(found[-1]).count == 20_000
