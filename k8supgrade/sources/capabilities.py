"""`.Capabilities.APIVersions` of a chart's templates, answered for the target instead of for Helm's own client.

Without a cluster Helm takes every group/version that its client library can decode as served, `policy/v1beta1`
included, and `--api-versions` only adds to that. So the questions in the templates are answered before Helm sees them.
"""

from __future__ import annotations

import re
from collections.abc import Set

# A chain never starts in the middle of another one, nor behind a parenthesis: `(.root).Capabilities` stays as it is.
_CHAIN = rb"(?<![\w$.)])(?:\$\w*)?(?:\.\w+)*"
_OPERAND = rb"(?:\"[^\"\\\n]*\"|`[^`\n]*`|(?:\$\w*)?(?:\.\w+)+|\$\w*|\.|\((?:[^()\"`]|\"[^\"\\\n]*\")*\))"
_METHOD = re.compile(_CHAIN + rb"\.Has\s+(" + _OPERAND + rb")")
_FUNCTION = re.compile(rb"(?<![\w$.])(has\s+" + _OPERAND + rb"\s+)" + _CHAIN + rb"\.APIVersions(?![\w.])")


def answer_capabilities(template: bytes, served: Set[str]) -> bytes:
    """Replaces each `.Capabilities.APIVersions.Has "policy/v1beta1"` that is not in `served` by `false`.

    A question that asks for a variable becomes a search in the list of `served`. Text outside of `{{ }}` stays.
    """
    parts: list[bytes] = []
    at = 0
    while (start := template.find(b"{{", at)) >= 0 and (end := template.find(b"}}", start)) >= 0:
        parts += template[at:start], _answer(template[start:end], served)
        at = end
    return b"".join((*parts, template[at:]))


def _answer(action: bytes, served: Set[str]) -> bytes:
    if b"Has" not in action and b"has" not in action:
        return action

    def method(match: re.Match[bytes]) -> bytes:
        operand = match[1]
        if operand[:1] not in (b'"', b"`"):
            return b"(has " + operand + b" " + _list(served) + b")"
        return match[0] if operand[1:-1].decode("utf-8", "replace") in served else b"false"

    action = _METHOD.sub(method, action)
    return _FUNCTION.sub(lambda match: match[1] + _list(served), action)


def _list(served: Set[str]) -> bytes:
    return b"(list " + b" ".join(b'"%s"' % one.encode() for one in sorted(served)) + b")"
