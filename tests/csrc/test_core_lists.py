"""The kernels of csrc/lists.h: against NumPy in float64, and against the scalar one to the bit."""

import ctypes

import numpy as np
import pytest
from library import DTYPES, aligned, lib

ROWS = 32
N_NEAR = 5

SIZE, PTR, DOUBLE = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_double


class Samples(ctypes.Structure):
    _fields_ = [("values", PTR), ("dtype", ctypes.c_int), ("d", SIZE), ("offset", PTR)]


class BookStruct(ctypes.Structure):
    _fields_ = [("d", SIZE)]
    _fields_ += [(f, PTR) for f in ("sums", "counts", "codewords", "half_norms", "factors")]
    _fields_ += [("n_fixed", SIZE)]


class Found(ctypes.Structure):
    _fields_ = [
        ("own", DOUBLE * ROWS),
        ("best", DOUBLE * ROWS),
        ("place", ctypes.c_uint32 * ROWS),
    ]


BOOL = ctypes.c_bool
S, B = ctypes.POINTER(Samples), ctypes.POINTER(BookStruct)
PROTOTYPES = {
    "scratch_size": (SIZE, SIZE, SIZE),
    "load": (None, S, PTR, SIZE, PTR, PTR, PTR),
    "search": (None, B, PTR, SIZE, SIZE, PTR, SIZE, PTR, BOOL, BOOL, ctypes.POINTER(Found)),
    "near": (None, B, SIZE, SIZE, SIZE, SIZE, PTR, PTR, PTR),
    "distance": (DOUBLE, S, SIZE, B, SIZE, PTR),
    "add": (None, S, PTR, SIZE, PTR, PTR, PTR),
    "norm": (DOUBLE, S, SIZE, PTR),
    "read": (None, S, SIZE, PTR),
    "settle": (None, B, SIZE),
    "move": (BOOL, S, SIZE, DOUBLE, B, SIZE, SIZE, PTR),
    "drift": (DOUBLE, B, PTR, SIZE),
    "project": (None, PTR, SIZE, SIZE, PTR, PTR),
    "combine": (None, PTR, SIZE, SIZE, PTR, PTR, PTR),
}


class Lists(ctypes.Structure):
    _fields_ = [(name, ctypes.CFUNCTYPE(*types)) for name, types in PROTOTYPES.items()]


def lists(real):
    return Lists.from_address(lib.lists_of(DTYPES[np.dtype(real)]))


class Case:
    """Samples, a book of codewords that each have some of them, and memory."""

    def __init__(self, real, d, n=200, k=40, dtype=None, n_fixed=0):
        generator = np.random.default_rng([d, n, k])
        self.real, self.d, self.k = np.dtype(real), d, k
        self.x = np.rint(generator.random((n, d)) * 255).astype(dtype or real)
        self.offset = np.full(d, 127, real) if dtype else np.zeros(d, real)
        self.samples = Samples(
            self.x.ctypes.data,
            DTYPES[self.x.dtype],
            d,
            self.offset.ctypes.data if dtype else None,
        )
        self.rows = self.x.astype(np.float64) - self.offset
        self.labels = np.arange(n) % k
        self.sums, self.counts = np.zeros((k, d)), np.bincount(self.labels).astype(float)
        np.add.at(self.sums, self.labels, self.rows)
        self.codewords = np.zeros((k, d), real)
        self.half_norms, self.factors = np.zeros(k, real), np.zeros(k, real)
        arrays = (self.sums, self.counts, self.codewords, self.half_norms, self.factors)
        self.book = BookStruct(d, *(a.ctypes.data for a in arrays), 0)
        self.c = lists(real)
        for j in range(k):
            self.c.settle(self.book, j)
        self.book.n_fixed = n_fixed
        for j in range(n_fixed):
            self.c.settle(self.book, j)
        self.scratch = aligned(self.c.scratch_size(d, N_NEAR))
        self.tile = aligned(8 * ROWS * d * self.real.itemsize)

    def load(self, rows, centre=None, tile=0):
        rows = np.asarray(rows, np.uint32)
        start = self.tile.ctypes.data + tile * ROWS * self.d * self.real.itemsize
        self.c.load(
            self.samples,
            rows.ctypes.data,
            len(rows),
            None if centre is None else centre.ctypes.data,
            start,
            self.scratch.ctypes.data,
        )

    def search(self, n, own, codewords, weights=None, plain=False, by_difference=False):
        codewords = np.asarray(codewords, np.uint32)
        found = Found()
        self.c.search(
            self.book,
            self.tile.ctypes.data,
            n,
            own,
            codewords.ctypes.data,
            len(codewords),
            None if weights is None else weights.ctypes.data,
            plain,
            by_difference,
            found,
        )
        return tuple(np.array(f)[:n] for f in (found.own, found.best, found.place))

    def squares(self, rows, codewords):
        differences = self.rows[rows, None] - self.codewords[codewords].astype(float)
        return (differences**2).sum(axis=2)


