"""Run a job again and again, refusing the first request for memory, the second, ...

`memory_runs_out.py JOB SPARSE`: beyond the first SPARSE requests, ever fewer are refused. Every
time there must be a MemoryError, nothing may be left behind, and the job must succeed afterwards,
with the same result. To be run with failing_malloc.so preloaded, where failing_arrays can be
imported.
"""

import ctypes
import gc
import sys
import tracemalloc

import failing_arrays  # noqa: F401 (from now on, NumPy asks it)
import numpy as np

import centnn

LEAST_KEPT = 1 << 15  # bytes that Python may keep for itself: code, caches, the exception

X = np.random.default_rng(0).random((400, 4), np.float32)
IMG = np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8)
BOOK = centnn.fit_codebook(X, 20)
CODES = centnn.quantize(X, BOOK)
PRODUCT = centnn.ProductQuantizer(2, 20, n_threads=1).fit(X)
FILE = centnn.image.compress(IMG, n_codewords=8, n_threads=1)
PHOTO = centnn.image.compress_photo(IMG, n_threads=1)


def fit(**options):
    return lambda: centnn.fit_codebook(X, 20, n_threads=1, **options).centers.tobytes()


JOBS = {
    "fast": fit(effort="fast"),
    "best": fit(effort="best"),
    "classic": fit(algorithm="classic"),
    "group": fit(algorithm="group"),
    "rate": fit(rate_weight=0.01),
    "quantize": lambda: centnn.quantize(X, BOOK, n_threads=1).tobytes(),
    "dequantize": lambda: centnn.dequantize(CODES, BOOK).tobytes(),
    "product": lambda: centnn.ProductQuantizer(2, 20, n_threads=1).fit(X).codewords_.tobytes(),
    "search": lambda: PRODUCT.search(X, PRODUCT.encode(X), 3)[1].tobytes(),
    "compress": lambda: centnn.image.compress(IMG, n_codewords=8, n_threads=1),
    "decompress": lambda: centnn.image.decompress(FILE).tobytes(),
    "compress_photo": lambda: centnn.image.compress_photo(IMG, n_threads=1),
    "decompress_photo": lambda: centnn.image.decompress(PHOTO, n_threads=1).tobytes(),
    "palette": lambda: centnn.image.make_palette(IMG, 8, n_threads=1).palette.tobytes(),
}

malloc = ctypes.CDLL(None)
malloc.failing_malloc_arm.argtypes = [ctypes.c_long]


def succeeds_without_its_request(job, n, wanted):
    """Refuse the n-th request of a job; return whether there were as many."""
    malloc.failing_malloc_arm(n)
    try:
        found = job()
    except MemoryError:
        assert malloc.failing_malloc_disarm()
        return True
    refused = malloc.failing_malloc_disarm()
    assert found == wanted, f"request {n} was refused, and the result is another"
    # NumPy itself goes on without some of what it asks for.
    return bool(refused)


def refuse_each(job, wanted, sparse):
    """Refuse one request after the other, or ever fewer of them; return how many there are."""
    n = 1
    while succeeds_without_its_request(job, n, wanted):
        n += 1 + n // sparse
    gc.collect()
    return n - 1


def main(name, sparse):
    """Do so twice: what the first time leaves behind may be caches."""
    job = JOBS[name]
    wanted = job()
    tracemalloc.start()
    refuse_each(job, wanted, sparse)
    before = tracemalloc.get_traced_memory()[0]
    n = refuse_each(job, wanted, sparse)
    kept = tracemalloc.get_traced_memory()[0] - before
    assert kept < LEAST_KEPT, f"{kept} bytes were left behind"
    print(n)


main(sys.argv[1], int(sys.argv[2]))
