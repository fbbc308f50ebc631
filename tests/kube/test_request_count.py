from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from k8supgrade.kube.api import ApiError
from k8supgrade.kube.metrics import RequestedApi
from k8supgrade.kube.request_count import RequestCount, decode
from k8supgrade.model.origin import Caller

NOW = datetime(2024, 5, 2, 9, 41, tzinfo=timezone.utc)
PDB = RequestedApi("policy", "v1beta1", "poddisruptionbudgets", "", "1.25")


def user(name: str, agent: str, count: int) -> dict[str, Any]:
    return {"username": name, "userAgent": agent, "requestCount": count, "byVerb": [{"verb": "get", "requestCount": 1}]}


def hour(*nodes: list[dict[str, Any]], unnamed: int = 0) -> dict[str, Any]:
    by_node = [
        {"nodeName": f"node-{n}", "requestCount": unnamed + sum(u["requestCount"] for u in users), "byUser": users}
        for n, users in enumerate(nodes)
    ]
    return {"byNode": by_node, "requestCount": sum(node["requestCount"] for node in by_node)}


def item(name: str = "poddisruptionbudgets.v1beta1.policy", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {}},
        "spec": {"numberOfUsersToReport": 10},
        "status": {"conditions": None, "removedInRelease": "1.25", "requestCount": 5, **status},
    }


def read(*items: dict[str, Any], now: datetime | None = NOW) -> tuple[RequestCount, ...]:
    return decode(json.dumps({"kind": "APIRequestCountList", "metadata": {}, "items": items}).encode(), now).requested


def test_callers_are_summed_over_nodes_and_hours() -> None:
    hours = [hour() for _ in range(24)]
    hours[8] = hour([user("ci", "helm/3", 2), user("bob", "kubectl/1.20", 1)], [user("ci", "helm/3", 3)])
    hours[9] = hour([user("ci", "helm/3", 4)])
    hours[10] = hour([user("bob", "kubectl/1.20", 7)])
    (found,) = read(item(requestCount=17, last24h=hours, currentHour=hours[9]))
    assert found.api == PDB
    assert found.total == 17
    assert found.callers == (
        Caller(user="ci", user_agent="helm/3", count=9, first="2024-05-02T08:00:00Z", last="2024-05-02T09:00:00Z"),
        Caller(
            user="bob", user_agent="kubectl/1.20", count=8, first="2024-05-01T10:00:00Z", last="2024-05-02T08:00:00Z"
        ),
    )


def test_without_the_time_the_hours_are_not_known() -> None:
    (found,) = read(item(last24h=[hour([user("ci", "helm/3", 5)])]), now=None)
    assert found.callers == (Caller(user="ci", user_agent="helm/3", count=5),)


def test_the_current_hour_counts_where_it_stands_alone() -> None:
    (found,) = read(item(last24h=None, currentHour=hour([user("ci", "helm/3", 5)])))
    assert [(caller.user, caller.first) for caller in found.callers] == [("ci", "2024-05-02T09:00:00Z")]


def test_whom_a_node_does_not_name_is_counted_as_others() -> None:
    (found,) = read(item(last24h=[hour([user("ci", "helm/3", 5)], unnamed=20)]), now=None)
    assert found.callers[0] == Caller(user="others", user_agent="", count=20)


@pytest.mark.parametrize(
    "left_out",
    [
        item(removedInRelease=""),
        item(requestCount=0),
        item("poddisruptionbudgets"),
        item(""),
        {"metadata": {"name": "poddisruptionbudgets.v1beta1.policy"}},
    ],
)
def test_what_stays_or_is_not_called_is_left_out(left_out: dict[str, Any]) -> None:
    assert read(left_out) == ()


@pytest.mark.parametrize(
    ("name", "api"),
    [
        ("flowschemas.v1beta2.flowcontrol.apiserver.k8s.io", ("flowcontrol.apiserver.k8s.io", "v1beta2")),
        ("endpoints.v1", ("", "v1")),
        ("endpoints.v1.", ("", "v1")),
    ],
)
def test_the_name_says_the_api(name: str, api: tuple[str, str]) -> None:
    (found,) = read(item(name))
    assert (found.api.group, found.api.version) == api
    assert found.callers == ()


def test_null_is_empty() -> None:
    (found,) = read(item(last24h=[{"byNode": None}, {"byNode": [{"byUser": None, "requestCount": 0}]}]))
    assert found.callers == ()
    assert decode(b'{"metadata": {"continue": "abc"}, "items": null}') == ((), "abc")


@pytest.mark.parametrize(
    "page",
    [b"", b"[]", b"{}", b'{"metadata": {}, "items": [{}]}', b"<p>", b'{"metadata": {}, "items": ' + b"[" * 9999],
)
def test_another_answer_is_an_error(page: bytes) -> None:
    with pytest.raises(ApiError, match="not a list of APIRequestCounts"):
        decode(page)
