from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.model.origin import Caller, ClusterOrigin, Origin, ReleaseOrigin
from k8supgrade.reports.place import location, object_name, owner_text, place, shown_origins, skip_text
from k8supgrade.reports.text import clean
from tests.builders import finding, origin, skipped
from tests.reports.samples import CALLERS, live_origins

JANE = Caller(user="jane", user_agent="kubectl/v1.20.4", count=9, first=None, last="2024-03-01T10:00:00Z")
RELEASE = ReleaseOrigin(
    cluster="prod", namespace="shop", release="cart", revision=7, chart="cart-1.2.3", status="deployed"
)
APPLIED = ClusterOrigin(cluster="prod", evidence="last-applied", manager="kubectl", time="2024-03-01T09:00:00Z")
WRITTEN = replace(APPLIED, evidence="managed-fields")


def live(evidence: str, **values: object) -> ClusterOrigin:
    return ClusterOrigin(**{"cluster": "prod", "evidence": evidence, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (origin("k8s/pdb.yaml", 12, "templates/pdb.yaml"), "k8s/pdb.yaml:12"),
        (origin("-", 3), "standard input:3"),
        (APPLIED, "prod: applied by kubectl, 2024-03-01"),
        (replace(APPLIED, stale=True), "prod: applied by kubectl, 2024-03-01 (stale)"),
        (WRITTEN, "prod: written by kubectl, 2024-03-01"),
        (live("managed-fields"), "prod: written"),
        (live("last-applied", manager="kapp"), "prod: applied by kapp"),
        (live("served"), "prod: live"),
        (live("served", manager="helm", time="2024-03-01T09:00:00Z"), "prod: live, written by helm, 2024-03-01"),
        (live("metrics", count=1), "prod: 1 stored"),
        (live("metrics", count=12345), "prod: 12,345 stored"),
        (live("metrics"), "prod: stored"),
        (live("requested"), "prod: called"),
        (live("requested", count=1), "prod: called once"),
        (live("requested", callers=(JANE,)), "prod: called 9 times, last on 2024-03-01, by jane (kubectl/v1.20.4)"),
        (live("audit", count=9, callers=(replace(JANE, last=None),)), "prod: called 9 times by jane (kubectl/v1.20.4)"),
        (
            live("audit", callers=(JANE, Caller(user="", user_agent="", count=1))),
            "prod: called, last on 2024-03-01, by jane (kubectl/v1.20.4) 9 times, (no user) once",
        ),
        (
            live("audit", count=1012, callers=(*CALLERS, *CALLERS)),
            ("prod: called 1,012 times, last on 2024-03-01, by system:serviceaccount:shop:autoscaler "
             "(cluster-autoscaler/v1.20.0) 7 times, jane (kubectl/v1.20.4 (linux/amd64) kubernetes/e87da0b) 3 times, "
             "ci once and 5 more"),
        ),
        (RELEASE, "prod: release shop/cart revision 7 (cart-1.2.3, deployed)"),
        (live("audit", cluster="a\nb", callers=(replace(JANE, user="\x1b[2J", last="\x07"),)),
         "a\\x0ab: called 9 times, last on \\x07, by \\x1b[2J (kubectl/v1.20.4)"),
    ],
)  # fmt: skip
def test_where_it_is(seen: Origin, words: str) -> None:
    assert location(seen) == words


@given(st.text(st.characters(exclude_categories=[])))
def test_nobody_writes_to_the_terminal_through_a_cluster(text: str) -> None:
    for seen in live_origins(text):
        assert place(seen) == clean(place(seen))


def test_the_template_is_what_has_to_be_changed() -> None:
    release = replace(RELEASE, template="cart/templates/pdb.yaml")
    assert place(release) == "prod: release shop/cart revision 7 (cart-1.2.3, deployed), cart/templates/pdb.yaml"
    assert place(origin("all.yaml", 3, "cart/templates/pdb.yaml")) == "all.yaml:3 (cart/templates/pdb.yaml)"
    assert place(WRITTEN) == location(WRITTEN)


def test_a_write_that_was_an_apply_is_said_once() -> None:
    other = replace(WRITTEN, cluster="eu")
    assert shown_origins(finding(origins=(APPLIED, WRITTEN, other, RELEASE))) == [APPLIED, other, RELEASE]
    assert shown_origins(finding(origins=(WRITTEN,))) == [WRITTEN]
    later = replace(WRITTEN, time="2024-03-02T09:00:00Z")
    assert shown_origins(finding(origins=(APPLIED, later))) == [APPLIED, later]
    overtaken = replace(APPLIED, stale=True)
    assert shown_origins(finding(origins=(overtaken, WRITTEN))) == [overtaken, WRITTEN]


@pytest.mark.parametrize(
    ("owner", "origins", "shown"),
    [
        (None, (origin(),), ""),
        ("team-payments", (origin(),), "team-payments"),
        ("kubectl", (APPLIED, WRITTEN), ""),
        ("kubectl", (APPLIED, live("served", manager="argocd-controller")), "kubectl"),
        ("kubectl", (origin(), APPLIED), "kubectl"),
        ("team-payments", (APPLIED,), "team-payments"),
        ("Helm release shop/cart", (RELEASE, replace(RELEASE, revision=8)), ""),
        ("Helm release shop/cart", (live("managed-fields", manager="helm"), RELEASE), ""),
        ("Helm release shop/cart", (APPLIED, RELEASE), "Helm release shop/cart"),
        ("Helm release shop/cart", (RELEASE, replace(RELEASE, release="pay")), "Helm release shop/cart"),
        ("jane", (live("audit", callers=(JANE,)),), ""),
        ("jane", (live("audit", callers=(JANE, *CALLERS)),), "jane"),
    ],
)
def test_the_owner_is_named_where_the_places_leave_it_open(
    owner: str | None, origins: tuple[Origin, ...], shown: str
) -> None:
    assert owner_text(finding(owner=owner, origins=origins)) == shown


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (live("metrics", count=3), "(not listed)"),
        (live("requested"), "(calls)"),
        (live("audit"), "(calls)"),
        (live("served"), "(no name)"),
        (RELEASE, "(no name)"),
        (origin(), "(no name)"),
    ],
)
def test_what_stands_where_a_name_would(seen: Origin, name: str) -> None:
    assert object_name(finding(None, namespace=None, origins=(seen,))) == name


@pytest.mark.parametrize(
    ("what", "seen", "words"),
    [
        ("k8s/a.yaml", origin("k8s/a.yaml", 3), "k8s/a.yaml:3"),
        ("chart k8s", origin("k8s/a.yaml", 3), "chart k8s  k8s/a.yaml:3"),
        ("prod: list widgets.example.com", None, "prod: list widgets.example.com"),
        ("prod: release shop/cart revision 7", RELEASE, "prod: release shop/cart revision 7 (cart-1.2.3, deployed)"),
        (
            "prod: release shop/cart revision 7",
            replace(RELEASE, revision=71),
            "prod: release shop/cart revision 7  prod: release shop/cart revision 71 (cart-1.2.3, deployed)",
        ),
        ("kind Widget", live("served"), "kind Widget  prod: live"),
    ],
)
def test_what_was_not_examined_is_said_once(what: str, seen: Origin | None, words: str) -> None:
    assert skip_text(skipped(what, origin=seen)) == words
