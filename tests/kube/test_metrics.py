from __future__ import annotations

import io

import pytest

from k8supgrade.kube.metrics import PREFIXES, RequestedApi, kept_lines, parse

PSP = RequestedApi("policy", "v1beta1", "podsecuritypolicies", "", "1.25")
# As a kube-apiserver 1.24 writes it.
OF_1_24 = b"""\
# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested, broken out by \
API group, version, resource, subresource, and removed_release.
# TYPE apiserver_requested_deprecated_apis gauge
apiserver_requested_deprecated_apis{group="",removed_release="",resource="componentstatuses",subresource="",\
version="v1"} 1
apiserver_requested_deprecated_apis{group="policy",removed_release="1.25",resource="podsecuritypolicies",\
subresource="",version="v1beta1"} 1
# TYPE apiserver_storage_objects gauge
apiserver_storage_objects{resource="apiservices.apiregistration.k8s.io"} 30
apiserver_storage_objects{resource="pods"} 0
apiserver_storage_objects{resource="podsecuritypolicies.policy"} 3
apiserver_storage_objects{resource="secrets"} -1
apiserver_storage_list_total{resource="pods"} 7
"""


def test_what_is_requested() -> None:
    metrics = parse(OF_1_24)
    assert metrics.requested == (RequestedApi("", "v1", "componentstatuses", "", ""), PSP)
    assert [api.api_version for api in metrics.requested] == ["v1", "policy/v1beta1"]


def test_how_much_is_stored() -> None:
    metrics = parse(OF_1_24)
    assert metrics.stored("policy", "podsecuritypolicies") == 3
    assert metrics.stored("", "pods") == 0
    assert metrics.stored("apiregistration.k8s.io", "apiservices") == 30


@pytest.mark.parametrize("resource", ["secrets", "nodes"])
def test_what_the_server_does_not_know_is_not_known(resource: str) -> None:
    assert parse(OF_1_24).stored("", resource) is None


@pytest.mark.parametrize("value", [b"nan", b"NaN", b"+Inf", b"-1", b"-1e+00", b"", b"one", b"# 3"])
def test_a_value_that_is_no_count(value: bytes) -> None:
    assert parse(b'etcd_object_counts{resource="pods"} %s\n' % value).stored("", "pods") is None


@pytest.mark.parametrize(
    "line",
    [
        b'etcd_object_counts{resource="podsecuritypolicies.policy"} 1200000',
        b'apiserver_storage_objects{resource="podsecuritypolicies.policy"} 1.2e+06 1700000000000',
        b'apiserver_resource_objects{group="policy",resource="podsecuritypolicies"} 1.2e+06\r',
        b'apiserver_resource_objects{zone="{\\"b\\" ,c=\\"d\\"",resource="podsecuritypolicies", group="policy"} 1.2e6',
        b'apiserver_resource_objects {resource = "podsecuritypolicies" , group="policy"}\t1200000',
    ],
)
@pytest.mark.parametrize("before", [b"", b"x 1\n"])
def test_the_forms_of_a_count(line: bytes, before: bytes) -> None:
    assert parse(before + line).stored("policy", "podsecuritypolicies") == 1_200_000
    assert parse(io.BytesIO(before + line + b"\n")).stored("policy", "podsecuritypolicies") == 1_200_000


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_metric_counts(order: int) -> None:
    lines = [
        b'etcd_object_counts{resource="ingresses.networking.k8s.io"} 9',
        b'apiserver_storage_objects{resource="ingresses.networking.k8s.io"} 8',
        b'apiserver_resource_objects{group="networking.k8s.io",resource="ingresses"} 7',
        b'apiserver_resource_objects{group="networking.k8s.io",resource="ingresses",shard="2"} 5',
        b'apiserver_resource_objects{group="networking.k8s.io",resource="ingresses",shard="3"} -1',
    ][::order]
    assert parse(lines).stored("networking.k8s.io", "ingresses") == 7


def test_escaped_label_values_are_read_back() -> None:
    line = rb'apiserver_requested_deprecated_apis{group="a\"b\\c\nd\te",version="v1",resource="x\\n"} 1'
    (api,) = parse(line).requested
    assert (api.group, api.resource) == ('a"b\\c\nd\\te', "x\\n")


def test_each_api_is_named_once_and_only_where_it_is_requested() -> None:
    line = (
        b"apiserver_requested_deprecated_apis"
        b'{instance="%d",group="policy",removed_release="1.25",resource="podsecuritypolicies",version="v1beta1"} %d'
    )
    assert parse([line % (1, 1), line % (2, 1), line % (3, 0)]).requested == (PSP,)
    assert parse(line % (1, 0)).requested == ()


@pytest.mark.parametrize(
    "line",
    [
        b"apiserver_storage_objects",
        b"apiserver_storage_objects 3",
        b'apiserver_storage_objects{resource="pods} 3',
        b'apiserver_storage_objects{resource="pods"',
        b'apiserver_storage_objects_total{resource="pods"} 3',
        b' apiserver_storage_objects{resource="pods"} 3',
        b"apiserver_storage_objects{" + b'resource="\\' * 50_000,
    ],
)
def test_what_is_not_well_formed_is_passed_over(line: bytes) -> None:
    assert parse(line) == ((), {})


def test_the_kept_lines_are_enough() -> None:
    kept = list(kept_lines(OF_1_24))
    assert len(kept) == 6
    assert all(line.startswith(PREFIXES) for line in kept)
    assert parse(b"\n".join(kept)) == parse(kept) == parse(OF_1_24)
    assert sorted(kept_lines(io.BytesIO(OF_1_24))) == sorted(kept)
