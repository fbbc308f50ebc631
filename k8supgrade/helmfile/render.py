"""Go templates rendered as far as that goes without running anything.

What is not resolved leaves a hole in the line, or a range that is uncertain: both branches of an `if`, the body of a
`range` once. Every piece of the result knows where it is written.
"""

from __future__ import annotations

import re
from collections import ChainMap
from dataclasses import replace
from typing import Any

from k8supgrade.helmfile.definitions import Definitions
from k8supgrade.helmfile.expression import evaluate
from k8supgrade.helmfile.output import emit, leave_hole, pairs_of
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.template import Block, Literal, Output, Part, TemplateError
from k8supgrade.helmfile.text import Pieces, Source, TooLongError
from k8supgrade.helmfile.values import Unknown, UnresolvedError, is_true

MAX_STEPS = 200_000
MAX_INCLUDED = 20
_ASSIGNMENT = re.compile(r"(\$\w*)(?:\s*,\s*(\$\w+))?\s*(:?=)(?!=)\s*")
_Variables = ChainMap[str, Any]


def render(
    source: Source, scope: Scope | None, start: int = 0, end: int | None = None, *, is_strict: bool = False
) -> Pieces:
    """The range of the file, rendered; without a scope nothing is resolved.

    is_strict: the first thing that is not resolved is an error.

    Raises:
        TemplateError: the template cannot be read, or gives more than anybody writes.
        UnresolvedError: only where `is_strict`.
    """
    start += start == 0 and source.text.startswith("\ufeff")
    rendering = _Rendering(scope or Scope(environment="", env={}), is_strict=is_strict, is_blind=scope is None)
    return rendering.run(source, start, len(source.text) if end is None else end)


