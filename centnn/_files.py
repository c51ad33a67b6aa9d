"""Write files whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that it appears whole or not at all.

    An existing file is replaced only once the new one is safely on the disk, which has its
    permissions; a symbolic link is followed. What is no regular file (a device, a pipe) is written
    to directly. A process that is killed meanwhile may leave `.centnn-*.tmp` in the same folder.

    Parameters
    ----------
    path : path
        The file to write. Its folder must exist.
    data : bytes
        All that is to be in it.

    Raises
    ------
    OSError
        If it cannot be written; it names `path`, and nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _write_beside_and_rename(target, data)
    except OSError as error:
        # The original may name the temporary file, or none.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _write_beside_and_rename(target: Path, data: bytes) -> None:
    # Not tempfile: its files are readable by their owner only, and the result would stay so.
    temporary = target.with_name(f".centnn-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            if target.exists():
                shutil.copymode(target, temporary)  # first: what is written may be private
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
