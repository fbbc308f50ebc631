"""Scan a cluster, upgrade it, and do everything again in the way in which it was done: each verdict comes true.

What is expected comes from the scan alone: a blocker must fail, and for its API; whatever else must work. Of an object
that several have written, the latest write is what will be done again; of a release, what runs its hooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.e2e.cluster import ControlPlane
from tests.e2e.predictions import Prediction, Row, scan, table
from tests.e2e.upgrade.cases import Filled


@pytest.mark.parametrize("current", ["1.24", "1.25"])
def test_each_verdict_comes_true(control_plane: Callable[..., ControlPlane], current: str) -> None:
    server = control_plane(current)
    filled = Filled(server)
    # The second one knows by name what the first one has but counted.
    predictions = [Prediction(scan(server)), Prediction(scan(server, "--allow-deprecated-calls"))]
    server.restart("1.28")
    outcomes = [filled.again(case) for case in filled.cases]
    of_releases = [filled.release_again(release) for release in filled.releases]
    for prediction in predictions:
        objects = [
            Row(f"{one.manifest['kind']} {one.manifest['metadata']['name']}", one.writer, one.manifest["apiVersion"],
                prediction.of_object(one.manifest), outcome)
            for one, outcome in zip(filled.cases, outcomes, strict=True)
        ]  # fmt: skip
        releases = [
            Row(f"release {one.name}", "helm", one.command, prediction.of_release(one), outcome)
            for one, outcome in zip(filled.releases, of_releases, strict=True)
        ]
        wrong = [row for row in objects + releases if row.predicted != row.outcome]
        assert wrong == [], table(wrong)
        assert prediction.unclaimed() == []
        # Events are not listed: the server's own count of requests tells of their API.
        assert ("warning" in prediction.of_requests("events.k8s.io/v1beta1", "Event")) == filled.has_events
        assert len(objects) >= 60
        assert len(releases) >= 8
        counts = Counter(row.verdict for row in objects + releases)
        assert counts["blocker"] >= 20, counts
        assert counts["ready"] >= 20, counts
        assert counts["warning"] >= 8, counts
        assert counts["info"] >= 3, counts
