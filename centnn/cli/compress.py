"""`centnn compress`, `decompress` and `train`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from centnn.cli.errors import UsageError
from centnn.cli.files import BOOK, CVQ, PNG, Output, keep, naming, pairs, read
from centnn.cli.modes import check_options, is_for_photo_mode, vq_options
from centnn.cli.pictures import encode_png, read_picture
from centnn.cli.report import progress, progress_to_target, tell
from centnn.image.container import N_CODEWORDS

if TYPE_CHECKING:
    from centnn.image.goal import Attempt

__all__ = ["compress", "decompress", "train"]

Array = NDArray[Any]

BLOCK = (4, 4)


def compress(args: argparse.Namespace) -> None:
    """Compress pictures."""
    check_options(args)
    todo = pairs(args, CVQ)
    book = _shared_book(args.codebook)
    for source, target in todo:
        img = read_picture(source, quiet=args.quiet)
        with naming(source):
            if is_for_photo_mode(img, args):
                data, reached = _in_photo_mode(img, args, source.name)
            else:
                data, reached = _compressed(img, args, source.name, book)
        target.write(data)
        facts = {
            "file": str(target.path),
            "bytes": len(data),
            "bpp": 8 * len(data) / (img.shape[0] * img.shape[1]),
            **_quality(img, data, book),
            **reached,
        }
        tell(facts, as_json=args.json, quiet=args.quiet, on_stderr=target.is_standard)


def decompress(args: argparse.Namespace) -> None:
    """Decompress files to PNG pictures."""
    from centnn.image.container import decompress as restore

    todo = pairs(args, PNG)
    book = _shared_book(args.codebook)
    for source, target in todo:
        data = read(source)
        with naming(source):
            img = restore(data, codebook=book, max_pixels=args.max_pixels, upto=args.upto)
            png = encode_png(img)
        target.write(png)
        facts = {"file": str(target.path), "width": img.shape[1], "height": img.shape[0]}
        tell(facts, as_json=args.json, quiet=args.quiet, on_stderr=target.is_standard)


def train(args: argparse.Namespace) -> None:
    """Train a codebook on pictures."""
    target = Output(args.output, BOOK, force=args.force)
    keep(args.paths, [target])
    data = _trained(args, target.path.name) if args.dask is None else _trained_on_cluster(args)
    target.write(data)
    facts = {"file": str(target.path), "bytes": len(data), "pictures": len(args.paths)}
    tell(facts, as_json=args.json, quiet=args.quiet, on_stderr=target.is_standard)


def _shared_book(path: Path | None) -> bytes | None:
    """Return what is in the file of a codebook, if one is given."""
    from centnn.image.version2 import unpack_book

    if path is None:
        return None
    book = read(path)
    with naming(path):
        unpack_book(book)  # here, for it to be blamed, and not a picture
    return book


def _trained(args: argparse.Namespace, name: str) -> bytes:
    """Return a codebook that is trained here."""
    from centnn.image.container import train_codebook

    images = [read_picture(path, quiet=args.quiet) for path in args.paths]
    with progress(name, args.k or N_CODEWORDS, _largest(images[0]), quiet=args.quiet) as callback:
        return train_codebook(
            images, args.k, args.block or BLOCK, **_options(args), callback=callback
        )


def _trained_on_cluster(args: argparse.Namespace) -> bytes:
    """Return a codebook that is trained where workers read the pictures."""
    if args.rate_weight is not None:
        raise UsageError("give either --dask or --rate-weight, which needs all pictures in memory")
    from centnn.cli.cluster import connected, task_progress

    with connected(args.dask) as client, task_progress(client, quiet=args.quiet):
        import dask

        from centnn.image.dask import train_codebook

        images = [dask.delayed(read_picture)(path.absolute()) for path in args.paths]
        try:
            return train_codebook(images, args.k, args.block or BLOCK, **_options(args))
        except (ImportError, RuntimeError) as error:  # of workers, and of pictures they cannot read
            raise ValueError(str(error)) from error


def _compressed(
    img: Array, args: argparse.Namespace, name: str, book: bytes | None
) -> tuple[bytes, dict[str, Any]]:
    """Return a file with a codebook of its own or a shared one, and what to tell of how."""
    from centnn.image.container import compress as code

    if args.psnr is not None or args.bpp is not None:
        return _to_target(img, args, name)
    if book is not None:
        return code(img, codebook=book, rate_weight=args.rate_weight or 0.0), {}
    with progress(name, args.k or N_CODEWORDS, _largest(img), quiet=args.quiet) as callback:
        options = {**_options(args), "callback": callback}
        data = code(img, args.k, args.block or BLOCK, **options)
    return data, {"note": _note(img, args)}


def _in_photo_mode(img: Array, args: argparse.Namespace, name: str) -> tuple[bytes, dict[str, Any]]:
    """Return a file with the codebooks that come with the library, and what to tell of how."""
    from centnn.image.photo import DEFAULT_QUALITY, compress_photo
    from centnn.image.photo_targets import compress_photo_to

    options = {"colour": args.colour, "filtered": not args.no_filter}
    if args.effort is not None:
        options["effort"] = args.effort
    if args.psnr is None and args.bpp is None:
        quality = DEFAULT_QUALITY if args.quality is None else args.quality
        return compress_photo(img, quality, **options), {"quality": quality}
    with progress_to_target(name, quiet=args.quiet) as report:
        found = compress_photo_to(img, psnr=args.psnr, bpp=args.bpp, options=options, report=report)
    return found.data, {
        "colour": found.colour,
        "quality": found.quality,
        "missed": _missed(found, args),
    }


def _to_target(img: Array, args: argparse.Namespace, name: str) -> tuple[bytes, dict[str, Any]]:
    from centnn.image.targets import compress_to

    options = _options(args)
    with progress_to_target(name, quiet=args.quiet) as report:
        found = compress_to(
            img, psnr=args.psnr, bpp=args.bpp, block=args.block, options=options, report=report
        )
    return found.data, {
        "codewords": found.n_codewords,
        "block": f"{found.block[0]}x{found.block[1]}",
        "missed": _missed(found, args),
        "note": _note(img, args),
    }


def _missed(found: Attempt, args: argparse.Namespace) -> str | None:
    """Say that what was found is not what was asked for, if so."""
    from centnn.image.goal import Goal

    goal = Goal(args.psnr, args.bpp)
    return None if goal.reaches(found) else f"{goal}: this is as near as it gets"


def _note(img: Array, args: argparse.Namespace) -> str | None:
    """Say why the mode is not the one that is usual without options, if so."""
    is_deep = img.dtype == np.uint16 and not vq_options(args)
    return "16 bits a channel: not for photo mode, trained a codebook" if is_deep else None


def _options(args: argparse.Namespace) -> dict[str, Any]:
    options = {
        "colour": args.colour,
        "rate_weight": args.rate_weight,
        "effort": args.effort,
    }
    return {name: value for name, value in options.items() if value is not None}


def _quality(img: Array, data: bytes, book: bytes | None) -> dict[str, Any]:
    from centnn.image.container import decompress as restore
    from centnn.image.goal import picture_psnr

    reached = picture_psnr(img, restore(data, codebook=book))
    return {"psnr": reached} if np.isfinite(reached) else {"lossless": True}


def _largest(img: Array) -> int:
    return int(np.iinfo(img.dtype).max)
