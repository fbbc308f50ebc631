"""`k8supgrade explain`: the page of a check, the life of an API however it is spelt."""

from __future__ import annotations

import inspect

import pytest

from k8supgrade.checks import CHECKS
from tests.cli.program import call as run
from tests.cli.program import error


def explain(*what: str) -> str:
    result = run("explain", *what)
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout.decode()


@pytest.mark.parametrize("check", CHECKS)
def test_a_check(check: str) -> None:
    text = explain(check)
    assert text.startswith(f"{check}: {CHECKS[check].SUMMARY}\n")
    assert "".join(inspect.cleandoc(CHECKS[check].__doc__ or "").split()) in "".join(text.split())


@pytest.mark.parametrize(
    "what",
    [
        "policy/v1beta1 PodDisruptionBudget",
        "policy/v1beta1 poddisruptionbudget",
        "policy/v1beta1 poddisruptionbudgets",
        "policy/v1beta1/PodDisruptionBudget",
        "policy/v1beta1:PodDisruptionBudget",
        "POLICY/V1BETA1 PODDISRUPTIONBUDGET",
        "  policy/v1beta1   PodDisruptionBudget ",
    ],
)
def test_an_api_however_it_is_spelt(what: str) -> None:
    text = explain(what)
    assert text == explain(*what.split())
    assert text.startswith("policy/v1beta1 PodDisruptionBudget\n")
    for fact in (
        "served in:      Kubernetes 1.16 (or earlier) to 1.24",
        "deprecated in:  1.21",
        "removed in:     1.25",
        "use instead:    policy/v1 PodDisruptionBudget, since 1.21",
        "scope:          namespaced",
    ):
        assert f"  {fact}\n" in text
    assert "\n\n" not in text


@pytest.mark.parametrize("what", ["Ingress", "ingress", "ingresses", "INGRESS"])
def test_all_versions_of_a_kind(what: str) -> None:
    heads = [part.splitlines()[0] for part in explain(what).split("\n\n")]
    assert heads == ["extensions/v1beta1 Ingress", "networking.k8s.io/v1 Ingress", "networking.k8s.io/v1beta1 Ingress"]


def test_all_kinds_of_a_version_or_a_group() -> None:
    assert explain("policy/v1beta1").count("policy/v1beta1 ") >= 3
    group = explain("policy")
    assert "policy/v1 Eviction\n" in group
    assert "policy/v1beta1 PodSecurityPolicy\n" in group
    assert "cert-manager.io/v1 " not in group


def test_one_that_lives() -> None:
    assert explain("v1 pod") == (
        "v1 Pod\n  served in:      Kubernetes 1.16 (or earlier) and later\n  scope:          namespaced\n"
        "  deprecated:     no\n"
    )


def test_one_that_is_off_by_default() -> None:
    text = explain("v1 EphemeralContainers")
    assert "  served in:      Kubernetes 1.21\n  on by default:  in none of them (it needs --runtime-config)\n" in text


def test_one_of_an_add_on() -> None:
    text = explain("cert-manager.io/v1alpha2 certificate")
    assert "  component:      cert-manager\n" in text
    assert "  removed in:     cert-manager 1.6\n" in text
    assert "  use instead:    cert-manager.io/v1 Certificate, since cert-manager 1.0\n" in text


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("removed-ap", "did you mean 'removed-api'"),
        ("PodDisruptionBudgit", "did you mean 'PodDisruptionBudget'?"),
        ("policy/v1beta1 PodDisruptionBudgets2", "policy/v1beta1 has no kind 'PodDisruptionBudgets2': did you mean"),
        ("policy/v1 Ingress", "policy/v1 has no kind 'Ingress': the known ones are Eviction, PodDisruptionBudget"),
        ("policy/v7 PodDisruptionBudget", "the table has it in policy/v1, policy/v1beta1"),
        ("example.com/v1 Shop", "is no check and no API of the table: see `k8supgrade checks`"),
        ("example.com/v1", "is no check and no API of the table"),
        ("zzz", "is no check and no API of the table: see `k8supgrade checks` and `k8supgrade apis --component all`"),
        ("", "say what: a check, or an API like"),
    ],
)
def test_what_nobody_knows(what: str, message: str) -> None:
    assert message in error(run("explain", what))
