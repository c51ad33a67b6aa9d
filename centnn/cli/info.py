"""`centnn info`."""

from __future__ import annotations

import argparse
from typing import Any

from centnn.cli.files import naming, read
from centnn.cli.report import say, tell

__all__ = ["info"]


def info(args: argparse.Namespace) -> None:
    """Tell what files declare."""
    from centnn.image.header import is_book

    for path in args.paths:
        data = read(path)
        with naming(path):
            facts = {"file": str(path), **(_of_book(data) if is_book(data) else _of_picture(data))}
        if args.json:
            tell(facts, as_json=True, quiet=False)
            continue
        for name, value in facts.items():
            if value is not None:
                say(f"{name:<10} {_words(name, value)}")


def _of_picture(data: bytes) -> dict[str, Any]:
    from centnn.image.header import read_header

    header = read_header(data)
    pixels = header.height * header.width
    return {
        "version": header.version,
        "mode": header.mode,
        "width": header.width,
        "height": header.height,
        "colour": header.colour,
        "alpha": header.has_alpha,
        "depth": header.depth,
        "block": "x".join(map(str, header.block)) or None,
        "codewords": list(header.n_codewords) or None,
        "codebook": header.codebook or None,
        "quality": header.quality,
        "step": header.step,
        "filtered": header.filtered,
        "layers": sum(header.scans) or None,
        "scans": list(header.scans) or None,
        "bytes": len(data),
        "bpp": 8 * len(data) / pixels,
    }


def _of_book(data: bytes) -> dict[str, Any]:
    from centnn.image.header import read_book

    header = read_book(data)
    return {
        "version": header.version,
        "mode": "codebook",
        "id": header.id,
        "colour": header.colour,
        "depth": header.depth,
        "block": "x".join(map(str, header.block)),
        "codewords": list(header.n_codewords),
        "bytes": len(data),
    }


def _words(name: str, value: Any) -> str:
    if name == "bpp":
        return f"{value:.3f} bits a pixel"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
