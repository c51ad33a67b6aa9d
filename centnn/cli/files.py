"""Where commands read and write: files, folders, standard input and output."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from centnn._files import write_atomically
from centnn.cli.errors import UsageError, in_options

__all__ = ["BOOK", "CVQ", "PNG", "STANDARD", "Output", "keep", "naming", "pairs", "read"]

STANDARD = Path("-")  # standard input or output

# What is written.
CVQ, BOOK, PNG = ".cvq", ".cvb", ".png"
# Ends of names that tell what is in a file. Others, as in `mktemp`'s, do not.
TELLING = {CVQ, BOOK, PNG, ".apng", ".avif", ".bmp", ".gif", ".heic", ".j2k", ".jp2", ".jpe"}
TELLING |= {".jpeg", ".jpg", ".jxl", ".pbm", ".pgm", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}


class Output:
    """A file to write, refused at once if it is there, or if its name tells another kind."""

    def __init__(self, path: Path, suffix: str, *, force: bool) -> None:
        self.path = path
        # Whatever --force says: it may be a slip, such as `compress *.png` where there are two.
        if path.suffix.lower() in TELLING - {suffix}:
            raise UsageError(f"{path}: it must end in {suffix}, which is what is written")
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


def pairs(args: argparse.Namespace, suffix: str) -> list[tuple[Path, Output]]:
    """Return each input of a command with its output.

    Parameters
    ----------
    args : argparse.Namespace
        `paths`: an input and an output, or inputs only with `output`: a folder for several, a
        folder or a file for one. `force`: whether existing outputs may be replaced. `codebook`, if
        the command has it, is read, too.
    suffix : str
        What outputs end in.
    """
    named = _named(args.paths, args.output, suffix)
    outputs = [Output(target, suffix, force=args.force) for _, target in named]
    book = getattr(args, "codebook", None)
    keep([source for source, _ in named] + ([] if book is None else [book]), outputs)
    return [(source, output) for (source, _), output in zip(named, outputs, strict=True)]


def _named(paths: list[Path], output: Path | None, suffix: str) -> list[tuple[Path, Path]]:
    """Return the names of inputs and outputs."""
    if output is None:
        if len(paths) != 2:
            raise UsageError(f"give one input and one output, or -o; got {len(paths)} names")
        return [(paths[0], paths[1])]
    if len(paths) == 1 and not output.is_dir():
        return [(paths[0], output)]
    if not output.is_dir():
        raise ValueError(f"{output}: it must be a folder to take several outputs")
    if STANDARD in paths:
        raise UsageError("standard input has no name that an output in a folder could have")
    named = [(path, output / path.with_suffix(suffix).name) for path in paths]
    if len({target for _, target in named}) < len(named):
        raise UsageError("two of the inputs would be written to the same file")
    return named


def keep(inputs: Iterable[Path], outputs: Iterable[Output]) -> None:
    """Raise ValueError if an output would replace an input."""
    kept = {_identity(path) for path in inputs} - {None}
    for output in outputs:
        if _identity(output.path) in kept:
            raise ValueError(f"{output.path}: it must be another file than what is read")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what all names of a regular file have in common; None for anything else."""
    if path == STANDARD:
        return None
    try:
        found = path.stat()
    except (OSError, ValueError):  # to be told by who reads or writes it
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say in which file it is that something is wrong."""
    try:
        yield
    except ValueError as error:
        name = "standard input" if path == STANDARD else path
        raise ValueError(f"{name}: {in_options(str(error))}") from None
