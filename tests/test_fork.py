"""A process that is forked after threads were used must not wait for them for ever."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import multiprocessing as mp

import numpy as np

import centnn

X = np.random.default_rng(0).random((60000, 8), dtype="f4")
img = (255 * np.random.default_rng(1).random((64, 512, 3))).astype(np.uint8)


def work(n_threads):
    book = centnn.fit_codebook(X, 64, n_threads=n_threads)
    codes = centnn.quantize(X, book, n_threads=n_threads)
    data = centnn.image.compress_photo(img, n_threads=n_threads)
    pixels = centnn.image.decompress(data, n_threads=n_threads)
    again = centnn.dequantize(codes, book)
    return codes.tobytes(), again.tobytes(), data, pixels.tobytes()


if __name__ == "__main__":
    here = work(2)
    with mp.get_context("fork").Pool(2) as pool:
        assert pool.map_async(work, [2, None]).get(timeout=60) == [here, here]
    print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_does_not_hang(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "done\n", done.stderr
