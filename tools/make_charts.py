"""Packs charts-fixtures/charts into charts-fixtures/repository, archives and index, as `helm package` and `helm repo
index` would, but the same bytes on every machine.

`python -m tools.make_charts` writes, with `--check` it compares. What zlib makes of the same bytes differs from one
build of it to another, and the index has the digests: archives are compressed by a few lines here instead.
"""

from __future__ import annotations

import hashlib
import re
import struct
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Any

import yaml

from k8supgrade.helmfile.semver import newest_first

ROOT = Path(__file__).parents[1]
CHARTS = ROOT / "charts-fixtures" / "charts"
REPOSITORY = ROOT / "charts-fixtures" / "repository"

# The day of each release. What is not named here came out on the last of them.
CREATED = {
    "legacy-1.0.0": "2021-02-03",
    "old-batch-0.1.0": "2021-05-01",
    "old-batch-0.2.0": "2022-06-01",
    "web-1.0.0": "2022-03-01",
    "web-1.1.0": "2022-09-01",
    "web-1.2.0": "2023-04-01",
}
LATEST = "2026-06-01"
# A chart in this directory of another one goes packed into its charts/.
PACKED = "packed"


def packed(chart: Path, name: str) -> bytes:
    """The archive of a chart directory, everything below `name`/."""
    files = {path.relative_to(chart).as_posix(): path.read_bytes() for path in chart.rglob("*") if path.is_file()}
    inner = chart / PACKED
    if inner.is_dir():
        files = {path: data for path, data in files.items() if not path.startswith(f"{PACKED}/")}
        metadata = _metadata(inner)
        files[f"charts/{metadata['name']}-{metadata['version']}.tgz"] = packed(inner, metadata["name"])
    blocks = []
    for path in sorted(files, key=lambda path: (path != "Chart.yaml", path)):
        member = tarfile.TarInfo(f"{name}/{path}")
        member.size = len(files[path])
        member.mode = 0o644
        blocks += [member.tobuf(tarfile.USTAR_FORMAT), files[path], bytes(-member.size % tarfile.BLOCKSIZE)]
    return zipped(b"".join([*blocks, bytes(2 * tarfile.BLOCKSIZE)]))


def zipped(data: bytes) -> bytes:
    """gzip (RFC 1952) of one block with the fixed codes of RFC 1951, 3.2.6, in which only runs of a byte are shortened.

    Most of a small tar archive is runs of zeros.
    """
    bits = ["1", "10"]
    for run in re.finditer(rb"(.)\1*", data, re.DOTALL):
        byte, again = run[1][0], len(run[0]) - 1
        literal = f"{0x30 + byte:08b}" if byte < 144 else f"{0x190 - 144 + byte:09b}"
        longest, rest = divmod(again, 258)
        tens, rest = divmod(rest, 10)
        bits += [literal, f"{0b11000101:08b}00000" * longest, f"{264 - 256:07b}00000" * tens, literal * rest]
    stream = "".join(bits) + "0" * 7
    stream += "0" * (-len(stream) % 8)
    block = bytes(int(stream[at : at + 8][::-1], 2) for at in range(0, len(stream), 8))
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + block + struct.pack("<II", zlib.crc32(data), len(data))


def repository() -> dict[str, bytes]:
    """Every file of the repository by its name."""
    entries: dict[str, list[dict[str, Any]]] = {}
    files: dict[str, bytes] = {}
    for chart in sorted(CHARTS.iterdir()):
        metadata = _metadata(chart)
        archive = f"{metadata['name']}-{metadata['version']}.tgz"
        assert chart.name == archive.removesuffix(".tgz"), chart.name
        files[archive] = packed(chart, metadata["name"])
        entry = {
            **metadata,
            "created": f"{CREATED.get(chart.name, LATEST)}T09:00:00Z",
            "digest": hashlib.sha256(files[archive]).hexdigest(),
            "urls": [archive],
        }
        entries.setdefault(metadata["name"], []).append(dict(sorted(entry.items())))
    for versions in entries.values():
        order = newest_first([one["version"] for one in versions])
        versions.sort(key=lambda one: order.index(one["version"]))
    index = {"apiVersion": "v1", "entries": entries, "generated": f"{LATEST}T09:00:00Z"}
    files["index.yaml"] = yaml.safe_dump(index, sort_keys=False).encode()
    return files


def _metadata(chart: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    return found


def main(arguments: list[str]) -> int:
    wanted = repository()
    there = {path.name: path.read_bytes() for path in REPOSITORY.glob("*")} if REPOSITORY.is_dir() else {}
    if arguments == ["--check"]:
        different = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        if different:
            sys.stderr.write(f"run `make golden`: not as packed: {', '.join(different)}\n")
        return 1 if different else 0
    REPOSITORY.mkdir(exist_ok=True)
    for name in there.keys() - wanted.keys():
        (REPOSITORY / name).unlink()
    for name, data in wanted.items():
        (REPOSITORY / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
