"""The entry point: one boundary that turns exceptions into messages and exit codes."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits."""
    from k8supgrade.cli.boundary import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
