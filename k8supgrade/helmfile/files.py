"""Files of a Helmfile, read with their ends of lines; never a device, never without an end."""

from __future__ import annotations

import os
import stat

MAX_BYTES = 16 << 20


class FileError(Exception):
    """The file cannot be read; the message says why, without its path."""


def read_text(path: str) -> str:
    """The text as it is on disk, a byte order mark and carriage returns included.

    Raises:
        FileError: it is not there, no plain file, too large or not UTF-8.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileError("it is a directory" if os.path.isdir(path) else "it is no regular file")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileError(error.strerror or str(error)) from error
    except ValueError as error:  # a NUL in the path
        raise FileError("no such path") from error
    if len(data) > MAX_BYTES:
        raise FileError(f"it is larger than {MAX_BYTES >> 20} MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"it is not UTF-8 (byte {error.start})") from error


def beside(path: str, name: str) -> str:
    """A path that is named in the file `path`, as somebody in the working directory writes it."""
    joined = os.path.normpath(os.path.join(os.path.dirname(path), os.path.expanduser(name)))
    return joined.replace(os.sep, "/")
