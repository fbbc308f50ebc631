"""Exit codes as an algebra: a finding that counts wins, then what was not examined, then 0."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from k8supgrade import policy
from k8supgrade.model.finding import Severity
from tests.builders import finding, skipped

SEVERITIES = st.lists(st.sampled_from(Severity), max_size=5)
OPTIONAL = st.lists(st.booleans(), max_size=4)
FAIL_ON = st.one_of(st.none(), st.sampled_from(Severity))


def code(severities: Sequence[Severity], optional: Sequence[bool], fail_on: Severity | None, allow: bool) -> int:
    return policy.exit_code(
        [finding(severity=severity) for severity in severities],
        [skipped(optional=one) for one in optional],
        fail_on=fail_on,
        allow_incomplete=allow,
    )


@given(SEVERITIES, OPTIONAL, FAIL_ON, st.booleans())
def test_the_exit_code(severities: list[Severity], optional: list[bool], fail_on: Severity | None, allow: bool) -> None:
    found = code(severities, optional, fail_on, allow)
    if fail_on is not None and max(severities, default=0) >= fail_on:
        assert found == policy.FINDINGS
    elif False in optional and not allow:
        assert found == policy.INCOMPLETE
    else:
        assert found == policy.READY


@given(SEVERITIES, OPTIONAL, st.booleans())
def test_a_stricter_level_never_makes_it_green(severities: list[Severity], optional: list[bool], allow: bool) -> None:
    levels = [None, Severity.BLOCKER, Severity.WARNING, Severity.INFO]
    failing = [code(severities, optional, level, allow) == policy.FINDINGS for level in levels]
    assert failing == sorted(failing)


@given(SEVERITIES, OPTIONAL, FAIL_ON, st.booleans())
def test_the_order_does_not_matter(
    severities: list[Severity], optional: list[bool], fail_on: Severity | None, allow: bool
) -> None:
    assert code(severities, optional, fail_on, allow) == code(severities[::-1], optional[::-1], fail_on, allow)


def test_the_numbers_are_those_of_the_contract() -> None:
    codes = (policy.READY, policy.FINDINGS, policy.USAGE, policy.INCOMPLETE, policy.NOTIFY_FAILED, policy.INTERRUPTED)
    assert codes == (0, 1, 2, 3, 4, 130)
