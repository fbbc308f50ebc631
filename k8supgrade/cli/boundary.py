"""Exceptions to messages and exit codes: no command handles its own errors."""

from __future__ import annotations

import gc
import os
import sys

import click

from k8supgrade import policy
from k8supgrade.errors import K8supgradeError

PROGRAM = "k8supgrade"
USAGE = policy.USAGE


class ReaderGoneError(Exception):
    """Whoever read our standard output went away (`| head`)."""


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code."""
    gc.disable()  # what a start makes lives until the end: looking for garbage in it is a tenth of the start
    try:
        from k8supgrade.cli.main import cli

        result = cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
        return result if isinstance(result, int) else policy.READY
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return policy.USAGE
    except K8supgradeError as error:
        click.echo(f"Error: {error}", err=True)
        return policy.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted: nothing is reported.", err=True)
        return policy.INTERRUPTED
    except ReaderGoneError:
        discard_output()
        return policy.READY  # the reader has seen all that it wanted; a scan's verdict does not come this way
    except Exception as error:  # a bug: never green, and never a bare traceback
        if os.environ.get("K8SUPGRADE_DEBUG"):
            raise
        click.echo(
            f"Error: internal error ({type(error).__name__}: {error}). Nothing is reported. "
            "Run again with K8SUPGRADE_DEBUG=1 for the details, and please report it.",
            err=True,
        )
        return policy.INCOMPLETE


def discard_output() -> None:
    """Sends what is still to come to nobody: Python would try again at exit, and complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
