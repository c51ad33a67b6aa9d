"""Measure the memory that photo mode takes at its highest, in bytes a pixel.

For pictures of several shapes, in grey and in colour, at several qualities: by how much the most
that a process held is above what it held before, while it encodes, and while it decodes, without
the pixels that come out. Each measurement has a process of its own, which has used photo mode
before, so that codebooks and code are there. What was freed before goes back to the system first,
or else it would be used again unseen. Pictures are one of $CENTNN_DATA/images, repeated. For Linux
with glibc only.

    python bench/photo_memory.py [--threads N] [--json FILE]
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
import _bench
import _data

from centnn.image import compress_photo, decompress

Array = NDArray[Any]

SHAPES = ((512, 768), (64, 4096), (4096, 64), (2000, 3000))
COLOURS = ("grey", "ycbcr420", "ycbcr")
QUALITIES = (30, 60, 100)
LIMIT = 12.0  # bytes a pixel


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to put the figures; else a last line")
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        height, width, colour, quality = args.case
        img = picture(int(height), int(width), colour)
        print(*measured(img, colour, float(quality), args.threads))
        return

    rows, cells = [], []
    for (height, width), colour in itertools.product(SHAPES, COLOURS):
        cells.append([f"{height} x {width}, {colour}"])
        for quality in QUALITIES:
            encode, decode = in_own_process(height, width, colour, quality, args.threads)
            rows.append([height, width, colour, quality, encode, decode])
            cells[-1] += [f"{encode:.1f}", f"{decode:.1f}"]
    names = [f"{what} {quality}" for quality in QUALITIES for what in ("encode", "decode")]
    print(_bench.format_table(["bytes a pixel", *names], cells))
    most = max(max(row[-2:]) for row in rows)
    print(f"\nAt most {most:.1f}; {LIMIT:g} are allowed.\n")
    result = {"bench": "photo_memory", **_bench.config(), "threads": args.threads, "rows": rows}
    _bench.put_json(result, args.json)


def in_own_process(*case: object) -> list[float]:
    """Measure a case, the last part of which is the number of threads, in a process of its own."""
    *words, threads = map(str, case)
    command = [sys.executable, __file__, "--threads", threads, "--case", *words]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in answer.split()]


def picture(height: int, width: int, colour: str) -> Array:
    """Return a picture of this shape: a photograph, repeated."""
    path = _data.required_folder() / "images" / "kodim13.png"
    img = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if colour == "grey" else cv2.IMREAD_COLOR)
    repeats = [-(-height // img.shape[0]), -(-width // img.shape[1])]
    return np.tile(img, repeats + [1] * (img.ndim - 2))[:height, :width].copy()


def measured(img: Array, colour: str, quality: float, n_threads: int) -> tuple[float, float]:
    """Return bytes a pixel that encoding and decoding take."""
    options: dict[str, Any] = {"n_threads": n_threads}
    if img.ndim == 3:
        options["colour"] = colour
    decompress(compress_photo(img[:32, :32], quality, **options), n_threads=n_threads)
    held = forget_peak()
    data = compress_photo(img, quality, **options)
    encode = peak() - held
    held = forget_peak()
    restored = decompress(data, n_threads=n_threads)
    decode = peak() - held - restored.nbytes
    n_pixels = img.shape[0] * img.shape[1]
    return encode / n_pixels, decode / n_pixels


def forget_peak() -> int:
    """Give back what is free and look for the peak anew; return the bytes held now."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Return the highest number of bytes that this process has held."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
