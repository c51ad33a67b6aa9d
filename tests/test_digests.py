"""One result: the same bits at any number of threads, on any instruction set, in every release.

tests/digests.json pins them. `python tests/test_digests.py` writes it anew: a change is a line in
the changelog.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import centnn
from centnn import _search, _stream

TABLE = Path(__file__).parent / "digests.json"
THREADS = (1, 2, 3, 8)


def numbers(n, d, span):
    """Return integers below `span` that depend on no library: a linear congruential generator."""
    state, values = 12345, np.empty(n * d, np.uint64)
    for i in range(n * d):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values[i] = (state >> 40) % span
    # Sums of two are not evenly spread, so that there is something to learn.
    return ((values + np.roll(values, 7)) // 2).reshape(n, d)


def picture(channels):
    """Return a picture of waves with some noise, in whole numbers only."""
    y, x = np.mgrid[:72, :88]
    waves = 60 + (x * (88 - x) + y * (72 - y)) // 24
    noise = numbers(72 * 88, channels, 16).reshape(72, 88, channels)
    img = (waves[..., None] + np.arange(channels) * 20 + noise).clip(0, 255).astype(np.uint8)
    return img[..., 0] if channels == 1 else img


def codebook(dtype, n, d, k, **options):
    X = numbers(n, d, 256).astype(dtype)
    weights = 1.0 + numbers(n, 1, 4)[:, 0] if options.pop("weighted", False) else None

    def make(n_threads):
        book = centnn.fit_codebook(X, k, sample_weight=weights, n_threads=n_threads, **options)
        codes, distances = centnn.quantize(X, book, return_distance=True, n_threads=n_threads)
        return [book.centers, book.counts, codes, distances]

    return make


def stream(dtype):
    X = numbers(4000, 4, 256).astype(dtype)
    # Small, so that there are several blocks, and summaries to merge.
    sizes = _stream.Sizes(block=800, part=200, summary=48)

    def make(n_threads):
        with mock.patch.object(_stream, "choose_sizes", lambda *_: sizes):
            book = centnn.fit_codebook(np.array_split(X, 3), 16, n_threads=n_threads)
        return [book.centers, book.counts, np.array(book.inertia)]

    return make


def coded(function, channels, **options):
    img = picture(channels)

    def make(n_threads):
        data = getattr(centnn.image, function)(img, n_threads=n_threads, **options)
        return [np.frombuffer(data, np.uint8), centnn.image.decompress(data)]

    return make


def product(n_threads):
    X = numbers(3000, 16, 256).astype(np.float32)
    pq = centnn.ProductQuantizer(4, 32, n_threads=n_threads).fit(X)
    codes = pq.encode(X)
    return [pq.codewords_, codes, pq.distance_tables(X[:3]), *pq.search(X[:20], codes, 7)]


def palette(n_threads):
    indexed = centnn.image.make_palette(picture(3), 16, n_threads=n_threads)
    return [indexed.palette, indexed.indices]


CASES = {
    "levels": codebook("u1", 3000, 1, 20),
    "pairs, fast": codebook("u2", 2000, 2, 50, effort="fast"),
    "pairs, best": codebook("f4", 2000, 2, 50, effort="best"),
    "blocks": codebook("u1", 2000, 16, 100),
    "blocks, float64": codebook("f8", 1000, 16, 100),
    "blocks, weighted": codebook("f4", 1000, 16, 100, weighted=True),
    "long": codebook("f4", 600, 130, 40),
    "many codewords": codebook("f2", 5000, 9, 1500, effort="fast"),
    "classic": codebook("f4", 500, 4, 20, algorithm="classic"),
    "entropy": codebook("f4", 500, 4, 20, algorithm="entropy"),
    "group": codebook("f4", 1500, 4, 20, algorithm="group"),
    "stream": stream("u1"),
    "stream, float64": stream("f8"),
    "grey picture": coded("compress", 1, n_codewords=64),
    "colour picture": coded("compress", 3, n_codewords=64),
    "grey photograph": coded("compress_photo", 1, quality=50),
    "colour photograph": coded("compress_photo", 3, quality=80),
    "palette": palette,
    "product quantizer": product,
}


def digest(name, n_threads):
    """Return what stands for all bits of a result."""
    state = hashlib.sha256()
    for array in CASES[name](n_threads):
        state.update(f"{array.dtype.str} {array.shape}".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()[:32]


@pytest.mark.parametrize("isa", _search.available_isas())
def test_one_result(isa):
    # More threads than cores must not wait by keeping a core busy.
    environment = os.environ | {"CENTNN_ISA": isa, "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, __file__, *map(str, THREADS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    wanted = json.loads(TABLE.read_text())
    for n_threads, found in json.loads(done.stdout).items():
        assert found == wanted, f"with {n_threads} threads"


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_rows_may_come_in_any_pieces(chunk):
    X = numbers(3000, 16, 256).astype(np.float32)
    book = centnn.fit_codebook(X, 100, effort="fast")
    pieces = [
        centnn.quantize(X[i : i + chunk], book, return_distance=True)
        for i in range(0, len(X), chunk)
    ]
    for whole, parts in zip(
        centnn.quantize(X, book, return_distance=True), zip(*pieces, strict=True), strict=True
    ):
        np.testing.assert_array_equal(whole, np.concatenate(parts))


if __name__ == "__main__":
    tables = {n: {name: digest(name, n) for name in CASES} for n in map(int, sys.argv[1:] or "1")}
    print(json.dumps(tables))
    if not sys.argv[1:]:
        TABLE.write_text(json.dumps(tables[1], indent=2) + "\n")
