"""The data sets that trainers are compared on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

import _data
from numpy.typing import NDArray

Array = NDArray[Any]

# SSE from the centroids of the reference labels, after Lloyd's iterations.
REFERENCE_SSE = {
    "s1": 8.91765e12,
    "s2": 1.32792e13,
    "a1": 1.21463e10,
    "a3": 2.89374e10,
    "unbalance": 2.14492e11,
    "birch1": 9.27729e13,
}
SETS = {"s1": 15, "s2": 15, "a1": 20, "a3": 50, "unbalance": 8, "birch1": 100}

PHOTOGRAPH = "kodim23"


@dataclass(frozen=True)
class Row:
    """One data set and the number of codewords to train for it."""

    name: str
    k: int
    load: Callable[[], Array]
    """Returns the samples, (N, D), in the type that they come in."""
    tags: frozenset[str]
    """What it is an example of: picture, 4x4, set, large; article: for centnn's algorithms only;
    start: also for the start of k-means++ alone."""
    reference_sse: float | None = None
    """The least sum of squared errors that is known, if the literature knows one."""


def matching(pattern: str, without: Set[str] = frozenset()) -> list[Row]:
    """Return the rows whose name the regular expression finds, without those of some tags.

    The program ends if there are none: as of a wrong argument, with 2.
    """
    found = [row for row in rows() if not without & row.tags and re.search(pattern, row.name)]
    if not found:
        print(f"no row has a name that matches {pattern!r}", file=sys.stderr)
        sys.exit(2)
    return found


def rows() -> Iterator[Row]:
    """Yield all rows, the quick ones first; the real ones if there is a folder of data."""
    if _data.folder() is not None:
        yield from _pictures()
        yield from _sets()
    else:
        print("note: CENTNN_DATA is not set, so the rows of pictures and sets are left out")
    yield _row("birch2-like K=100", 100, _data.birch2_like, "set")
    yield _row("2-D mixture K=1000", 1000, partial(_data.mixture, 10**6, 2, 1000), "large")
    if _data.folder() is not None:
        yield from _large_pictures()
    yield _row("uniform D=16 K=4096", 4096, partial(_data.uniform, 262144, 16), "start")


def _row(name: str, k: int, load: Callable[[], Array], tags: str, sse: float | None = None) -> Row:
    return Row(name, k, load, frozenset(tags.split()), sse)


def _pictures() -> Iterator[Row]:
    yield _row("article grey levels K=48", 48, partial(_data.article_blocks, 1), "article")
    yield _row("article 4x4 K=512", 512, partial(_data.article_blocks, 4), "article")
    yield _row("lena 128 4x4 K=512", 512, partial(_data.article_blocks, 4), "picture 4x4")
    yield _row("bridge 4x4 K=256", 256, partial(_data.grey_blocks, "bridge"), "picture 4x4")
    for k in (256, 1024):
        yield _row(f"lena 4x4 K={k}", k, partial(_data.grey_blocks, "lena"), "picture 4x4")


def _sets() -> Iterator[Row]:
    for name, k in SETS.items():
        load = partial(_data.point_set, name)
        yield _row(f"{name} K={k}", k, load, "set", REFERENCE_SSE[name])


def _large_pictures() -> Iterator[Row]:
    one = partial(_data.rgb_pixels, PHOTOGRAPH)
    yield _row(f"RGB {PHOTOGRAPH} K=256", 256, one, "picture large")
    yield _row("RGB all K=256", 256, _data.all_rgb_pixels, "picture large")
    yield _row("8x8 all K=1024", 1024, partial(_data.all_grey_blocks, 8), "picture large")
    for k in (1024, 4096):
        yield _row(f"4x4 all K={k}", k, partial(_data.all_grey_blocks, 4), "picture 4x4 large")
    for k in (512, 4096):
        yield _row(f"SIFT K={k}", k, _data.sift_descriptors, "picture large")
