"""What a chart that is at hand says of itself: Chart.yaml of a directory or an archive."""

from __future__ import annotations

import os
from typing import Any

from k8supgrade.model.pin import Published

MAX_BYTES = 1 << 20
_HEAD = 64 << 20  # how far into an archive Chart.yaml is looked for


class LocalChartError(Exception):
    """The chart cannot be read; the message says why."""


def read_chart(path: str) -> Published:
    """The version, and what else Chart.yaml tells of it.

    Raises:
        LocalChartError: there is no chart, or its Chart.yaml cannot be read.
    """
    import yaml

    try:
        text = _of_directory(path) if os.path.isdir(path) else _of_archive(path)
        if len(text) > MAX_BYTES:
            raise LocalChartError(f"{path}: Chart.yaml is larger than {MAX_BYTES >> 20} MiB")
        # Without tags every scalar is text: `appVersion: 1.10` stays what it is.
        found = yaml.load(text, Loader=yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader)  # noqa: S506
    except FileNotFoundError as error:
        raise LocalChartError(f"{path}: no chart there") from error
    except OSError as error:
        raise LocalChartError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LocalChartError(f"{path}: Chart.yaml is no YAML: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("version"), str):
        raise LocalChartError(f"{path}: Chart.yaml names no version")
    return Published(
        version=found["version"],
        app_version=_text(found, "appVersion"),
        kube_version=_text(found, "kubeVersion"),
        deprecated=found.get("deprecated") == "true",
    )


def _text(found: dict[str, Any], key: str) -> str | None:
    value = found.get(key)
    return value if isinstance(value, str) and value else None


def _of_directory(path: str) -> bytes:
    with open(os.path.join(path, "Chart.yaml"), "rb") as file:
        return file.read(MAX_BYTES + 1)


def _of_archive(path: str) -> bytes:
    import gzip
    import tarfile
    import zlib

    read = 0
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as members:
            for member in members:
                read += member.size
                if read > _HEAD:
                    break
                parts = member.name.removeprefix("./").split("/")
                if member.isreg() and len(parts) == 2 and parts[1] == "Chart.yaml":
                    content = members.extractfile(member)
                    return content.read(MAX_BYTES + 1) if content else b""
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise LocalChartError(f"{path}: not a readable chart archive: {error}") from error
    raise LocalChartError(f"{path}: no chart: there is no Chart.yaml in it")
