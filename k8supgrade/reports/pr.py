"""`-o pr`: what a pull request that bumps charts says: branch, title, and the body as Markdown.

    branch: k8supgrade/charts-1.28
    title: Bump 2 charts for Kubernetes 1.28

    <the body>

The first two lines are for the shell, the rest is for `gh pr create --body-file -`. Proposed is the smallest version
that is ready, for what is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8supgrade.model.chart import ChartEntry
from k8supgrade.model.verdict import Verdict
from k8supgrade.model.version import KUBERNETES
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.charts import Group, groups, release_name, version_text
from k8supgrade.reports.markdown import code, prose
from k8supgrade.reports.text import clean, plural

NAME = "pr"

_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/-]*)?\Z", re.ASCII)


def render(verdict: Verdict, options: RenderOptions) -> str:
    target = clean(verdict.target.get(KUBERNETES, ""))
    found = groups(verdict)
    bumps = [group for group in found if is_bump(group.entry)]
    left = [group for group in found if group.entry.status != "ready" and not is_bump(group.entry)]
    number = len({(group.entry.release, group.entry.namespace) for group in bumps})
    title = f"Bump {plural(number, 'chart')} for Kubernetes {target}" if bumps else f"No chart to bump for {target}"
    branch = f"k8supgrade/charts-{re.sub(r'[^0-9.]', '', target)}"
    lines = [f"branch: {branch}", f"title: {title}", "", *_body(bumps, target)]
    if left:
        lines += ["", "### Left as they are", ""]
    for group in left:
        why = "; ".join(map(clean, group.entry.reasons)) or "no reason known"
        lines.append(f"- {_what(group)}: {prose(why)}")
    return "\n".join(lines) + "\n"


def is_bump(entry: ChartEntry) -> bool:
    """Whether a version is proposed for it."""
    return entry.status != "ready" and entry.smallest is not None and entry.smallest.version != entry.pinned


def _body(bumps: list[Group], target: str) -> Iterator[str]:
    if not bumps:
        yield f"Every chart that can be bumped is ready for Kubernetes {target}: nothing to do."
        return
    yield (
        f"These charts are not ready for Kubernetes {target}. The versions proposed are the smallest that are, and "
        "that still install on what runs now, so that this can go out before the upgrade."
    )
    yield ""
    yield "| Release | Chart | From → to | App from → to | Evidence |"
    yield "| --- | --- | --- | --- | --- |"
    for group in bumps:
        yield _row(group)
    yield ""
    for group in bumps:
        yield f"- {_what(group)}"
        for reason in group.entry.reasons:
            yield f"  - {prose(clean(reason))}"
        if group.entry.latest is not None and group.entry.latest != group.entry.smallest:
            yield f"  - the latest that fits is {code(version_text(group.entry.latest))}"


def _row(group: Group) -> str:
    entry = group.entry
    assert entry.smallest is not None
    app = "→".join(f" {code(one) if one else '?'} " for one in (entry.app_version, entry.smallest.app_version)).strip()
    return (
        f"| {_what(group)} | {_chart(entry)} | {code(entry.pinned) if entry.pinned else 'none'} → "
        f"**{code(entry.smallest.version)}** | {app} | {entry.evidence} |"
    )


def _what(group: Group) -> str:
    environments = f" ({', '.join(map(code, group.environments))})" if group.environments else ""
    return f"{code(release_name(group.entry))}{environments}"


def _chart(entry: ChartEntry) -> str:
    """With a link to where it comes from, where that is one."""
    link = entry.repository if entry.repository and _HTTPS.match(entry.repository) else None
    return f"{code(entry.chart)} [repository](<{link}>)" if link else code(entry.chart)
