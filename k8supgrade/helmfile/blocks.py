"""`if`, `range` and `with` around YAML: branches that are not taken are blanked, what cannot be decided is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from k8supgrade.helmfile.expression import Scope, UnresolvedError, evaluate, is_true
from k8supgrade.helmfile.template import Action, actions, blank

_KEYWORD = re.compile(r"(if|else if|else with|else|end|range|with|define|block)(?:\s+|\Z)")
_ASSIGNMENT = re.compile(r"(\$\w+)\s*:?=\s*(.*)\Z", re.DOTALL)


class Uncertain(NamedTuple):
    """A range of the text that is there, once, several times or not at all, for a `reason`."""

    start: int
    end: int
    reason: str


class Settled(NamedTuple):
    """`text` has the length of the original. `variables` are those that were set outside of any block."""

    text: str
    uncertain: tuple[Uncertain, ...]
    variables: dict[str, Any]


@dataclass
class _Block:
    """`taken`: a branch that counts was there. `branch`: where the present one begins, whether it counts (None: nobody
    knows) and why."""

    begins: int
    taken: bool | None
    counts: bool | None
    reason: str = ""


def settle(text: str, scope: Scope) -> Settled:
    """Decides the control structures of a text as far as the scope knows.

    Raises:
        TemplateError: an action has no end.
    """
    if "{{" not in text:
        return Settled(text, (), {})
    return _Walk(text, scope).run()


class _Walk:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope
        self._stack: list[_Block] = []
        self._uncertain: list[Uncertain] = []
        self._variables: dict[str, Any] = dict(scope.variables)

    def run(self) -> Settled:
        for action in actions(self._text):
            keyword = _KEYWORD.match(action.code)
            if keyword:
                self._control(keyword[1], action, action.code[keyword.end() :])
            elif (assignment := _ASSIGNMENT.match(action.code)) is not None:
                self._assign(assignment[1], assignment[2])
                self._text = blank_action(self._text, action)
        for block in self._stack:  # no end: everything from there on is in doubt
            self._uncertain.append(Uncertain(block.begins, len(self._text), "a block without {{ end }}"))
        return Settled(self._text, tuple(self._uncertain), self._variables)

    def _control(self, keyword: str, action: Action, rest: str) -> None:
        if keyword == "if":
            self._open(action, *self._test(rest))
        elif keyword in ("range", "with"):
            self._open(action, None, f"{{{{ {keyword} {rest} }}}} is not resolved without helmfile")
        elif keyword in ("define", "block"):
            self._open(action, False, "")
        elif self._stack and keyword == "end":
            self._close(action.start)
            self._stack.pop()
        elif self._stack:
            self._else(action, rest if keyword == "else if" else None)
        self._text = blank_action(self._text, action)

    def _open(self, action: Action, counts: bool | None, reason: str) -> None:
        self._stack.append(_Block(action.end, counts, counts, reason))

    def _else(self, action: Action, condition: str | None) -> None:
        self._close(action.start)
        block = self._stack[-1]
        if block.taken:
            counts: bool | None = False
        else:
            counts, reason = (True, "") if condition is None else self._test(condition)
            if block.taken is None and counts is not False:
                counts = None
            block.reason = block.reason or reason
        if counts is not False and block.taken is not True:
            block.taken = None if block.taken is None else counts
        block.begins, block.counts = action.end, counts

    def _close(self, end: int) -> None:
        block = self._stack[-1]
        if block.counts is False:
            self._text = blank(self._text, block.begins, end)
        elif block.counts is None:
            self._uncertain.append(Uncertain(block.begins, end, block.reason))

    def _test(self, code: str) -> tuple[bool | None, str]:
        try:
            return is_true(evaluate(code, self._now())), ""
        except UnresolvedError as error:
            return None, str(error)

    def _assign(self, name: str, code: str) -> None:
        if any(block.counts is False for block in self._stack):
            return
        try:
            self._variables[name] = evaluate(code, self._now())
        except UnresolvedError as error:
            self._variables[name] = error
        if any(block.counts is None for block in self._stack):
            self._variables[name] = UnresolvedError(f"{name} is set in a block that is not resolved without helmfile")

    def _now(self) -> Scope:
        return replace(self._scope, variables=self._variables)


def blank_action(text: str, action: Action) -> str:
    """Without the action: alone on its line it leaves a comment, so that YAML sees the same lines."""
    return blank(text, action.start, action.end)
