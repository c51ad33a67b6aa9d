"""The steps of training (near.h): what they compute, and the same bits on every ISA."""

import ctypes

import numpy as np
import pytest
from library import isas, lib

lib.near_of.restype = ctypes.c_void_p
lib.near_of.argtypes = [ctypes.c_int]

TILE = 128
PRECISIONS = {"f4": 3, "f8": 4}
SHAPES = [(1, 1), (5, 2), (16, 3), (17, 16), (128, 16), (100, 33)]

ptr, size, real = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double


class Samples(ctypes.Structure):
    _fields_ = [
        ("rows", ptr),
        ("origin", ptr),
        ("weights", ptr),
        ("weight_scale", real),
        ("d", size),
    ]


class Tile(ctypes.Structure):
    _fields_ = [
        ("n", size),
        ("d", size),
        ("weighted", ctypes.c_bool),
        *((name, ptr) for name in ("x", "weight", "mass", "own", "gain", "value", "who")),
    ]


class Rivals(ctypes.Structure):
    _fields_ = [("n", size), *((name, ptr) for name in ("ids", "gap", "stretch", "inverse"))]


class Near(ctypes.Structure):
    _fields_ = [
        (name, ctypes.CFUNCTYPE(None, *arguments))
        for name, arguments in [
            ("load", [ptr, ptr, size, ptr]),
            ("own", [ptr, real, ptr]),
            ("gaps", [ptr, size, size, size, ptr, ptr]),
            ("within", [ptr, real, real, real, ptr]),
            ("best", [ptr, ptr, real, ptr]),
            ("project", [ptr, ptr, ptr, ptr]),
            ("divide", [ptr, ptr, ptr, ptr, ptr, ptr]),
            ("fold", [ptr, size, ptr]),
            ("pair", [ptr, ctypes.c_int32, ptr, ptr, ptr]),
            ("add", [ptr, ctypes.c_int32, real, ptr, ptr]),
            ("place", [ptr, real, size, ptr, ptr, size]),
        ]
    ]


def near(precision):
    return ctypes.cast(lib.near_of(PRECISIONS[precision]), ctypes.POINTER(Near))[0]


