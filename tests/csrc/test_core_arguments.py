"""Every status code."""

import os
import subprocess
import sys
from ctypes import byref
from pathlib import Path

import numpy as np
import pytest
from library import STATUS, Index, Rows, aligned, isas, lib, rows_of

C = np.arange(12, dtype="f4").reshape(4, 3)
X = np.zeros((5, 3), dtype="f4")
CODES = np.empty(5, dtype=np.uint32)
F16, F32, F64 = 2, 3, 4


def test_size_of_impossible_indexes_is_zero():
    assert lib.centnn_index_size(4, 3, F32) > 0
    for arguments in [
        (0, 3, F32),
        (4, 0, F32),
        (4, 3, F16),
        (4, 3, 99),
        (2**24 + 1, 3, F32),
        (4, 2**20 + 1, F64),
        (2**63, 2, F32),
        (2**64 - 1, 2**64 - 1, F64),
    ]:
        assert lib.centnn_index_size(*arguments) == 0, arguments
    assert lib.centnn_scratch_size(None) == 0


def init(codebook=C, k=4, d=3, dtype=F32, offset=0, memory=True):
    at = aligned(lib.centnn_index_size(4, 3, F32), offset)
    address = codebook.ctypes.data if codebook is not None else None
    return STATUS[lib.centnn_index_init(at.ctypes.data if memory else None, address, k, d, dtype)]


def test_index_init():
    assert init() == "OK"
    assert init(memory=False) == init(codebook=None) == "NULL"
    assert init(k=0) == init(d=0) == init(k=2**60) == init(offset=16) == "SIZE"
    assert init(dtype=F16) == init(dtype=7) == "DTYPE"
    for bad in (np.nan, np.inf, -np.inf):
        codebook = C.copy()
        codebook[3, 2] = bad
        assert init(codebook) == "NONFINITE"


def search(rows=None, index=True, codes=True, scratch=True, n_nearest=None, shift=0, code_size=4):
    ix = Index(C)
    rows = rows if rows is not None else rows_of(X)
    room = np.empty(5 * 4, dtype=np.uint32)
    arguments = [ix.memory.ctypes.data if index else None, byref(rows) if rows else None]
    arguments += [n_nearest] if n_nearest is not None else []
    arguments += [room.ctypes.data if codes else None]
    arguments += [code_size, None, None] if n_nearest is None else [None]
    arguments += [ix.scratch.ctypes.data + shift if scratch else None]
    return STATUS[(lib.centnn_search if n_nearest is None else lib.centnn_search_top)(*arguments)]


@pytest.mark.parametrize("n_nearest", [None, 2])
def test_search(isa, n_nearest):
    assert search(n_nearest=n_nearest) == "OK"
    assert search(index=False, n_nearest=n_nearest) == "NULL"
    assert search(rows=False, n_nearest=n_nearest) == "NULL"
    assert search(codes=False, n_nearest=n_nearest) == "NULL"
    assert search(scratch=False, n_nearest=n_nearest) == "NULL"
    assert search(rows=Rows(None, F32, 5, 3, 12, 4), n_nearest=n_nearest) == "NULL"
    assert search(rows=Rows(None, F32, 0, 3, 12, 4), codes=False, n_nearest=n_nearest) == "OK"
    assert search(rows=Rows(X.ctypes.data, F64, 2, 3, 24, 8), n_nearest=n_nearest) == "DTYPE"
    assert search(rows=Rows(X.ctypes.data, 9, 2, 3, 12, 4), n_nearest=n_nearest) == "DTYPE"
    assert search(rows=Rows(X.ctypes.data, F32, 5, 2, 12, 4), n_nearest=n_nearest) == "SIZE"
    assert search(shift=8, n_nearest=n_nearest) == "SIZE"


def test_top_sizes():
    assert search(n_nearest=0) == search(n_nearest=5) == "SIZE"
    assert search(n_nearest=4) == "OK"


def test_isa():
    for name in isas():
        assert lib.centnn_set_isa(name) == 0 and lib.centnn_isa() == name
    assert STATUS[lib.centnn_set_isa(b"mmx")] == "ISA" and lib.centnn_isa() == isas()[-1]
    assert lib.centnn_set_isa(None) == 0 and lib.centnn_isa() == isas()[0]


