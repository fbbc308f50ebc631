"""Files that are replaced in one step: nobody reads half of one, and a failure leaves the old one."""

from __future__ import annotations

import contextlib
import os


def replace_file(path: str, data: bytes, *, mode: int = 0o600) -> None:
    """Writes beside the file and renames. `mode` are the permissions that it has then.

    Raises:
        OSError: the directory takes no new file.
    """
    import tempfile

    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".k8supgrade-")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
