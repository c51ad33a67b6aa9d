"""`centnn palette`."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from centnn.cli.files import PNG, naming, pairs
from centnn.cli.pictures import read_picture
from centnn.cli.report import progress, tell

if TYPE_CHECKING:
    from centnn.image.palette import Indexed

__all__ = ["indexed_png", "palette"]

Array = NDArray[Any]


def palette(args: argparse.Namespace) -> None:
    """Write pictures with a palette."""
    from centnn.image.goal import picture_psnr
    from centnn.image.palette import make_palette

    for source, target in pairs(args, PNG):
        img = _in_colour(read_picture(source, quiet=args.quiet))
        keep = [_with_channels(colour, img.shape[2]) for colour in args.keep]
        with (
            naming(source),
            progress(source.name, args.k, 255, quiet=args.quiet) as callback,
        ):
            found = make_palette(
                img,
                args.k,
                keep=keep,
                dither=args.dither,
                effort=args.effort or "fast",
                callback=callback,
            )
        png = indexed_png(found)
        target.write(png)
        reached = picture_psnr(img, found.pixels())
        facts = {
            "file": str(target.path),
            "colours": len(found.palette),
            "bytes": len(png),
            **({"psnr": reached} if np.isfinite(reached) else {"lossless": True}),
        }
        tell(facts, as_json=args.json, quiet=args.quiet, on_stderr=target.is_standard)


def indexed_png(image: Indexed) -> bytes:
    """Return the contents of a PNG file with a palette."""
    from PIL import Image

    # Partly transparent colours first: PNG then has a shorter list of alphas.
    colours = image.palette
    order = np.argsort(colours[:, 3], kind="stable") if colours.shape[1] == 4 else None
    indices = image.indices
    if order is not None:
        colours = colours[order]
        indices = np.argsort(order).astype(np.uint8)[indices]
    picture = Image.fromarray(indices, "P")
    picture.putpalette(colours[:, :3].tobytes(), "RGB")
    options: dict[str, Any] = {}
    if order is not None and (colours[:, 3] < 255).any():
        options["transparency"] = colours[:, 3].tobytes().rstrip(b"\xff")
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=True, **options)
    return png.getvalue()


def _in_colour(img: Array) -> Array:
    """Return a picture as (H, W, 3) or (H, W, 4) of uint8."""
    if img.dtype != np.uint8:
        img = ((img.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if img.ndim == 2:
        img = img[:, :, None]
    if img.shape[2] < 3:
        grey, alpha = img[..., :1], img[..., 1:]
        img = np.concatenate([grey, grey, grey, alpha], axis=2)
    return img


def _with_channels(colour: tuple[int, ...], channels: int) -> tuple[int, ...]:
    """Return a colour with an alpha, opaque if it has none; or without, if it must not."""
    if channels == 3 and len(colour) == 4 and colour[3] != 255:
        raise ValueError(
            f"--keep: a picture without alpha cannot have the colour {bytes(colour).hex()}"
        )
    return (*colour, 255)[:channels] if channels == 4 else colour[:3]
