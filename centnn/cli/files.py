"""Where commands read and write: files, folders, standard input and output."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from centnn._files import write_atomically

__all__ = ["STANDARD", "Output", "naming", "pairs", "read"]

STANDARD = Path("-")  # standard input or output


class Output:
    """A file to write, refused at once if it is there already."""

    def __init__(self, path: Path, *, force: bool) -> None:
        self.path = path
        # What is no regular file, such as /dev/null, has nothing to lose.
        if path != STANDARD and path.is_file() and not force:
            raise FileExistsError(
                errno.EEXIST, "it is there already; --force replaces it", os.fspath(path)
            )

    @property
    def is_standard(self) -> bool:
        """Whether this is standard output."""
        return self.path == STANDARD

    def write(self, data: bytes) -> None:
        """Write the file, which appears whole or not at all."""
        if self.is_standard:
            with _standard(sys.stdout, "standard output") as out:
                out.write(data)
                out.flush()
        else:
            write_atomically(self.path, data)


def read(path: Path) -> bytes:
    """Return what is in a file, or on standard input."""
    if path != STANDARD:
        return path.read_bytes()
    with _standard(sys.stdin, "standard input") as data:
        return data.read()


@contextlib.contextmanager
def _standard(stream: TextIO | None, name: str) -> Iterator[BinaryIO]:
    """Give a standard stream as one of bytes; an OSError names it."""
    try:
        if stream is None:  # as Python has one that is closed
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        yield stream.buffer
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error


def pairs(
    paths: list[Path], output: Path | None, suffix: str, *, force: bool
) -> list[tuple[Path, Output]]:
    """Return each input with its output.

    Parameters
    ----------
    paths : list of Path
        An input and an output, or with `output` inputs only.
    output : Path, optional
        What `-o` names: a folder for several inputs, a folder or a file for one.
    suffix : str
        What outputs in a folder end in.
    force : bool
        Whether existing outputs may be replaced.
    """
    if output is None:
        if len(paths) != 2:
            raise ValueError(f"give one input and one output, or -o; got {len(paths)} names")
        named = [(paths[0], paths[1])]
    elif len(paths) == 1 and not output.is_dir():
        named = [(paths[0], output)]
    else:
        if not output.is_dir():
            raise ValueError(f"{output}: it must be a folder to take several outputs")
        if STANDARD in paths:
            raise ValueError("standard input has no name that an output in a folder could have")
        named = [(path, output / path.with_suffix(suffix).name) for path in paths]
        doubled = len({target for _, target in named}) < len(named)
        if doubled:
            raise ValueError("two of the inputs would be written to the same file")
    return [(source, Output(target, force=force)) for source, target in named]


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say in which file it is that something is wrong."""
    try:
        yield
    except ValueError as error:
        name = "standard input" if path == STANDARD else path
        raise ValueError(f"{name}: {error}") from None
