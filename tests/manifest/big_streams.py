"""Long streams through standard input: how long a scan takes, and how much memory.

python -m tests.manifest.big_streams --size 1024
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

FLAGGED = 1000  # one object of so many is removed at the target
MIB = 1024 * 1024


class Outcome(NamedTuple):
    objects: int  # written
    resources: int  # counted by the scan
    findings: int
    skipped: list[str]
    seconds: float
    rss_mib: float


def pod(number: int) -> dict[str, object]:
    """What `kubectl get` shows of a pod, or of something that is removed."""
    metadata = {"name": f"cart-{number}", "namespace": f"team-{number % 50}", "labels": {"app": "cart", "tier": "shop"}}
    if number % FLAGGED == 0:
        spec: dict[str, object] = {"minAvailable": 1, "selector": {"matchLabels": {"app": "cart"}}}
        return {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"cart-{number // 3}", "uid": "0-1-2"}
    container = {
        "name": "cart",
        "image": f"registry.example.com/shop/cart:{number % 7}",
        "args": ["--listen", ":8080", '--motto="it\'s {open}"'],
        "env": [{"name": f"V{n}", "value": f"some value of {n}: {number}"} for n in range(12)],
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}},
        "volumeMounts": [{"mountPath": "/var/run/secrets", "name": "token", "readOnly": True}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "ownerReferences": [owner], "uid": f"{number:032x}"},
        "spec": {"containers": [container], "nodeName": f"node-{number % 100}", "priority": 0},
        "status": {"phase": "Running", "conditions": [{"status": "True", "type": f"C{n}"} for n in range(6)]},
    }


def _yaml(value: object, indent: str) -> str:
    """Block style as kubectl writes it."""
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            if isinstance(item, dict):
                lines.append(f"{indent}{key}:\n{_yaml(item, indent + '  ')}")
            elif isinstance(item, list):
                parts = [_yaml(one, indent + "  ") for one in item]
                lines.append(f"{indent}{key}:\n" + "\n".join(indent + "- " + part.lstrip(" ") for part in parts))
            else:
                lines.append(f"{indent}{key}: {json.dumps(item) if ' ' in str(item) else item}")
        return "\n".join(lines)
    return indent + (json.dumps(value) if isinstance(value, str) else str(value))


def yaml_documents(size: int) -> Iterator[str]:
    written = number = 0
    while written < size:
        text = "---\n" + _yaml(pod(number), "") + "\n"
        written += len(text)
        number += 1
        yield text


def yaml_list(size: int) -> Iterator[str]:
    yield "apiVersion: v1\nitems:\n"
    written = number = 0
    while written < size:
        text = "- " + _yaml(pod(number), "  ")[2:] + "\n"
        written += len(text)
        number += 1
        yield text
    yield 'kind: List\nmetadata:\n  resourceVersion: ""\n'


def json_list(size: int) -> Iterator[str]:
    yield '{\n    "apiVersion": "v1",\n    "items": [\n'
    written = number = 0
    while written < size:
        text = json.dumps(pod(number), indent=4).replace("\n", "\n        ")
        text = ("        " if number == 0 else ",\n        ") + text
        written += len(text)
        number += 1
        yield text
    yield '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'


STREAMS: dict[str, Callable[[int], Iterator[str]]] = {
    "yaml-documents": yaml_documents,
    "yaml-list": yaml_list,
    "json-list": json_list,
}


# Between a fork and its exec a child is as large as its parent, and that counts: the parent has to be small.
_SMALL_PARENT = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:]);"
    "sys.stderr.write(f'\\n{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}')"
)


def scan(parts: Iterator[str]) -> Outcome:
    """Scans what `parts` give, on standard input; `objects` stays 0."""
    command = [sys.executable, "-m", "k8supgrade", "scan", "--target", "1.28", "-o", "json", "-"]
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", _SMALL_PARENT, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output: list[bytes] = []
    assert process.stdin is not None
    assert process.stdout is not None
    reader = threading.Thread(target=lambda out: output.append(out.read()), args=(process.stdout,))
    reader.start()
    _write(process.stdin, parts)
    reader.join()
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as errors:
        peak = int(errors.read().split()[-1])
    process.wait()
    report = json.loads(output[0])
    return Outcome(
        objects=0,
        resources=report["scanned"]["resources"],
        findings=sum(len(one["origins"]) for one in report["findings"]),
        skipped=[f"{one['origin']['line'] if one['origin'] else ''}: {one['reason']}" for one in report["skipped"]],
        seconds=time.monotonic() - start,
        rss_mib=peak / (1024 if sys.platform != "darwin" else MIB),
    )


def _write(stream: IO[bytes], parts: Iterator[str]) -> None:
    with stream:
        pending: list[str] = []
        size = 0
        for part in parts:
            pending.append(part)
            size += len(part)
            if size > MIB:
                stream.write("".join(pending).encode())
                pending, size = [], 0
        stream.write("".join(pending).encode())


def measure(name: str, size: int) -> Outcome:
    """`size` in MiB. The parts are repeated from a few that are made once: writing must not be what takes long."""
    counted = 0

    def parts() -> Iterator[str]:
        nonlocal counted
        for part in STREAMS[name](size * MIB):
            counted += '"apiVersion"' in part or "apiVersion" in part
            yield part

    outcome = scan(parts())
    return outcome._replace(objects=counted - (name != "yaml-documents"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, required=True, help="MiB of each stream")
    parser.add_argument("--stream", choices=sorted(STREAMS), action="append", help="only this one; repeatable")
    options = parser.parse_args()
    for name in options.stream or STREAMS:
        one = measure(name, options.size)
        sys.stdout.write(
            f"{name:16}{options.size:6} MiB {one.seconds:7.1f} s {one.rss_mib:6.0f} MiB peak  {one.objects} objects, "
            f"{one.resources} counted, {one.findings} findings, skipped: {one.skipped}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
