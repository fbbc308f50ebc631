"""kubeVersion of a chart: which version to render for, and what to say of it."""

from __future__ import annotations

import pytest

from k8supgrade.charts.kube_version import kube_version_for, refusal, remarks
from k8supgrade.model.version import KubeVersion

V1_28 = KubeVersion(1, 28)


@pytest.mark.parametrize(
    ("constraint", "version"),
    [
        (None, "1.28.0"),
        ("", "1.28.0"),
        (">=1.21.0-0", "1.28.0"),
        (">=1.28.3", "1.28.3"),
        ("^1.28.12-0", "1.28.12"),
        ("<1.25.0-0", None),
        (">=1.29", None),
        ("!=1.28.0", "1.28.1"),
        ("nonsense", None),
    ],
)
def test_the_first_patch_that_the_constraint_takes(constraint: str | None, version: str | None) -> None:
    assert kube_version_for(constraint, V1_28) == version


def test_a_late_patch_is_said() -> None:
    assert remarks(">=1.28.3", V1_28, None) == ["kubeVersion >=1.28.3 needs 1.28.3 or a later patch"]


@pytest.mark.parametrize("named", ["v1.28.3-eks-4096722", "1.28.0-gke.100"])
def test_a_vendors_suffix_that_the_constraint_refuses_is_said(named: str) -> None:
    (remark,) = remarks(">=1.20.0", V1_28, named)
    assert "lacks a -0" in remark
    assert named in remark


@pytest.mark.parametrize(
    ("constraint", "named"),
    [(">=1.20.0-0", "v1.28.3-eks-1"), (">=1.20.0", "1.28"), (">=1.20.0", "v1.28.5+k3s1"), (None, "v1.28.3-eks-1")],
)
def test_there_is_nothing_to_say(constraint: str | None, named: str) -> None:
    assert remarks(constraint, V1_28, named) == []


def test_a_range_that_nobody_can_read_is_told_from_one_that_excludes() -> None:
    assert refusal("<1.25.0-0", V1_28) == "kubeVersion <1.25.0-0 excludes 1.28"
    assert "no range that Helm can read" in refusal("1.28 or so", V1_28)
