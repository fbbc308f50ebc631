"""An API server of fixed answers, for what asks one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from k8supgrade.kube.api import JSON, ApiError


class Fake:
    """A server that answers what it is told to; whatever else is asked is not there."""

    name = "prod"

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        self.asked.append(path)
        answer = self.answers.get(path, ApiError("not found", status=404))
        if isinstance(answer, ApiError):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()
