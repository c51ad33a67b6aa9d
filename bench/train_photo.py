"""Train the codebooks of photo mode on pictures, and write the resource that holds them.

The same pictures give the same bytes, on one kind of processor: nothing is drawn at random, and
linear algebra runs on one thread.

    python bench/train_photo.py                       # on $CENTNN_DATA/train: takes minutes
    python bench/train_photo.py FOLDER -o mine.bin --crops 40
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import _data
import cv2
import numpy as np
from _photo_model import N_GROUPS, resource
from _photo_training import Item, Trainer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from centnn._files import write_atomically
from centnn.image import photo

Array = NDArray[Any]

OUTPUT = Path(__file__).parents[1] / "centnn" / "image" / "photo.bin"
SIZE = 256  # of crops, pixels a side
# What a bit is worth in squared error, from coarse to fine: the squares of steps.
BITS_WORTH = (1600, 700, 300, 130, 60, 27, 12, 5.5, 2.5)
GOLDEN = (5**0.5 - 1) / 2
# Bins of stages 1 and 2 in each group, of luma and of chroma.
BINS = [[(15, 15)] * N_GROUPS, [(8, 8)] * N_GROUPS]
THUMBNAIL = 16
SAME = 0.9  # correlation of thumbnails from which pictures count as the same


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="default: $CENTNN_DATA/train")
    parser.add_argument(
        "--test", type=Path, help="pictures it must not contain ($CENTNN_DATA/images)"
    )
    parser.add_argument("--crops", type=int, default=300, help="pieces of pictures to train on")
    parser.add_argument("--qualities", type=int, default=3, help="of each piece")
    parser.add_argument("--passes", type=int, default=9, help="over all of them")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    args = parser.parse_args()

    pictures = _data.pictures_in(args.folder or _data.required_folder() / "train")
    check_apart(pictures, _data.pictures_in(args.test or _data.required_folder() / "images"))
    items = list(items_of(pictures, args.crops, args.qualities))
    n_pixels = sum(item.image[:, :, 0].size for item in items)
    began = time.monotonic()

    def report(number: int, n_bytes: int, error: float) -> None:
        cost = (8 * n_bytes + error) / n_pixels
        print(
            f"pass {number}: {8 * n_bytes / n_pixels:.4f} bits a pixel, with errors {cost:.4f}, "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )

    trainer = Trainer(items, BINS)
    with threadpool_limits(1):
        trainer.run(args.passes, report)
    write_atomically(args.output, resource(trainer.kinds))
    print(f"{args.output}: {args.output.stat().st_size} bytes")


def check_apart(pictures: list[Path], others: list[Path]) -> None:
    """Exit if pictures to train on are also among those to test on, mirrored or turned too."""
    thumbnails = np.stack([thumbnail(read_grey(path)) for path in pictures])
    for other in others:
        grey = read_grey(other)
        for turned in (grey, grey[:, ::-1], np.rot90(grey), np.rot90(grey, 3)):
            alike = thumbnails @ thumbnail(turned)
            if alike.max() > SAME:
                raise SystemExit(f"{pictures[int(alike.argmax())]} is the test picture {other}")


def read_grey(path: Path) -> Array:
    """Read a picture in grey."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def thumbnail(grey: Array) -> Array:
    """Return a small picture as a vector of mean 0 and length 1: a perceptual hash."""
    small = cv2.resize(
        np.ascontiguousarray(grey), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA
    ).astype(np.float64)
    small -= small.mean()
    return np.asarray(small.ravel() / max(np.linalg.norm(small), 1e-9))


def items_of(pictures: list[Path], n_crops: int, n_qualities: int) -> list[Item]:
    """Return pieces of pictures at qualities, both spread evenly."""
    items = []
    for number in range(n_crops):
        image = cv2.imread(str(pictures[number % len(pictures)]), cv2.IMREAD_COLOR)
        piece = np.ascontiguousarray(crop(image, number)[:, :, ::-1])
        for i in range(n_qualities):
            place = (number * n_qualities + i) * GOLDEN % 1
            step = round(64 * BITS_WORTH[int(place * len(BITS_WORTH))] ** 0.5)
            items.append(Item(piece, photo.steps_of(step)))
    return items


def crop(image: Array, number: int) -> Array:
    """Return a piece of a picture: each number has its own place."""
    rows, columns = image.shape[0] - SIZE, image.shape[1] - SIZE
    if min(rows, columns) < 0:
        raise SystemExit(f"pictures must have {SIZE} pixels a side at least")
    y, x = int(number * GOLDEN % 1 * (rows + 1)), int(number * GOLDEN**2 % 1 * (columns + 1))
    return image[y : y + SIZE, x : x + SIZE]


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