@pytest.mark.parametrize("wish", [*(name.decode() for name in isas()), "mmx", ""])
def test_environment(wish):
    script = (
        "import numpy as np; from test_core_arguments import *; "
        "print(lib.centnn_isa(), search(), search(n_nearest=1), lib.centnn_set_isa(None), search())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "CENTNN_ISA": wish},
    )
    name = wish.encode() or isas()[0]
    assert done.stdout.strip() == ("None ISA ISA 0 OK" if wish == "mmx" else f"{name} OK OK 0 OK")


def test_every_status_has_its_sentence():
    sentences = [lib.centnn_status_string(i) for i in range(len(STATUS))]
    assert len(set(sentences)) == len(STATUS)
    assert lib.centnn_status_string(77) == b"unknown status"


def test_an_index_may_be_moved():
    index = Index(C)
    moved = aligned(len(index.memory))
    moved[:] = index.memory
    wanted = index.search(X)[0]
    index.memory[:] = 0
    index.memory = moved
    assert np.array_equal(index.search(X)[0], wanted)


def decode(codes, k=4, size=12, code_size=4, n=3, out=True):
    room = np.zeros(36, dtype=np.uint8)
    address = codes.ctypes.data if codes is not None else None
    target = room.ctypes.data if out else None
    return STATUS[lib.centnn_decode(C.ctypes.data, k, size, address, code_size, n, target)]


def test_decode():
    codes = np.array([3, 0, 3], dtype=np.uint32)
    assert decode(codes) == "OK"
    assert decode(None) == decode(codes, out=False) == "NULL"
    assert decode(None, n=0) == "OK"
    assert decode(codes, k=0) == decode(codes, size=0) == decode(codes, size=2**62) == "SIZE"
    assert decode(codes, code_size=3) == decode(codes, code_size=8) == "DTYPE"
    assert decode(codes, k=3) == "CODE"


def test_code_sizes():
    assert search(code_size=1) == search(code_size=2) == "OK"
    assert search(code_size=0) == search(code_size=3) == search(code_size=8) == "DTYPE"
    x = np.arange(700, dtype="f4")[:, None]
    for dtype, k in [("u1", 256), ("u2", 257), ("u2", 700), ("u4", 700)]:
        codes = np.zeros(700, dtype)
        Index(x[:k]).call(x, codes)
        assert np.array_equal(codes, np.minimum(np.arange(700), k - 1))
    ix = Index(x[:257])
    address = [ix.memory.ctypes.data, rows_of(x), codes.ctypes.data, 1, None, None]
    assert STATUS[lib.centnn_search(*address, ix.scratch.ctypes.data)] == "SIZE"


@pytest.mark.parametrize("n", [0, 1, 7, 16, 100, 70_001])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 12, 13, 16, 64])
@pytest.mark.parametrize(("k", "dtype"), [(5, "u1"), (64, "u1"), (256, "u1"), (700, "u2")])
def test_decoded_bytes(isa, k, dtype, length, n):
    """Every way to copy writes the codewords, and nothing after them."""
    rng = np.random.default_rng(0)
    codebook = rng.integers(0, 256, (k, length), dtype=np.uint8)
    codes = rng.integers(0, k, n).astype(dtype)
    out = np.full(n * length + 64, 0xA5, dtype=np.uint8)
    arguments = [codebook.ctypes.data, k, length, codes.ctypes.data, codes.itemsize, n]
    assert STATUS[lib.centnn_decode(*arguments, out.ctypes.data)] == "OK"
    assert np.array_equal(out[: n * length].reshape(n, length), codebook[codes])
    assert (out[n * length :] == 0xA5).all()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("d", [1, 3, 16, 70])
def test_rows_that_are_not_finite(isa, d, dtype):
    """The status tells of them (Index checks that), and they get codeword 0."""
    x = np.random.default_rng(0).normal(size=(500, d)).astype(dtype)
    index = Index(x[:20].astype("f8" if dtype == "f8" else "f4"))
    codes = index.search(x)[0]
    x[0] = np.finfo(dtype).max
    index.search(x)
    for bad in (np.nan, np.inf, -np.inf):
        for i, j in ((0, 0), (499, d - 1), (300, d // 2)):
            broken = x.copy()
            broken[i, j] = bad
            found = index.search(broken)[0]
            assert found[i] == 0
            assert np.array_equal(found[1:i], codes[1:i])
            index.top(broken, 2)
