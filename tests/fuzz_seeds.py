"""Small files of every kind that is read, for fuzzers to begin with: `fuzz_seeds.py FOLDER`."""

import shutil
import sys
from pathlib import Path

import numpy as np

import centnn
from centnn import _chunks, image

FIXTURES = Path(__file__).parent / "fixtures"

WAVES = np.add.outer(np.arange(24) % 9, np.arange(20) % 7).astype(np.uint8) * 16
ALPHA = np.dstack([WAVES, WAVES[::-1], WAVES[:, ::-1], WAVES // 2])
SAMPLES = [[i, i * i] for i in range(20)]


def shared_book():
    """Return the codebook that the shared picture needs; the same at every call."""
    return image.train_codebook([WAVES], 8, 4)


def chunk(dtype, block, *, is_fortran=False):
    """Return an encoded chunk of the waves."""
    layout = _chunks.Layout(WAVES.shape, block)
    codewords, codes = np.unique(layout.cut(WAVES.astype(dtype)), axis=0, return_inverse=True)
    return _chunks.pack(
        layout, np.dtype(dtype), is_fortran, codewords, codes.ravel(), is_apart=False
    )


def seeds():
    """Yield names and contents of what is not among the fixtures."""
    yield "shared.cvqb", shared_book()
    yield "shared.cvq", image.compress(WAVES, codebook=shared_book())
    yield "streams.cvq", image.compress(np.tile(WAVES, (3, 3)), 12, 1)
    yield "photo-alpha.cvq", image.compress_photo(ALPHA, 40)
    yield "photo-grey.cvq", image.compress_photo(WAVES, 90)
    yield "bytes.chunk", chunk("u1", (1, 1))
    yield "floats.chunk", chunk(">f4", (2, 4), is_fortran=True)


def write_seeds(folder):
    """Write all into a folder."""
    for file in FIXTURES.glob("*.cvq"):
        shutil.copy(file, folder)
    for name, data in seeds():
        (folder / name).write_bytes(data)
    centnn.fit_codebook(SAMPLES, 4).save(folder / "book.cvb")
    quantizer = centnn.ProductQuantizer(2, 4).fit(np.hstack([SAMPLES, SAMPLES]))
    quantizer.save(folder / "product.cvpq")


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
