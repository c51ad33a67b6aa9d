"""The C library through ctypes, compiled for these tests.

CENTNN_TEST_WIDE=1 puts an emulation of the AVX-512 kernel in the place of the AVX2 one.
"""

import atexit
import ctypes
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
CSRC = HERE.parent.parent / "csrc"
FLAGS = ["-std=c11", "-O2", "-ffp-contract=off", "-fPIC"]

DTYPES = {np.dtype(t): i for i, t in enumerate(["u1", "u2", "f2", "f4", "f8"])}
STATUS = [
    *("OK", "NULL", "SIZE", "DTYPE", "NONFINITE", "CODE"),
    *("ISA", "FILE", "DAMAGED", "DISTINCT", "EPOCHS"),
]


def sources():
    """Return the C files, and the flags that they need beyond FLAGS."""
    files = sorted(CSRC.glob("*.c"))
    if not os.environ.get("CENTNN_TEST_WIDE"):
        return files, []
    files = [file for file in files if not file.name.startswith("kernel_avx2")]
    # Not slowed down by fma() being a call; -O1, as the emulation takes minutes to optimize.
    return files + sorted(HERE.glob("wide/*.c")), [
        "-O1",
        "-mfma",
        f"-I{CSRC}",
        f"-I{HERE / 'wide'}",
    ]


def build(folder):
    """Compile the library into a folder; return its path."""
    files, flags = sources()

    def compile_one(source):
        target = folder / f"{source.stem}.o"
        subprocess.run(["cc", *FLAGS, *flags, "-c", source, "-o", target], check=True)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, [*files, HERE / "oracle.c", HERE / "training.c"]))
    library = folder / "centnn.so"
    subprocess.run(["cc", "-shared", *objects, "-o", library, "-lm"], check=True)
    return library


class Rows(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("dtype", ctypes.c_int),
        ("n", ctypes.c_size_t),
        ("d", ctypes.c_size_t),
        ("row_stride", ctypes.c_ssize_t),
        ("col_stride", ctypes.c_ssize_t),
    ]


def load():
    """Return the library, compiled just now, or before by the process that runs this one."""
    if "CENTNN_TEST_LIBRARY" not in os.environ:
        if shutil.which("cc") is None:
            pytest.skip("needs a C compiler called cc", allow_module_level=True)
        folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["CENTNN_TEST_LIBRARY"] = str(build(folder))
    c = ctypes.CDLL(os.environ["CENTNN_TEST_LIBRARY"])
    size, ptr = ctypes.c_size_t, ctypes.c_void_p
    for name, result, arguments in [
        ("centnn_index_size", size, [size, size, ctypes.c_int]),
        ("centnn_index_init", ctypes.c_int, [ptr, ptr, size, size, ctypes.c_int]),
        ("centnn_scratch_size", size, [ptr]),
        ("centnn_search", ctypes.c_int, [ptr, ctypes.POINTER(Rows), ptr, size, ptr, ptr, ptr]),
        ("centnn_search_top", ctypes.c_int, [ptr, ctypes.POINTER(Rows), size, ptr, ptr, ptr]),
        ("centnn_runner_up_error", ctypes.c_double, [ptr, ctypes.c_double]),
        ("centnn_isa", ctypes.c_char_p, []),
        ("centnn_set_isa", ctypes.c_int, [ctypes.c_char_p]),
        ("centnn_isa_available", ctypes.c_char_p, [size]),
        ("centnn_status_string", ctypes.c_char_p, [ctypes.c_int]),
        ("centnn_train_size", size, [size, size]),
        (
            "centnn_train",
            ctypes.c_int,
            [ctypes.POINTER(Rows), size, size, ptr, ptr, ptr, ptr],
        ),
        ("centnn_decode", ctypes.c_int, [ptr, size, size, ptr, size, size, ptr]),
        ("lists_of", ptr, [ctypes.c_int]),
        ("oracle", None, [size, size, size, ptr, ptr, ptr]),
    ]:
        function = getattr(c, name)
        function.restype, function.argtypes = result, arguments
    return c


lib = load()


def aligned(n_bytes, offset=0):
    memory = np.full(n_bytes + 64 + offset, 0xA5, dtype=np.uint8)
    start = -memory.ctypes.data % 64 + offset
    return memory[start : start + n_bytes]


def rows_of(x):
    return Rows(x.ctypes.data, DTYPES[x.dtype], x.shape[0], x.shape[1], x.strides[0], x.strides[1])


def check_rows_status(x, status):
    """All results are there, whether all rows are finite or not; the status tells which."""
    assert STATUS[status] == ("OK" if np.isfinite(x).all() else "NONFINITE")


def isas():
    found = []
    while (name := lib.centnn_isa_available(len(found))) is not None:
        found.append(name)
    return found


class Index:
    def __init__(self, codebook):
        codebook = np.ascontiguousarray(codebook)
        self.k, self.d = codebook.shape
        dtype = DTYPES[codebook.dtype]
        size = lib.centnn_index_size(self.k, self.d, dtype)
        assert size > 0
        self.memory = aligned(size)
        status = lib.centnn_index_init(
            self.memory.ctypes.data, codebook.ctypes.data, self.k, self.d, dtype
        )
        assert status == 0, STATUS[status]
        self.scratch = aligned(lib.centnn_scratch_size(self.memory.ctypes.data))

    def call(self, x, codes, distances=None, runner_up=None):
        address = [
            a.ctypes.data if a is not None else None for a in (distances, runner_up, self.scratch)
        ]
        status = lib.centnn_search(
            self.memory.ctypes.data, rows_of(x), codes.ctypes.data, codes.itemsize, *address
        )
        check_rows_status(x, status)

    def search(self, x, runner_up=False):
        codes, distances = np.full(len(x), 2**32 - 1, dtype=np.uint32), np.full(len(x), -1.0)
        second = np.full(len(x), -1.0) if runner_up else None
        self.call(x, codes, distances, second)
        return (codes, distances, second) if runner_up else (codes, distances)

    def top(self, x, n_nearest):
        codes = np.full((len(x), n_nearest), 2**32 - 1, dtype=np.uint32)
        distances = np.full((len(x), n_nearest), -1.0)
        status = lib.centnn_search_top(
            self.memory.ctypes.data,
            rows_of(x),
            n_nearest,
            codes.ctypes.data,
            distances.ctypes.data,
            self.scratch.ctypes.data,
        )
        check_rows_status(x, status)
        return codes, distances

    def runner_up_error(self, norm2):
        return np.array(
            [lib.centnn_runner_up_error(self.memory.ctypes.data, v) for v in np.atleast_1d(norm2)]
        )
