"""Version ranges as Helm decides them: for a chart's `kubeVersion`, for the `version` of a release or dependency.

A port of github.com/Masterminds/semver/v3 (constraints.go of 3.4.0), for no range library of Python's agrees with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from k8supgrade.helmfile.semver import Version, parse_version

MAX_LENGTH = 512

_S = r"[\t\n\f\r ]"
_OPERATOR = r"(?:=|!=|>|<|>=|=>|<=|=<|~|~>|\^|)"
_NUMBER = r"[0-9|xX*]+"
_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = rf"v?{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?(?:-{_WORDS})?(?:\+{_WORDS})?"
_ONE = re.compile(rf"({_OPERATOR}){_S}*(v?({_NUMBER})(\.{_NUMBER})?(\.{_NUMBER})?(-{_WORDS})?(?:\+{_WORDS})?)\Z")
_FIND = re.compile(rf"{_OPERATOR}{_S}*{_VERSION}")
_GROUP = re.compile(rf"{_S}*{_OPERATOR}{_S}*{_VERSION}{_S}*(?:(?:{_S}+|,{_S}*){_OPERATOR}{_S}*{_VERSION}{_S}*)*\Z")
_HYPHEN = re.compile(rf"{_S}*({_VERSION}){_S}+-{_S}+({_VERSION}){_S}*")
_ANY = frozenset(("x", "X", "*"))


class Constraint(NamedTuple):
    """One comparison. Of a partial version (`1`, `1.2`, `1.x`) `is_partial`, and which of its parts was left open."""

    operator: str
    version: Version
    is_partial: bool = False
    any_minor: bool = False
    any_patch: bool = False


def satisfies(constraint: str, version: str, *, legacy: bool = False) -> bool:
    """Whether Helm takes `version` to be in the range; False where either of them cannot be read.

    `legacy`: as Helm up to 3.18 decides, where a prerelease (`1.28.3-gke.100`) needs a prerelease in every comparison
    (`>=1.19.0-0`). Since 3.19 one in the group is enough.

    >>> satisfies("^1.20.0-0", "1.28.3-eks-4096722"), satisfies(">=1.20.0", "1.28.3-eks-4096722")
    (True, False)
    """
    parsed = parse_version(version)
    groups = parse_constraint(constraint)
    if parsed is None or groups is None:
        return False
    return any(_all(group, parsed, legacy=legacy) for group in groups)


@lru_cache(maxsize=4096)
def parse_constraint(text: str) -> tuple[tuple[Constraint, ...], ...] | None:
    """Groups of which one has to hold, each in all of its comparisons. None: Helm cannot read it."""
    if len(text) > MAX_LENGTH:
        return None
    text = re.sub(rf"{_S}+", " ", text)
    text = _HYPHEN.sub(r">= \1, <= \2 ", text)
    groups = []
    for part in text.split("||"):
        if not _GROUP.match(part):
            return None
        group = [_parse(one) for one in _FIND.findall(part)]
        if None in group:
            return None
        groups.append(tuple(one for one in group if one is not None))
    return tuple(groups)


def _parse(text: str) -> Constraint | None:
    match = _ONE.match(text)
    if match is None:
        return None
    operator, whole, major, minor, patch, prerelease = match.groups("")
    any_minor = any_patch = False
    is_partial = True
    if major in _ANY:
        whole = f"0.0.0{prerelease}"
    elif minor[1:] in _ANY or not minor:
        any_minor, whole = True, f"{major}.0.0{prerelease}"
    elif patch[1:] in _ANY or not patch:
        any_patch, whole = True, f"{major}{minor}.0{prerelease}"
    else:
        is_partial = False
    version = parse_version(whole)
    return None if version is None else Constraint(operator, version, is_partial, any_minor, any_patch)


def _all(group: tuple[Constraint, ...], version: Version, *, legacy: bool) -> bool:
    takes_prereleases = any(one.version.prerelease for one in group)
    for one in group:
        if version.prerelease:
            is_exact_difference = legacy and one.operator == "!=" and not one.is_partial
            if not ((one.version.prerelease or is_exact_difference) if legacy else takes_prereleases):
                return False
        if not _HOLDS[one.operator](version, one):
            return False
    return True


def _tilde(version: Version, one: Constraint) -> bool:
    if version.order < one.version.order:
        return False
    if one.version[:3] == (0, 0, 0) and not one.any_minor and not one.any_patch:
        return True
    return version.major == one.version.major and (one.any_minor or version.minor == one.version.minor)


def _equal(version: Version, one: Constraint) -> bool:
    return _tilde(version, one) if one.is_partial else version == one.version


def _not_equal(version: Version, one: Constraint) -> bool:
    if one.is_partial:
        if version.major != one.version.major:
            return True
        if one.any_minor:
            return False
        if version.minor != one.version.minor:
            return True
        if one.any_patch:
            return version.prerelease != one.version.prerelease
    return version != one.version


def _greater(version: Version, one: Constraint) -> bool:
    if one.any_minor:
        return version.major > one.version.major
    if one.any_patch:
        return version[:2] > one.version[:2]
    return version.order > one.version.order


def _less_or_equal(version: Version, one: Constraint) -> bool:
    if not one.is_partial:
        return version.order <= one.version.order
    if version.major != one.version.major:
        return version.major < one.version.major
    return one.any_minor or version.minor <= one.version.minor


def _caret(version: Version, one: Constraint) -> bool:
    base = one.version
    if version.order < base.order:
        return False
    if base.major > 0 or one.any_minor:
        return version.major == base.major
    if version.major > 0:
        return False
    if base.minor > 0 or one.any_patch:
        return version.minor == base.minor
    return version.minor == 0 and version.patch == base.patch


_HOLDS: dict[str, Callable[[Version, Constraint], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda version, one: version.order < one.version.order,
    ">=": lambda version, one: version.order >= one.version.order,
    "=>": lambda version, one: version.order >= one.version.order,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
