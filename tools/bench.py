"""`make bench`: how fast the scan is, as ratios taken in one run on this machine.

Every line compares two commands that run in turn, A B A B …; the ratio is the median of the pairs' ratios, so that a
machine that slows down slows both. Nothing here is an absolute promise, and nothing is asserted.
"""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from tools import bench_corpus

EMPTY_PROGRAM = """
import click

@click.group()
def cli() -> None:
    "An empty program."

@cli.command()
def nothing() -> None:
    "Does nothing."

cli()
"""
SMALL_FILE = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata:\n  name: cart\n"


class Measured(NamedTuple):
    """Medians in seconds, the median of the ratios of pairs, and the smallest and largest of those."""

    ours: float
    theirs: float
    ratio: float
    low: float
    high: float


def seconds(command: Sequence[str]) -> float:
    """Wall time of one run; the output is thrown away, the exit code is the command's own business."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def compare(ours: Sequence[str], theirs: Sequence[str], runs: int) -> Measured:
    """Runs the two commands in turn after one warm-up of each."""
    seconds(ours), seconds(theirs)
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    ratios = [a / b for a, b in pairs]
    return Measured(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def peak_memory(command: Sequence[str], feed: Callable[[int], None] | None = None) -> int:
    """The largest resident set of one run and its children, in bytes. `feed` writes its standard input."""
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if process.stdin is not None:
        if feed is not None:
            feed(process.stdin.fileno())
        process.stdin.close()
    errors = process.stderr.read().decode() if process.stderr is not None else ""
    process.wait()
    unit = 1 if sys.platform == "darwin" else 1024
    return int(errors.strip().splitlines()[-1]) * unit


def feed_documents(size: int) -> Callable[[int], None]:
    """A multi-document stream of about `size` bytes."""

    def feed(descriptor: int) -> None:
        chunk = "".join(f"---\n{bench_corpus.document(n, removed=n % 100 == 0)}" for n in range(1000)).encode()
        for _ in range(size // len(chunk)):
            _write(descriptor, chunk)

    return feed


def feed_list(size: int) -> Callable[[int], None]:
    """A JSON List of about `size` bytes, as `kubectl get --all-namespaces -o json` writes it."""

    def feed(descriptor: int) -> None:
        pad = " " * 8
        item = (
            f'{pad}{{\n{pad}    "apiVersion": "v1",\n{pad}    "kind": "ConfigMap",\n'
            f'{pad}    "data": {{"key": "{"x" * 2000}"}},\n'
            f'{pad}    "metadata": {{"name": "cart", "namespace": "shop"}}\n{pad}}}'
        )
        chunk = (item + ",\n") * 500
        _write(descriptor, b'{\n    "apiVersion": "v1",\n    "items": [\n')
        for _ in range(size // len(chunk)):
            _write(descriptor, chunk.encode())
        _write(descriptor, (item + '\n    ],\n    "kind": "List"\n}\n').encode())

    return feed


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@click.command()
@click.option("--runs", default=7, show_default=True, help="Counted runs of each command.")
@click.option("--memory-mib", default=1024, show_default=True, help="Size of the streams whose memory is measured.")
@click.option("--corpus", type=click.Path(exists=True, file_okay=False), help="Also scan this directory of manifests.")
def main(runs: int, memory_mib: int, corpus: str | None) -> None:
    """Print the ratios."""
    scan = [sys.executable, "-m", "k8supgrade", "scan", "--target", "1.28"]
    # As an installed wheel has them: an editable install where nothing may write bytecode would compile at each start.
    compileall.compile_dir(Path(__file__).parent.parent / "k8supgrade", quiet=1)
    with tempfile.TemporaryDirectory(prefix="k8supgrade-bench-") as name:
        root = Path(name)
        click.echo(f"Python {sys.version.split()[0]}, {len(os.sched_getaffinity(0))} processors, {runs} runs each\n")
        _start_up(root, scan, runs)
        corpora = {"clean": None, "a third with findings": 3}
        for number, (label, every) in enumerate(corpora.items()):
            directory = root / f"corpus-{number}"
            size = bench_corpus.write(directory, every=every)
            _files(f"{bench_corpus.FILES:,} files, {size / 1e6:.0f} MB, {label}", directory, scan, runs)
        if corpus is not None:
            _files(corpus, Path(corpus), scan, runs)
    size = memory_mib << 20
    for label, feed in (("YAML documents", feed_documents(size)), ("one JSON List", feed_list(size))):
        start = time.perf_counter()
        peak = peak_memory([*scan, "-"], feed)
        took = time.perf_counter() - start
        click.echo(f"{memory_mib} MiB of {label} on stdin: peak memory {peak / 2**20:.0f} MiB ({took:.0f} s)")


def _start_up(root: Path, scan: list[str], runs: int) -> None:
    empty = root / "empty.py"
    empty.write_text(EMPTY_PROGRAM)
    small = root / "pdb.yaml"
    small.write_text(SMALL_FILE)
    nothing = [sys.executable, str(empty), "nothing"]
    show("--version / an empty click program", compare([*scan[:3], "--version"], nothing, 3 * runs))
    show("scan of one small file / an empty click program", compare([*scan, str(small)], nothing, 3 * runs))


def _files(label: str, directory: Path, scan: list[str], runs: int) -> None:
    cat = ["sh", "-c", 'find "$0" -type f -print0 | xargs -0 cat | wc -c', str(directory)]
    show(f"{label}: scan / cat", compare([*scan, str(directory)], cat, runs))
    as_json = [*scan, str(directory), "-o", "json"]
    show(f"{label}: scan -o json / cat", compare(as_json, cat, runs))


def show(label: str, measured: Measured) -> None:
    click.echo(
        f"{label}: {measured.ratio:.2f} ({measured.low:.2f} to {measured.high:.2f}; "
        f"{measured.ours * 1000:.0f} ms against {measured.theirs * 1000:.0f} ms)"
    )


if __name__ == "__main__":
    main()
