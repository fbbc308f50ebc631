"""What templates define for others: `define` in the text itself, and the helpers beside a Helmfile."""

from __future__ import annotations

import contextlib
import glob
import os

from k8supgrade.helmfile.files import FileError, read_text
from k8supgrade.helmfile.template import Branch, Part, TemplateError, parse_template
from k8supgrade.helmfile.text import Source


class Definitions:
    """`base`: the Helmfile; the `_*.tpl` beside it are read when somebody asks for what is defined nowhere else."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._defined: dict[str, tuple[Source, Branch]] = {}
        self._has_helpers = False

    def parse(self, source: Source, start: int = 0, end: int | None = None) -> list[Part]:
        """The parts of a text; what it defines is known from now on.

        Raises:
            TemplateError: it cannot be read.
        """
        parts, defined = parse_template(source.text, start, end)
        for name, branch in defined.items():
            self._defined[name] = (source, branch)
        return parts

    def find(self, name: str) -> tuple[Source, Branch] | None:
        if name not in self._defined and not self._has_helpers:
            self._has_helpers = True
            self._read_helpers()
        return self._defined.get(name)

    def _read_helpers(self) -> None:
        directory = os.path.dirname(self._base)
        for path in sorted(glob.glob(os.path.join(glob.escape(directory), "_*.tpl"))):
            with contextlib.suppress(FileError, TemplateError):  # who needs it says that it is not there
                self.parse(Source(path.replace(os.sep, "/"), read_text(path)))
