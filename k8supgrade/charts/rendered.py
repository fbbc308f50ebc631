"""The objects in what Helm has rendered."""

from __future__ import annotations

import io
from collections.abc import Iterator

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_in_portions
from k8supgrade.manifest.records import Records
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Skipped


def objects(text: bytes, chart: str, interest: Interest) -> Iterator[Resource | Skipped]:
    """Those that the checks want to see; `chart` names the chart in what cannot be read."""
    records = Records()
    try:
        for _ in read_in_portions(io.BytesIO(text).read, interest, records):
            yield from _items(records, chart)
    except UnreadableError as error:
        yield from _items(records, chart)
        yield Skipped(what=chart, reason=str(error))


def _items(records: Records, chart: str) -> Iterator[Resource | Skipped]:
    found, faults = records.take()
    for line, reason in faults:
        yield Skipped(what=chart, reason=f"line {line} of what it renders: {reason}")
    for line, index, api_version, kind, namespace, name, template, duplicates, manifest, _ in found:
        yield Resource(
            ref=ObjectRef(api_version=api_version, kind=kind, namespace=namespace, name=name),
            origin=FileOrigin(path=chart, line=line, template=template),
            index=index,
            manifest=manifest,
            duplicates=duplicates,
        )