class _Rendering:
    """`is_strict`: the first thing that is not resolved is an error. is_blind: nothing is resolved."""

    def __init__(self, scope: Scope, *, is_strict: bool = False, is_blind: bool = False) -> None:
        self._is_strict = is_strict
        self._is_blind = is_blind
        self._definitions = Definitions(scope.base)
        self._steps = 0
        self._included = 0
        self._doubtful: list[str] = []
        self._scope = replace(scope, include=self._include, render=self._tpl)

    def run(self, source: Source, start: int, end: int) -> Pieces:
        pieces = Pieces()
        try:
            parts = self._definitions.parse(source, start, end)
            self._walk(parts, source, self._scope, ChainMap(dict(self._scope.variables)), pieces)
        except TooLongError:
            raise TemplateError("the template gives more than 16 MiB", start) from None
        except RecursionError:
            raise TemplateError("the template is nested too deeply", start) from None
        return pieces

    def _walk(self, parts: list[Part], source: Source, scope: Scope, variables: _Variables, out: Pieces) -> None:
        for part in parts:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise TemplateError("the template has too many steps", 0)
            if isinstance(part, Literal):
                out.literal(source, part.start, part.end)
            elif isinstance(part, Output):
                self._output(part, source, scope, variables, out)
            else:
                self._block(part, source, scope, variables, out)

    def _evaluate(self, code: str, scope: Scope, variables: _Variables) -> Any:
        if self._is_blind:
            raise UnresolvedError(f"template {code}")
        return evaluate(code, replace(scope, variables=variables))

    def _output(self, part: Output, source: Source, scope: Scope, variables: _Variables, out: Pieces) -> None:
        assignment = _ASSIGNMENT.match(part.code)
        try:
            if part.keyword == "template":
                self._template(part.code, scope, variables, out)
            elif part.keyword:
                raise UnresolvedError(f"template {{{{ {part.keyword} }}}} is not resolved without helmfile")
            elif assignment is None:
                emit(self._evaluate(part.code, scope, variables), part.action, source, out)
            else:
                self._assign(assignment, part.code, scope, variables)
        except UnresolvedError as error:
            if self._is_strict:
                raise
            leave_hole(part.action, error, source, out)

    def _assign(self, assignment: re.Match[str], code: str, scope: Scope, variables: _Variables) -> None:
        try:
            value = self._evaluate(code[assignment.end() :], scope, variables)
        except UnresolvedError as error:
            value = Unknown(error)
        name = assignment[1]
        if assignment[3] == ":=":
            variables[name] = value
            return
        if self._doubtful:
            value = Unknown(UnresolvedError(self._doubtful[-1]))
        for level in variables.maps:
            if name in level:
                level[name] = value
                return

    def _block(self, block: Block, source: Source, scope: Scope, variables: _Variables, out: Pieces) -> None:
        if block.keyword == "block":
            name, _, code = block.branches[0].code.partition(" ")
            self._template(f"{name} {code}", scope, variables, out)
        elif block.keyword == "range":
            self._range(block, source, scope, variables, out)
        else:
            self._choose(block, source, scope, variables, out)

    def _choose(self, block: Block, source: Source, scope: Scope, variables: _Variables, out: Pieces) -> None:
        """`if` and `with`, with their `else`."""
        for branch in block.branches:
            inner: _Variables = variables.new_child()
            if branch.keyword == "else":
                self._walk(branch.body, source, scope, inner, out)
                return
            try:
                value = self._condition(branch.code, scope, inner)
                holds = is_true(value)
            except UnresolvedError as error:
                if self._is_strict:
                    raise
                self._all(block, block.branches.index(branch), error, source, scope, variables, out)
                return
            if holds:
                below = replace(scope, dot=value) if branch.keyword.endswith("with") else scope
                self._walk(branch.body, source, below, inner, out)
                return

    def _condition(self, code: str, scope: Scope, variables: _Variables) -> Any:
        assignment = _ASSIGNMENT.match(code)
        value = self._evaluate(code[assignment.end() :] if assignment else code, scope, variables)
        if assignment:
            variables[assignment[1]] = value
        return value

    def _all(
        self,
        block: Block,
        first: int,
        error: UnresolvedError,
        source: Source,
        scope: Scope,
        variables: _Variables,
        out: Pieces,
    ) -> None:
        """Every branch that may count, one after the other."""
        unknown = Unknown(error)
        for branch in block.branches[first:]:
            begin = out.length
            inner: _Variables = variables.new_child()
            assignment = _ASSIGNMENT.match(branch.code) if branch.code else None
            for name in (assignment[1], assignment[2]) if assignment else ():
                if name:
                    inner[name] = unknown
            below = replace(scope, dot=unknown) if branch.keyword.endswith(("with", "range")) else scope
            self._doubtful.append(str(error))
            self._walk(branch.body, source, below, inner, out)
            self._doubtful.pop()
            out.doubt(begin, source, branch.action.start, str(error))

    def _range(self, block: Block, source: Source, scope: Scope, variables: _Variables, out: Pieces) -> None:
        branch = block.branches[0]
        assignment = _ASSIGNMENT.match(branch.code)
        try:
            pairs = pairs_of(
                self._evaluate(branch.code[assignment.end() :] if assignment else branch.code, scope, variables)
            )
        except UnresolvedError as error:
            if self._is_strict:
                raise
            self._all(block, 0, error, source, scope, variables, out)
            return
        for key, value in pairs:
            inner: _Variables = variables.new_child()
            if assignment and assignment[2]:
                inner[assignment[1]], inner[assignment[2]] = key, value
            elif assignment:
                inner[assignment[1]] = value
            self._walk(branch.body, source, replace(scope, dot=value), inner, out)
        if not pairs:
            for other in block.branches[1:]:
                self._walk(other.body, source, scope, variables.new_child(), out)

    def _template(self, code: str, scope: Scope, variables: _Variables, out: Pieces) -> None:
        match = re.match(r"\s*(?:\"([^\"]*)\"|`([^`]*)`)\s*", code)
        if match is None:
            raise UnresolvedError(f"template {{{{ template {code} }}}} is not resolved without helmfile")
        rest = code[match.end() :]
        dot = self._evaluate(rest, scope, variables) if rest else None
        self._call(match[1] or match[2] or "", dot, out)

    def _call(self, name: str, dot: Any, out: Pieces) -> None:
        found = self._definitions.find(name)
        if found is None:
            raise UnresolvedError(f'template "{name}" is defined nowhere')
        if self._included >= MAX_INCLUDED:
            raise UnresolvedError(f'template "{name}" includes itself')
        source, branch = found
        self._included += 1
        self._walk(branch.body, source, replace(self._scope, dot=dot), ChainMap({}), out)
        self._included -= 1

    def _include(self, name: str, dot: Any) -> str:
        return self._separately(lambda out: self._call(name, dot, out))

    def _tpl(self, text: str, dot: Any) -> str:
        source = Source("", text)

        def write(out: Pieces) -> None:
            try:
                parts = self._definitions.parse(source)
            except TemplateError as error:
                raise UnresolvedError(f"template of tpl: {error}") from error
            self._walk(parts, source, replace(self._scope, dot=dot), ChainMap({}), out)

        return self._separately(write)

    def _separately(self, write: Any) -> str:
        out = Pieces()
        was, self._is_strict = self._is_strict, True
        try:
            write(out)
        finally:
            self._is_strict = was
        return out.text