def tolerance(real):
    return 3e-5 if np.dtype(real) == np.float32 else 1e-13


DIMENSIONS = [2, 3, 4, 5, 8, 15, 16, 17, 40, 64, 131]


def test_a_move_by_hand(isa):
    # Members 0, 4 and 10 of codeword 0 against member 12 of codeword 1: 10 moves to make 11.
    case = Case("f8", 2, n=4, k=2)
    case.x[:] = [[0, 0], [4, 0], [10, 0], [12, 0]]
    case.sums[:], case.counts[:] = [[14, 0], [12, 0]], [3, 1]
    case.c.settle(case.book, 0)
    case.c.settle(case.book, 1)
    scratch = case.scratch.ctypes.data
    assert case.c.distance(case.samples, 3, case.book, 1, scratch) == 0
    assert not case.c.move(case.samples, 1, 1.0, case.book, 0, 1, scratch)  # 4: stays
    assert case.c.move(case.samples, 2, 1.0, case.book, 0, 1, scratch)
    assert case.codewords.tolist() == [[2, 0], [11, 0]]
    assert case.counts.tolist() == [2, 2]
    assert case.half_norms.tolist() == [2, 60.5]
    np.testing.assert_allclose(case.factors, 2 / 3)


@pytest.mark.parametrize("real", ["f4", "f8"])
@pytest.mark.parametrize("d", DIMENSIONS)
def test_search(isa, real, d):
    case = Case(real, d)
    codewords = np.arange(40)[::-1][:37]
    weights = np.linspace(0.5, 9, ROWS).astype(np.float32)
    for n in (1, 7, 16, 17, 31, 32):
        rows = np.arange(3, 3 + 5 * n, 5)
        case.load(rows)
        squares = case.squares(rows, codewords)
        for options, factors in [
            ({"plain": True}, 1),
            ({}, (case.counts / (case.counts + 1))[codewords]),
            ({"weights": weights}, 1 / (1 + weights[:n, None] / case.counts[codewords])),
            ({"by_difference": True}, (case.counts / (case.counts + 1))[codewords]),
        ]:
            own, best, place = case.search(n, 11, codewords, **options)
            np.testing.assert_allclose(own, case.squares(rows, [11])[:, 0], rtol=tolerance(real))
            expected = squares * factors
            np.testing.assert_allclose(best, expected.min(axis=1), rtol=tolerance(real))
            chosen = expected[np.arange(n), place]
            np.testing.assert_allclose(chosen, expected.min(axis=1), rtol=tolerance(real))


def test_search_prefers_the_first_of_equals_and_may_find_none(isa):
    case = Case("f4", 6)
    case.load([1, 2, 3])
    assert case.search(3, 0, [5, 5, 5])[2].tolist() == [0, 0, 0]
    assert np.isinf(case.search(3, 0, [])[1]).all()


def test_fixed_codewords_have_no_factor(isa):
    case = Case("f4", 6, n_fixed=2)
    case.load([7])
    squares = case.squares([7], [0, 1])[0]
    for weights in (None, np.full(ROWS, 3, np.float32)):
        _, best, _ = case.search(1, 5, [0, 1], weights)
        np.testing.assert_allclose(best, squares.min(), rtol=1e-5)


