"""Identity of a table's content."""

from __future__ import annotations

import hashlib
import json


def content_hash(content: object) -> str:
    """Eight hex digits over what is said, not over how the YAML is laid out."""
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:8]
