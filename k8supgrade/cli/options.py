"""Options that several commands share, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from k8supgrade.errors import UsageError
from k8supgrade.model.finding import Severity
from k8supgrade.model.version import KUBERNETES, NEWEST_PATCH, ComponentVersion, KubeVersion, Target
from k8supgrade.reports import NAMES

if TYPE_CHECKING:
    from k8supgrade.lifecycle.table import LifecycleTable

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", KubeVersion, ComponentVersion)

FAIL_ON = ("blocker", "warning", "info", "never")
FORMATS = NAMES


def complete_with(names: Callable[[], Iterable[str]]) -> Callable[..., list[str]]:
    """Shell completion from a list that is made when it is asked for."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def complete_files(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Shell completion by the shell's own idea of files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def output_option(default: str) -> Callable[[F], F]:
    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        envvar="K8SUPGRADE_OUTPUT",
        metavar="FORMAT[=FILE]",
        shell_complete=complete_with(lambda: FORMATS),
        help=f"Report format, to a file with =FILE; repeatable. One of {', '.join(FORMATS)}. Default: {default}.",
    )


fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default="blocker",
    show_default=True,
    envvar="K8SUPGRADE_FAIL_ON",
    help="Exit with 1 from this severity on.",
)
allow_incomplete_option = click.option(
    "--allow-incomplete",
    is_flag=True,
    envvar="K8SUPGRADE_ALLOW_INCOMPLETE",
    help="Do not fail because something could not be examined.",
)


def target_option(next_means: str) -> Callable[[F], F]:
    """`--target`; `next_means` says which version `next` is."""
    return click.option(
        "--target",
        "targets",
        multiple=True,
        envvar="K8SUPGRADE_TARGET",
        metavar="VERSION",
        help=f"Kubernetes version to upgrade to (1.28, latest; next: {next_means}), or COMPONENT=VERSION for an add-on "
        "(cert-manager=1.13); repeatable.",
    )


def current_option(text: str) -> Callable[[F], F]:
    return click.option("--current", envvar="K8SUPGRADE_CURRENT", metavar="VERSION", help=text)


environment_option = click.option(
    "-e",
    "--environment",
    "environments",
    multiple=True,
    envvar="K8SUPGRADE_ENVIRONMENT",
    metavar="NAME",
    help="Environment of the Helmfile; repeatable. Default: all of them.",
)
table_option = click.option(
    "--table",
    "tables",
    multiple=True,
    envvar="K8SUPGRADE_TABLE",
    metavar="FILE",
    shell_complete=complete_files,
    help="Further rows for the deprecation table (also Pluto's additional-versions); repeatable.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, envvar="K8SUPGRADE_QUIET", help="No messages on stderr.")
no_color_option = click.option(
    "--no-color", is_flag=True, envvar="K8SUPGRADE_NO_COLOR", help="No colour, also on a terminal (as NO_COLOR)."
)


def severity_of(fail_on: str) -> Severity | None:
    return None if fail_on == "never" else Severity.parse(fail_on)


def parse_current(text: str | None) -> KubeVersion | None:
    return None if text is None else parsed("--current", text, KubeVersion.parse)


def parsed(option: str, text: str, parse: Callable[[str], V]) -> V:
    """The version that an option holds; what is wrong with it is said with the option's name."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from error


def parse_target(
    values: Sequence[str], current: KubeVersion | None, table: LifecycleTable, *, running: str = "--current"
) -> Target:
    """`--target`: one Kubernetes version (or next, latest), and COMPONENT=VERSION for add-ons. `running` says in a
    message what `current` is the version of.

    Raises:
        UsageError: no or two Kubernetes versions, one that the table does not cover, an unknown component.
    """
    kubernetes: KubeVersion | None = None
    components: dict[str, ComponentVersion] = {}
    for value in values:
        name, separator, version = value.partition("=")
        if separator and name not in (KUBERNETES, "k8s"):
            component = _component(name, table)
            if component in components:
                raise UsageError(f"--target names two versions of {component}: give one")
            components[component] = parsed(f"--target {name}", version, newest_patch)
            continue
        if kubernetes is not None:
            raise UsageError(f"--target names two Kubernetes versions, {kubernetes} and {version or value}: give one")
        kubernetes = _kubernetes(version if separator else value, current, table)
    if kubernetes is None:
        raise UsageError("--target is missing: say which Kubernetes version you upgrade to, like --target 1.28")
    _check_covered(kubernetes, current, table, running)
    return Target(kubernetes, components)


def _kubernetes(text: str, current: KubeVersion | None, table: LifecycleTable) -> KubeVersion:
    if text == "latest":
        return table.newest
    if text == "next":
        if current is None:
            raise UsageError("--target next needs to know what runs now: add --current VERSION, or name the target")
        return current.next()
    return parsed("--target", text, KubeVersion.parse)


def newest_patch(text: str) -> ComponentVersion:
    """An add-on's release; `1.13` is the newest patch of it."""
    return ComponentVersion.parse(text, missing_patch=NEWEST_PATCH)


def _check_covered(target: KubeVersion, current: KubeVersion | None, table: LifecycleTable, running: str) -> None:
    if not table.oldest <= target <= table.newest:
        raise UsageError(
            f"--target {target}: the data covers Kubernetes {table.oldest} to {table.newest}; "
            + ("a newer release of k8supgrade may know more" if target > table.newest else "choose one of those")
        )
    if current is not None and target < current:
        raise UsageError(f"--target {target} is older than {running} {current}: an upgrade goes forward")


def _component(name: str, table: LifecycleTable) -> str:
    known = sorted(table.components() - {KUBERNETES})
    if name in known:
        return name
    raise UsageError(f"--target {name}=…: unknown component, {did_you_mean(name, known)}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or all there is."""
    import difflib

    names = list(dict.fromkeys(known))
    small = {one.lower(): one for one in names}
    near = [small[one] for one in difflib.get_close_matches(name.lower(), small, n=3, cutoff=0.6)]
    if near:
        return "did you mean " + " or ".join(repr(one) for one in near) + "?"
    return f"the known ones are {', '.join(names)}"


def choose_checks(only: Sequence[str], without: Sequence[str], known: Sequence[str]) -> list[str]:
    """The ids of the checks that run.

    Raises:
        UsageError: an unknown id, or nothing left.
    """
    for option, names in (("--check", only), ("--skip-check", without)):
        for name in names:
            if name not in known:
                raise UsageError(f"{option} {name}: unknown check, {did_you_mean(name, known)}")
    chosen = [name for name in known if (not only or name in only) and name not in without]
    if not chosen:
        raise UsageError("no check is left to run: --skip-check takes away all that --check names")
    return chosen