@pytest.mark.parametrize("real", ["f4", "f8"])
@pytest.mark.parametrize("d", DIMENSIONS)
@pytest.mark.parametrize("k", [N_NEAR + 1, 33, 300])
def test_near(isa, real, d, k):
    case = Case(real, d, n=max(200, 2 * k), k=k)
    near, reach = np.zeros((k, N_NEAR), np.uint32), np.zeros(k, np.float32)
    for first in range(0, k, ROWS):
        case.c.near(
            case.book,
            k,
            first,
            min(ROWS, k - first),
            N_NEAR,
            near[first:].ctypes.data,
            reach[first:].ctypes.data,
            case.scratch.ctypes.data,
        )
    codewords = case.codewords.astype(float)
    squares = ((codewords[:, None] - codewords) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    expected = np.sort(squares, axis=1)[:, :N_NEAR]
    chosen = np.sort(np.take_along_axis(squares, near.astype(int), axis=1), axis=1)
    np.testing.assert_allclose(chosen, expected, rtol=1e-4)
    np.testing.assert_allclose(reach, np.sqrt(expected[:, -1]), rtol=1e-4)
    assert all(len(set(row)) == N_NEAR for row in near.tolist())


@pytest.mark.parametrize(
    "real, dtype", [("f4", t) for t in ("u1", "u2", "f2", "f4")] + [("f8", "f8")]
)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_rows(isa, real, dtype, d):
    case = Case(real, d, dtype=dtype)
    row, scratch = np.zeros(d, real), case.scratch.ctypes.data
    case.c.read(case.samples, 17, row.ctypes.data)
    np.testing.assert_array_equal(row, case.rows[17])
    assert case.c.norm(case.samples, 17, scratch) == (case.rows[17] ** 2).sum()
    expected = case.squares([17], [3])[0, 0]
    distance = case.c.distance(case.samples, 17, case.book, 3, scratch)
    assert distance == pytest.approx(expected, rel=tolerance(real))
    rows, weights = np.array([4, 9, 9], np.uint32), np.array([1, 2, 0.5], np.float32)
    total = np.ones(d)
    case.c.add(case.samples, rows.ctypes.data, 3, weights.ctypes.data, total.ctypes.data, scratch)
    np.testing.assert_array_equal(total, 1 + case.rows[4] + 2.5 * case.rows[9])
    before = np.zeros((40, d), real)
    drift = case.c.drift(case.book, before.ctypes.data, 3)
    norm = np.sqrt((case.codewords[3].astype(float) ** 2).sum())
    assert drift == pytest.approx(norm, rel=1e-5)
    np.testing.assert_array_equal(before[3], case.codewords[3])


@pytest.mark.parametrize("real", ["f4", "f8"])
@pytest.mark.parametrize("d", DIMENSIONS)
def test_project_and_combine(isa, real, d):
    case = Case(real, d)
    centre = np.ascontiguousarray(case.codewords[3])
    rows = np.arange(100)
    for t in range(4):
        case.load(rows[t * ROWS : (t + 1) * ROWS], centre, t)
    x = case.rows[:100] - centre
    axis, projections = np.linspace(-1, 1, d), np.zeros(4 * ROWS)
    tile, scratch = case.tile.ctypes.data, case.scratch.ctypes.data
    scale = tolerance(real) * np.abs(x).max() ** 2 * d
    case.c.project(tile, 4, d, axis.ctypes.data, projections.ctypes.data)
    np.testing.assert_allclose(projections[:100], x @ axis, atol=scale)
    case.c.project(tile, 4, d, None, projections.ctypes.data)
    np.testing.assert_allclose(projections[:100], (x**2).sum(axis=1), atol=scale)
    times, total = np.zeros(4 * ROWS), np.zeros(d)
    times[:100] = np.linspace(0, 3, 100)
    case.c.combine(tile, 4, d, times.ctypes.data, total.ctypes.data, scratch)
    np.testing.assert_allclose(total, times[:100] @ x, atol=scale * 100)


def everything(real, d, dtype):
    """The bytes of all that the functions give."""
    case = Case(real, d, dtype=dtype)
    rows, codewords = np.arange(29), np.arange(39)
    weights = np.linspace(0.5, 9, ROWS).astype(np.float32)
    scratch = case.scratch.ctypes.data
    results = []
    case.load(rows)
    for options in ({}, {"plain": True}, {"weights": weights}, {"by_difference": True}):
        results += case.search(29, 39, codewords, **options)
    near, reach = np.zeros((40, N_NEAR), np.uint32), np.zeros(40, np.float32)
    for first, n in ((0, 32), (32, 8)):
        at = near[first:].ctypes.data, reach[first:].ctypes.data
        case.c.near(case.book, 40, first, n, N_NEAR, *at, scratch)
    projections, total = np.zeros(ROWS), np.zeros(d)
    axis = np.linspace(-1, 1, d)
    case.c.project(case.tile.ctypes.data, 1, d, axis.ctypes.data, projections.ctypes.data)
    case.c.combine(case.tile.ctypes.data, 1, d, projections.ctypes.data, total.ctypes.data, scratch)
    moved = [
        case.c.move(case.samples, i, 1.0, case.book, i % 40, i % 7, scratch) for i in range(99)
    ]
    results += [near, reach, projections, total, np.array(moved), case.sums, case.counts]
    results += [case.codewords, case.half_norms, case.factors]
    return [np.asarray(r).tobytes() for r in results]


@pytest.mark.parametrize("real, dtype", [("f4", "u1"), ("f4", None), ("f8", None)])
@pytest.mark.parametrize("d", DIMENSIONS)
def test_same_bits_as_scalar(isa, real, dtype, d):
    found = everything(real, d, dtype)
    assert lib.centnn_set_isa(b"scalar") == 0
    assert found == everything(real, d, dtype)
