"""`centnn rd`."""

from __future__ import annotations

import argparse
from math import isfinite

from centnn.cli.files import PNG, Output, keep, naming
from centnn.cli.pictures import read_picture
from centnn.cli.report import tell

__all__ = ["rd"]

BLOCK = (4, 4)


def rd(args: argparse.Namespace) -> None:
    """Draw quality over size for pictures, and print the points."""
    from centnn import rate_distortion

    target = Output(args.plot, PNG, force=args.force)
    keep(args.paths, [target])
    curves = []
    for path in args.paths:
        img = read_picture(path, quiet=args.quiet)
        with naming(path):
            curves.append((path.name, rate_distortion.curves(img, args.block or BLOCK)))
    for name, of_picture in curves:
        for curve in of_picture:
            for point in curve.points:
                facts = {
                    "file": name,
                    "codec": curve.name,
                    "setting": point.setting,
                    "bpp": point.bpp,
                    **({"psnr": point.psnr} if isfinite(point.psnr) else {"lossless": True}),
                }
                tell(facts, as_json=args.json, quiet=args.quiet)
    target.write(rate_distortion.draw(curves))
