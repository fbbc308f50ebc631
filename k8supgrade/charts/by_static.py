"""A chart judged by its templates as they are written: for where no helm is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence, Set

from k8supgrade.charts.examiner import Examiner
from k8supgrade.charts.judge import Judged, sentences, verdict
from k8supgrade.charts.static import made
from k8supgrade.charts.static_documents import Made
from k8supgrade.model.finding import Severity
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import ObjectRef, Resource
from k8supgrade.model.version import KubeVersion
from k8supgrade.sources.chart_copy import ChartError, copy_chart


def by_static(
    path: str, kubernetes: KubeVersion, kube_version: str, served: Set[str], examiner: Examiner, why: str
) -> Judged:
    """Not ready where what is certainly made fails; unknown where something that may be made would.

    `why`: the end of the sentence that tells that nothing was rendered.
    """
    with tempfile.TemporaryDirectory(prefix="k8supgrade-") as directory:
        chart = os.path.join(directory, "chart")
        try:
            copy_chart(path, chart, served)
        except ChartError as error:
            return Judged("unknown", "none", (f"chart not read: {error}",))
        except OSError as error:
            return Judged("unknown", "none", (f"chart not read: {error.strerror or error}",))
        found, unreadable = made(chart, kube_version=kube_version, api_versions=served)
    certain = examiner.examine(_resources([one for one in found if one.certainty == "certain"]), kubernetes)
    possible = examiner.examine(_resources([one for one in found if one.certainty == "possible"]), kubernetes)
    judged = verdict("static", certain)
    maybe = sentences([finding for finding in possible.findings if finding.severity is Severity.BLOCKER])
    gaps = [f"{_shown(one.template)}:{one.line}: {one.reason}" for one in unreadable]
    reasons = (
        *judged.reasons,
        *(f"depending on values: {text}" for text in maybe),
        *(f"not worked out: {gap}" for gap in gaps),
        f"the templates were read, not rendered{why}",
    )
    if judged.status == "ready" and (maybe or gaps):
        judged = judged._replace(status="unknown")
    return judged._replace(reasons=reasons)


def _resources(found: Sequence[Made]) -> Iterator[Resource]:
    for index, one in enumerate(found):
        yield Resource(
            ref=ObjectRef(api_version=one.api_version, kind=one.kind, namespace=None, name=None),
            origin=FileOrigin(path=one.template, line=one.line, template=_shown(one.template)),
            index=index,
        )


def _shown(template: str) -> str:
    """A sub-chart's archive is unpacked for reading; in the chart there is none of that directory."""
    return template.replace("-unpacked/", ".tgz/")
