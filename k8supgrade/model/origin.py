"""Where a resource was seen. A finding cannot exist without one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FileOrigin:
    """`line` (from 1) is that of the object's `apiVersion` key in the file as it is on disk.

    `template` is Helm's `# Source:` of the document, None where there is none.
    """

    path: str
    line: int
    template: str | None = None


Origin = FileOrigin
