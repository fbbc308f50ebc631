"""`make bench`: how fast charts are checked, against what PyYAML's C loader takes to parse the same indexes in full.

The indexes come from a server on loopback and are in the cache, so that the server says "not modified"; no archive is
fetched and nothing is rendered.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tools.bench import compare, peak_memory, show

CHARTS, VERSIONS = 41, 88
PARSE = "import sys, yaml\nfor name in sys.argv[1:]: yaml.load(open(name, 'rb'), yaml.CSafeLoader)"


def index(charts: int = CHARTS, versions: int = VERSIONS) -> bytes:
    """An index as `helm repo index` writes it, of about 1.1 kB for each version."""
    lines = ["apiVersion: v1", "entries:"]
    for chart in range(charts):
        name = f"chart-{chart:03}"
        lines.append(f"  {name}:")
        for version in range(versions - 1, -1, -1):
            digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
            lines += [
                "  - annotations:",
                "      artifacthub.io/changes: |",
                *(f"        - kind: changed\n          description: change {n} of {version}" for n in range(6)),
                "    apiVersion: v2",
                f"    appVersion: 10.{version}.0",
                '    created: "2026-01-31T09:00:00.123456789Z"',
                "    dependencies:",
                *(f"    - name: part-{n}\n      repository: https://charts.example.com\n      version: 1.{n}.0"
                  for n in range(3)),
                f"    description: The leading chart of the kind {name}",
                f"    digest: {digest}",
                "    kubeVersion: ^1.8.0-0",
                "    maintainers:",
                *(f"    - email: m{n}@example.com\n      name: maintainer-{n}" for n in range(4)),
                f"    name: {name}",
                "    type: application",
                "    urls:",
                f"    - https://charts.example.com/{name}-1.{version}.0.tgz",
                f"    version: 1.{version}.0",
            ]  # fmt: skip
    return ("\n".join([*lines, 'generated: "2026-01-31T09:00:00Z"']) + "\n").encode()


@contextmanager
def served(files: dict[str, bytes]) -> Iterator[str]:
    """The files by their path, with an ETag; the address that they are at."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            data = files.get(self.path, b"")
            known = self.headers.get("If-None-Match") == f'"{len(data)}"'
            self.send_response(304 if known else 200 if data else 404)
            self.send_header("ETag", f'"{len(data)}"')
            self.send_header("Content-Length", "0" if known else str(len(data)))
            self.end_headers()
            if not known:
                self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def helmfile(url: str, repositories: int, each: int, names: list[str]) -> str:
    lines = ["repositories:", *(f"- {{name: r{n}, url: '{url}/{n}'}}" for n in range(repositories)), "releases:"]
    for repository in range(repositories):
        lines += [
            f"- {{name: '{name}-{repository}', chart: r{repository}/{name}, version: '>=0'}}" for name in names[:each]
        ]
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--runs", default=5, show_default=True, help="Counted runs of each command.")
@click.option(
    "--index", "path", type=click.Path(exists=True), help="An index.yaml to measure with instead of a made one."
)
def main(runs: int, path: str | None) -> None:
    """Print the ratios."""
    data = Path(path).read_bytes() if path else index()
    big = index(CHARTS * 12)
    names = [name.decode() for name in re.findall(rb"^  ([a-z][a-z0-9-]*):$", data, re.MULTILINE)]
    files = {f"/{number}/index.yaml": data for number in range(5)} | {"/big/index.yaml": big}
    with tempfile.TemporaryDirectory(prefix="k8supgrade-bench-") as directory, served(files) as url:
        root = Path(directory)
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")
        (root / "index.yaml").write_bytes(data)
        command = [sys.executable, "-m", "k8supgrade", "charts", "--target", "1.28", "--evidence", "kube-version"]
        parse = [sys.executable, "-c", PARSE]
        for label, repositories, each in (("one release", 1, 1), ("100 releases of 5 repositories", 5, 20)):
            pins = root / f"{repositories}.yaml"
            pins.write_text(helmfile(url, repositories, each, names))
            ours = [*command, str(pins)]
            measured = compare(ours, [*parse, *[str(root / "index.yaml")] * repositories], runs)
            show(f"{label}, index of {len(data) / 1e6:.1f} MB: charts / PyYAML's full parse", measured)
        (root / "big.yaml").write_text(helmfile(url, 1, 1, ["chart-000"]).replace("/0'", "/big'"))
        peak = peak_memory([*command, str(root / "big.yaml")])
        click.echo(f"one release, index of {len(big) / 1e6:.0f} MB: peak memory {peak / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
