"""Which mode `centnn compress` codes a picture in: photo mode, or with a codebook (VQ mode)."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.cli.errors import UsageError

__all__ = ["check_options", "is_for_photo_mode", "vq_options"]


def vq_options(args: argparse.Namespace) -> list[str]:
    """Return the options given that ask for VQ mode."""
    given = {
        "-k": args.k is not None,
        "-b": args.block is not None,
        "--codebook": args.codebook is not None,
        "--rate-weight": args.rate_weight is not None,
        "--colour rgb": args.colour == "rgb",
    }
    return [name for name, is_given in given.items() if is_given]


def check_options(args: argparse.Namespace) -> None:
    """Raise UsageError if options contradict each other."""
    of_vq, of_photo = vq_options(args), _photo_options(args)
    if of_vq and of_photo:
        raise UsageError(f"give either {of_photo[0]}, of photo mode, or {of_vq[0]}, of VQ mode")
    if args.psnr is not None or args.bpp is not None:
        target = "--psnr" if args.psnr is not None else "--bpp"
        for name, value in (("-k", args.k), ("--codebook", args.codebook)):
            if value is not None:
                raise UsageError(f"give either {target}, which finds a codebook, or {name}")
    of_training = _training_options(args)
    if args.codebook is not None and of_training:
        raise UsageError(f"give either --codebook, which is trained, or {of_training[0]}")


def is_for_photo_mode(img: NDArray[Any], args: argparse.Namespace) -> bool:
    """Tell whether to code a picture in photo mode, which is the usual one for 8 bits."""
    if img.dtype == np.uint8:
        return not vq_options(args)
    of_photo = _photo_options(args)
    if of_photo:
        raise ValueError(f"{of_photo[0]} is of photo mode, for pictures of 8 bits, got 16")
    return False


def _photo_options(args: argparse.Namespace) -> list[str]:
    given = {"--quality": args.quality is not None, "--no-filter": args.no_filter}
    return [name for name, is_given in given.items() if is_given]


def _training_options(args: argparse.Namespace) -> list[str]:
    given = {"-k": args.k, "-b": args.block, "--colour": args.colour, "--effort": args.effort}
    return [name for name, value in given.items() if value is not None]
