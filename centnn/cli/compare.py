"""`centnn compare`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from centnn.cli.compress import BLOCK
from centnn.cli.files import PNG, Output, keep, naming, read
from centnn.cli.pictures import decode_grey, decode_picture, resized, sample_picture, tell_of_more
from centnn.cli.report import say, tell
from centnn.image.container import N_CODEWORDS, count_blocks

if TYPE_CHECKING:
    from centnn.compare import Experiment

__all__ = ["compare"]

Array = NDArray[Any]

# What CentNN was published with, as (codewords, block), on a picture of this side.
REFERENCE_EXPERIMENTS = [(48, (1, 1)), (512, (4, 4))]
REFERENCE_SIDE = 128
PLOT = Path("centnn-compare.png")


def compare(args: argparse.Namespace) -> None:
    """Run the experiments asked for, print what comes out of each, and draw it."""
    from centnn import compare

    target = Output(args.plot or PLOT, PNG, force=args.force or args.plot is None)
    keep([] if args.image is None else [args.image], [target])
    experiments = list(_experiments(args))
    target.write(compare.draw(experiments))
    if not args.quiet and not args.json:
        say(f"drawn side by side in {target.path}")


def _experiments(args: argparse.Namespace) -> Iterator[Experiment]:
    from centnn import compare

    as_published = args.k is None and args.block is None
    name, img = _picture(args.image, grey=as_published, quiet=args.quiet)
    side = REFERENCE_SIDE if as_published and args.resize is None else args.resize
    if side is not None:
        img = resized(img, side)
    plan = REFERENCE_EXPERIMENTS if as_published else [(N_CODEWORDS, args.block or BLOCK)]
    for usual, block in plan:
        n_codewords = args.k or min(usual, count_blocks(img, block, "rgb"))
        size = f"{img.shape[1]}x{img.shape[0]}"
        title = f"{name} at {size}: {_samples(img, block)}, K = {n_codewords}"
        if not args.quiet and not args.json:
            say(title)
        results = compare.compare_methods(img, n_codewords, block)
        for result in results if args.json else []:
            facts = {
                "experiment": title,
                "method": result.name,
                "psnr": result.psnr,
                "seconds": result.seconds,
                "bpp": result.bits_per_pixel,
            }
            tell(facts, as_json=True, quiet=False)
        if not args.quiet and not args.json:
            for line in [*compare.format_table(results).splitlines(), ""]:
                say(line)
        yield compare.Experiment(title, img, results)


def _picture(path: Path | None, *, grey: bool, quiet: bool) -> tuple[str, Array]:
    """Return the name and the pixels of a picture; without a path, of a sample photograph."""
    if path is None:
        import cv2

        img = sample_picture()
        return "astronaut", np.asarray(cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)) if grey else img
    data = read(path)
    with naming(path):
        img = decode_picture(data)
        if img.dtype != np.uint8 or img.shape[2:] not in ((), (3,)):
            raise ValueError(
                "a picture to compare must be grey or RGB of 8 bits, "
                f"got {img.dtype} of shape {img.shape}"
            )
        if grey:
            img = decode_grey(data)
    if not quiet:
        tell_of_more(path, data)
    return path.name, img


def _samples(img: Array, block: tuple[int, int]) -> str:
    """Say what the samples are that a picture is cut into."""
    if block == (1, 1):
        return "grey levels" if img.ndim == 2 else "colours"
    return f"{block[0]}x{block[1]} {'grey' if img.ndim == 2 else 'colour'} blocks"
