"""`k8supgrade completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from k8supgrade.cli.boundary import PROGRAM
from k8supgrade.cli.output import echo


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash:  source <(k8supgrade completion bash)
    zsh:   source <(k8supgrade completion zsh)
    fish:  k8supgrade completion fish | source
    """
    from k8supgrade.cli.main import cli

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    # The script needs nothing of the shell at hand; only the bash class would ask bash for its version.
    script = completion.source_template % completion(cli, {}, PROGRAM, "_K8SUPGRADE_COMPLETE").source_vars()
    echo(script + "\n")
    return 0
