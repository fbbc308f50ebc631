"""The entry point: one boundary that turns exceptions into messages and exit codes."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits."""
    try:
        from k8supgrade.cli.boundary import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the command line itself was being imported
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