class Case:
    """Samples, codewords, and a tile in which all samples are loaded."""

    def __init__(self, n, d, precision, weighted=False, k=20):
        rng = np.random.default_rng(n * d)
        self.precision, self.near = precision, near(precision)
        self.panel = 64 // np.dtype(precision).itemsize
        self.n, self.d, self.k = n, d, k
        self.rows = rng.normal(100, 3, (n, d)).astype(precision)
        self.origin = np.full(d, 100, precision)
        self.weights = rng.integers(1, 9, n).astype(float) if weighted else np.ones(n)
        self.samples = Samples(
            self.rows.ctypes.data,
            self.origin.ctypes.data,
            self.weights.ctypes.data if weighted else None,
            0.5 if weighted else 1,
            d,
        )
        self.mass = self.weights * self.samples.weight_scale
        self.x = (self.rows - self.origin).astype(float)
        self.codewords = rng.normal(0, 3, (k, d)).astype(precision)
        self.columns = np.zeros((d, 32), precision)
        self.columns[:, :k] = self.codewords.T
        self.arrays = {
            "x": np.zeros((d, TILE), precision),
            "weight": np.zeros(TILE, precision),
            **{name: np.zeros(TILE) for name in ("mass", "own", "gain", "value")},
            "who": np.zeros(TILE, np.int32),
        }
        self.tile = Tile(**{name: array.ctypes.data for name, array in self.arrays.items()})
        ids = np.arange(n, dtype=np.int32)
        self.near.load(ctypes.byref(self.samples), ids.ctypes.data, n, ctypes.byref(self.tile))

    def rivals(self, **arrays):
        self.kept = {
            "ids": np.zeros(32, np.int32),
            **{name: np.zeros(32, self.precision) for name in ("gap", "stretch", "inverse")},
            **arrays,
        }
        return Rivals(0, **{name: array.ctypes.data for name, array in self.kept.items()})

    def lanes(self):
        return np.zeros((self.d + 1, self.panel), self.precision)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_distances_and_gains(isa, shape, precision, weighted):
    case = Case(*shape, precision, weighted)
    np.testing.assert_array_equal(case.arrays["x"][:, : case.n], case.x.T)
    codeword, total = case.codewords[0], case.mass.sum() + 1
    case.near.own(codeword.ctypes.data, total, ctypes.byref(case.tile))
    own = ((case.x - codeword) ** 2).sum(1)
    np.testing.assert_allclose(case.arrays["own"][: case.n], own, rtol=1e-5)
    gain = case.arrays["own"][: case.n] * total / (total - case.mass)
    np.testing.assert_allclose(case.arrays["gain"][: case.n], gain, rtol=1e-12)
    pair = np.zeros(2)
    for i in range(case.n):
        case.near.pair(
            ctypes.byref(case.samples),
            i,
            codeword.ctypes.data,
            case.codewords[1].ctypes.data,
            pair.ctypes.data,
        )
        assert pair[0] == case.arrays["own"][i]
    gap = np.zeros(32, precision)
    case.near.gaps(case.columns.ctypes.data, 32, 32, case.d, codeword.ctypes.data, gap.ctypes.data)
    wanted = ((case.codewords.astype(float) - codeword) ** 2).sum(1)
    np.testing.assert_allclose(gap[: case.k], wanted, rtol=1e-5)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_within_takes_those_in_reach_in_order(isa, precision):
    case = Case(3, 2, precision)
    gap = np.full(32, np.inf, precision)
    gap[:20] = np.arange(20) ** 2
    stretch = np.full(32, 2, precision)
    every = case.rivals(gap=gap, stretch=stretch, inverse=np.full(32, 0.5, precision))
    every.n = 20
    every.ids = None
    kept = case.kept
    some = case.rivals()
    case.near.within(ctypes.byref(every), 1.0, 2.0, 1.5, ctypes.byref(some))
    assert some.n == 7
    np.testing.assert_array_equal(case.kept["ids"][:7], range(7))
    np.testing.assert_array_equal(case.kept["gap"][:7], kept["gap"][:7])
    assert np.all(case.kept["inverse"][:7] == 0.5)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_best_is_the_first_least_value(isa, shape, precision, weighted):
    case = Case(*shape, precision, weighted)
    case.codewords[7] = case.codewords[3]
    inverse = np.zeros(32, precision)
    inverse[: case.k] = 1 / np.arange(1, case.k + 1)
    inverse[7] = inverse[3]
    rivals = case.rivals(inverse=inverse, ids=np.arange(32, dtype=np.int32))
    rivals.n = case.k
    case.near.best(case.codewords.ctypes.data, ctypes.byref(rivals), 1e9, ctypes.byref(case.tile))
    distance = ((case.x[:, None] - case.codewords[None].astype(float)) ** 2).sum(2)
    value = distance / (1 + case.mass[:, None] * inverse[: case.k])
    who = case.arrays["who"][: case.n]
    assert 7 not in who
    np.testing.assert_allclose(case.arrays["value"][: case.n], value.min(1), rtol=1e-5)
    np.testing.assert_allclose(value[np.arange(case.n), who], value.min(1), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_halves_and_axis(isa, shape, precision, weighted):
    case = Case(*shape, precision, weighted)
    a, b, centre = case.codewords[:3]
    side = np.zeros(TILE, np.uint8)
    lanes, sums = case.lanes(), np.zeros(case.d + 1)
    case.near.divide(
        ctypes.byref(case.tile),
        *(array.ctypes.data for array in (a, b, centre, lanes, side)),
    )
    case.near.fold(lanes.ctypes.data, case.d + 1, sums.ctypes.data)
    assert not lanes.any()
    nearer = ((case.x - a) ** 2).sum(1) < ((case.x - b) ** 2).sum(1)
    np.testing.assert_array_equal(side[: case.n], nearer)
    mass = case.mass * nearer
    np.testing.assert_allclose(sums[:-1], mass @ (case.x - centre), rtol=1e-4, atol=1e-3)
    assert sums[-1] == mass.sum()
    sums[:] = 0
    case.near.project(ctypes.byref(case.tile), *(array.ctypes.data for array in (centre, a, lanes)))
    case.near.fold(lanes.ctypes.data, case.d, sums.ctypes.data)
    along = case.mass * ((case.x - centre) @ a.astype(float))
    np.testing.assert_allclose(sums[:-1], along @ (case.x - centre), rtol=1e-3, atol=1e-1)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_sums_and_codewords(isa, precision):
    case = Case(5, 3, precision)
    sums = np.zeros(3)
    case.near.add(ctypes.byref(case.samples), 2, 0.5, None, sums.ctypes.data)
    np.testing.assert_array_equal(sums, 0.5 * case.x[2])
    column = np.zeros((3, 4), precision)
    case.near.place(
        sums.ctypes.data,
        0.5,
        3,
        case.codewords[1].ctypes.data,
        column[:, 1:].ctypes.data,
        4,
    )
    np.testing.assert_array_equal(case.codewords[1], case.x[2])
    np.testing.assert_array_equal(column[:, 1], case.x[2])


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_bits_on_every_isa(shape, precision, weighted):
    results = []
    for name in isas():
        lib.centnn_set_isa(name)
        case = Case(*shape, precision, weighted)
        case.near.own(case.codewords[0].ctypes.data, 200.0, ctypes.byref(case.tile))
        # Near enough that not all are looked at.
        gap = np.full(32, np.inf, precision)
        case.near.gaps(
            case.columns.ctypes.data,
            32,
            32,
            case.d,
            case.codewords[0].ctypes.data,
            gap.ctypes.data,
        )
        rivals = case.rivals(
            gap=gap, stretch=np.ones(32, precision), ids=np.arange(32, dtype=np.int32)
        )
        rivals.n = case.k
        case.near.best(case.codewords.ctypes.data, ctypes.byref(rivals), 0, ctypes.byref(case.tile))
        lanes, side, sums = case.lanes(), np.zeros(TILE, np.uint8), np.zeros(case.d + 1)
        a, b = case.codewords[1:3]
        case.near.project(ctypes.byref(case.tile), *(array.ctypes.data for array in (a, b, lanes)))
        case.near.divide(
            ctypes.byref(case.tile), *(array.ctypes.data for array in (a, b, a, lanes, side))
        )
        case.near.fold(lanes.ctypes.data, case.d + 1, sums.ctypes.data)
        arrays = [case.arrays[key][: case.n] for key in ("own", "gain", "value", "who")]
        results.append(
            [array.tobytes() for array in (*arrays, gap[: case.k], sums, side[: case.n])]
        )
    lib.centnn_set_isa(None)
    for result in results[1:]:
        assert result == results[0]
