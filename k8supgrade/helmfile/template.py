"""Go templates: the actions of a text, and how they nest.

Only where things stand is known here; what an action means is for render.py and expression.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_END = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|/\*.*?\*/|(\}\})", re.DOTALL)
_SPACE = " \t\r\n"
_KEYWORD = re.compile(r"(if|else if|else with|else|end|range|with|define|block|template|break|continue)(?![\w.])\s*")
MAX_BLOCKS = 100


class TemplateError(Exception):
    """The template cannot be read; `offset` says where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


class Action(NamedTuple):
    """`{{ code }}` from `start` to `end`; `code` is without the braces, their hyphens and the space around it.

    `trims_left`, `trims_right`: the hyphens, which take the white space beside the action away.
    """

    start: int
    end: int
    code: str
    trims_left: bool = False
    trims_right: bool = False


class Literal(NamedTuple):
    """The text from `start` to `end`."""

    start: int
    end: int


class Output(NamedTuple):
    """A pipeline, an assignment, or `template`, `break` and `continue` with their keyword."""

    action: Action
    keyword: str
    code: str


@dataclass(slots=True)
class Branch:
    """`action` opens it: with `if`, `else`, …; `code` is what is asked, "" for a plain `else`."""

    action: Action
    keyword: str
    code: str
    body: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """`if`, `range`, `with`, `define` or `block`, with its branches; `end` is where its {{ end }} ends."""

    keyword: str
    branches: list[Branch]
    end: int = 0


Part = Literal | Output | Block


def actions(text: str, begin: int = 0, stop: int | None = None) -> list[Action]:
    """All actions of a text, in order.

    Raises:
        TemplateError: one has no end.
    """
    found = []
    at = begin
    stop = len(text) if stop is None else stop
    while (start := text.find("{{", at, stop)) >= 0:
        at = start + 2
        while True:
            match = _END.search(text, at, stop)
            if match is None:
                raise TemplateError("a template action {{ has no }}", start)
            at = match.end()
            if match[1]:
                break
        opens, end = start + 2, at - 2
        trims_left = text.startswith("-", opens) and opens + 1 < end and text[opens + 1] in _SPACE + "/"
        trims_right = text.endswith("-", opens, end) and end - 2 >= opens and text[end - 2] in _SPACE + "/"
        code = text[opens + trims_left : max(end - trims_right, opens + trims_left)].strip()
        found.append(Action(start, at, code, trims_left, trims_right))
    return found


def parse_template(text: str, begin: int = 0, stop: int | None = None) -> tuple[list[Part], dict[str, Branch]]:
    """The parts of a text, and what it defines by name.

    Raises:
        TemplateError: an action or a block has no end, or there is an end too many.
    """
    root: list[Part] = []
    defined: dict[str, Branch] = {}
    stack: list[Block] = []
    at = begin
    stop = len(text) if stop is None else stop
    for action in [*actions(text, begin, stop), None]:
        body = stack[-1].branches[-1].body if stack else root
        end = stop if action is None else action.start
        if action is not None and action.trims_left:
            end = _trimmed(text, at, end)
        if end > at:
            body.append(Literal(at, end))
        if action is None:
            break
        at = _skipped(text, action.end, stop) if action.trims_right else action.end
        keyword = _KEYWORD.match(action.code)
        if keyword is None:
            if not action.code.startswith("/*"):
                body.append(Output(action, "", action.code))
        else:
            _keyword(action, keyword[1], action.code[keyword.end() :], stack, root, defined)
    if stack:
        raise TemplateError(f"a {{{{ {stack[-1].keyword} }}}} has no {{{{ end }}}}", stack[-1].branches[0].action.start)
    return root, defined


def _keyword(
    action: Action, keyword: str, code: str, stack: list[Block], root: list[Part], defined: dict[str, Branch]
) -> None:
    body = stack[-1].branches[-1].body if stack else root
    if keyword in ("template", "break", "continue"):
        body.append(Output(action, keyword, code))
    elif keyword in ("if", "range", "with", "define", "block"):
        if len(stack) >= MAX_BLOCKS:
            raise TemplateError(f"blocks are nested deeper than {MAX_BLOCKS} levels", action.start)
        stack.append(Block(keyword, [Branch(action, keyword, code)]))
    elif not stack:
        raise TemplateError(f"{{{{ {keyword} }}}} belongs to no block", action.start)
    elif keyword == "end":
        block = stack.pop()
        block.end = action.end
        if block.keyword in ("define", "block"):
            defined[block.branches[0].code.split()[0].strip('"`') if block.branches[0].code else ""] = block.branches[0]
        if block.keyword != "define":
            (stack[-1].branches[-1].body if stack else root).append(block)
    else:
        stack[-1].branches.append(Branch(action, keyword, code))


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in _SPACE:
        end -= 1
    return end


def _skipped(text: str, at: int, end: int) -> int:
    while at < end and text[at] in _SPACE:
        at += 1
    return at
