"""The nearest codes of a product quantizer (product.h), by hand and by an oracle in NumPy."""

import ctypes

import numpy as np
import pytest
from library import lib

ptr, size = ctypes.c_void_p, ctypes.c_size_t
lib.nearest_codes_of.restype = None
lib.nearest_codes_of.argtypes = [ctypes.c_int, ptr, ptr, size, size, ptr, ptr, ptr]

QUERIES_AT_ONCE = 16
PRECISIONS = {"f4": 3, "f8": 4}


class Codes(ctypes.Structure):
    _fields_ = [
        ("codes", ptr),
        ("code_size", size),
        ("n", size),
        ("m", size),
        ("k", size),
        ("first", ctypes.c_uint32),
    ]


def aligned(n_bytes):
    memory = np.empty(n_bytes + 64, np.uint8)
    return memory[-memory.ctypes.data % 64 :][:n_bytes]


def search(tables, codes, n_nearest, first=0):
    """Call the function; memory has guards behind it."""
    n_queries, m, k = tables.shape
    n = n_queries * n_nearest
    distances, places = np.full(n + 1, -1.0), np.full(n + 1, 7, np.uint32)
    scratch = aligned(QUERIES_AT_ONCE * m * k * tables.itemsize + 64)
    scratch[-64:] = 9
    given = Codes(codes.ctypes.data, codes.itemsize, len(codes), m, k, first)
    lib.nearest_codes_of(
        PRECISIONS[tables.dtype.str[1:]],
        ctypes.byref(given),
        tables.ctypes.data,
        n_queries,
        n_nearest,
        *(array.ctypes.data for array in (distances, places, scratch)),
    )
    assert (distances[-1], places[-1]) == (-1, 7)
    assert (scratch[-64:] == 9).all()
    shape = (n_queries, n_nearest)
    return distances[:-1].reshape(shape), places[:-1].reshape(shape)


def oracle(tables, codes, n_nearest, first=0):
    distances = np.zeros((len(tables), len(codes)), tables.dtype)
    for part in range(tables.shape[1]):
        distances += tables[:, part, codes[:, part]]
    order = np.argsort(distances, axis=1, kind="stable")[:, :n_nearest]
    return np.take_along_axis(distances, order, 1), order + first


def test_by_hand(isa):
    tables = np.array([[[1, 2, 9], [0, 5, 9]], [[4, 0, 9], [1, 1, 9]]], np.float32)
    codes = np.array([[0, 1], [1, 0], [0, 0], [1, 1]], np.uint8)
    distances, places = search(tables, codes, 3, first=10)
    assert distances.tolist() == [[1, 2, 6], [1, 1, 5]]
    assert places.tolist() == [[12, 11, 10], [11, 13, 10]]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("code_type", [np.uint8, np.uint16])
@pytest.mark.parametrize("n_queries", [1, 2, 3, 7, 8, 9, 15, 16])
def test_any_number_of_queries(isa, n_queries, code_type, precision):
    rng = np.random.default_rng(n_queries)
    k = 16 if code_type == np.uint8 else 400
    for m, coarse in [(1, True), (3, False), (8, True)]:
        tables = (
            rng.integers(0, 5, (n_queries, m, k)) if coarse else 1e3 * rng.random((n_queries, m, k))
        ).astype(precision)
        codes = rng.integers(0, k, (250, m)).astype(code_type)
        for n_nearest in (1, 6, 250):
            expected = oracle(tables, codes, n_nearest, first=3)
            found = search(tables, codes, n_nearest, first=3)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, b)


def test_infinite_distances(isa):
    tables = np.full((4, 2, 16), np.inf, np.float32)
    tables[1, :, 0] = 1
    distances, places = search(tables, np.array([[1, 1], [0, 1], [0, 0]], np.uint8), 2)
    assert places.tolist() == [[0, 1], [2, 0], [0, 1], [0, 1]]
    assert distances[1].tolist() == [2, np.inf]
