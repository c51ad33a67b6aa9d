"""Every type and ISA against the oracle: codes and distances equal to the bit."""

import numpy as np
import pytest
from library import Index, isas, lib
from oracle import all_distances, nearest

SHAPES = [
    (0, 3, 5),
    (1, 1, 1),
    (1, 2, 1),
    (5, 1, 7),
    (193, 1, 48),
    (37, 2, 15),
    (200, 3, 16),
    (191, 3, 17),
    (97, 4, 31),
    (100, 5, 33),
    (64, 7, 64),
    (50, 8, 65),
    (385, 8, 256),
    (51, 9, 40),
    (13, 13, 129),
    (200, 16, 250),
    (31, 17, 77),
    (29, 33, 100),
    (20, 64, 130),
    (11, 129, 70),
    (7, 300, 20),
]
TYPES = [
    ("u1", "f4"),
    ("u2", "f4"),
    ("f2", "f4"),
    ("f4", "f4"),
    ("u1", "f8"),
    ("u2", "f8"),
    ("f2", "f8"),
    ("f4", "f8"),
    ("f8", "f8"),
]


def check(index, x, codebook):
    codes, distances, runner_up = index.search(x, runner_up=True)
    wanted_codes, wanted, second = nearest(x, codebook)
    np.testing.assert_array_equal(codes, wanted_codes)
    np.testing.assert_array_equal(distances, wanted)
    with np.errstate(all="ignore"):
        norm2 = ((x.astype(np.float64) - codebook.astype(np.float64).mean(0)) ** 2).sum(1)
        off = np.abs(runner_up - second)
    finite = np.isfinite(second) & np.isfinite(distances)
    bound = index.runner_up_error(norm2)[finite] if len(x) else np.empty(0)
    assert np.all(off[finite] <= bound)
    assert np.all(runner_up[finite] >= distances[finite])
    return codes, distances, runner_up


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("types", TYPES, ids="-".join)
def test_types_and_shapes(isa, types, shape):
    n, d, k = shape
    rng = np.random.default_rng(n * d + k)
    x, c = rng.normal(100, 40, (n, d)), rng.normal(100, 40, (k, d))
    check(Index(c.astype(types[1])), np.clip(x, 0, 255).astype(types[0]), c.astype(types[1]))


@pytest.mark.parametrize("precision", ["f4", "f8"])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 8, 9, 16, 31, 70])
@pytest.mark.parametrize(
    "case", ["ties", "duplicates", "offset", "huge", "tiny", "outliers", "equal", "subnormal"]
)
def test_hard_data(isa, case, d, precision):
    rng = np.random.default_rng(d)
    n, k = 150, 90
    x, c = rng.normal(size=(n, d)), rng.normal(size=(k, d))
    if case == "ties":
        x, c = rng.integers(0, 3, (n, d)), rng.integers(0, 3, (k, d))
    elif case == "duplicates":
        c = c[rng.integers(0, 9, k)]
    elif case == "offset":
        x, c = x + 1e4, c + 1e4
    elif case == "huge":
        x, c = (x * 1e30, c * 1e30) if precision == "f4" else (x * 1e200, c * 1e200)
    elif case == "tiny":
        x, c = (x * 1e-30, c * 1e-30) if precision == "f4" else (x * 1e-200, c * 1e-200)
    elif case == "subnormal":
        x, c = (x * 1e-43, c * 1e-43) if precision == "f4" else (x * 1e-320, c * 1e-320)
    elif case == "outliers":
        x[::7] *= 1e5
        x[3, 0], x[5, d // 2], x[9, -1] = np.nan, np.inf, -np.inf
        x[11] = 3e38
    elif case == "equal":
        c = np.tile(c[:1], (k, 1))
    x, c = x.astype(precision), c.astype(precision)
    check(Index(c), x, c)


@pytest.mark.parametrize("types", TYPES, ids="-".join)
def test_any_strides_and_alignment(isa, types):
    rng = np.random.default_rng(0)
    c = rng.normal(100, 40, (50, 6)).astype(types[1])
    x = np.clip(rng.normal(100, 40, (61, 6)), 0, 255).astype(types[0])
    index, wanted = Index(c), nearest(x, c)
    wide = np.zeros((122, 18), dtype=types[0])
    wide[::2, ::3] = x
    odd = np.frombuffer(b"x" + x.tobytes(), dtype=np.uint8)[1:].view(types[0]).reshape(x.shape)
    for form in (
        wide[::2, ::3],
        np.asfortranarray(x),
        odd,
        np.ascontiguousarray(x[::-1])[::-1],
        np.ascontiguousarray(x[:, ::-1])[:, ::-1],
    ):
        codes, distances = index.search(form)
        np.testing.assert_array_equal(codes, wanted[0])
        np.testing.assert_array_equal(distances, wanted[1])
    same = np.lib.stride_tricks.as_strided(x[:1], (300, 6), (0, x.strides[1]))
    assert np.all(index.search(same)[0] == wanted[0][0])


@pytest.mark.parametrize("d", [1, 3, 16])
def test_seventy_thousand_codewords(isa, d):
    rng = np.random.default_rng(0)
    c, x = rng.normal(size=(70000, d)).astype("f4"), rng.normal(size=(30, d)).astype("f4")
    check(Index(c), x, c)


@pytest.mark.parametrize("precision", ["f4", "f8"])
@pytest.mark.parametrize("d", [2, 3, 8, 16, 40])
def test_same_bits_on_every_isa(d, precision):
    rng = np.random.default_rng(d)
    x, c = rng.normal(size=(500, d)).astype(precision), rng.normal(size=(200, d)).astype(precision)
    x[::50] *= 1e30
    results = []
    for name in isas():
        lib.centnn_set_isa(name)
        results.append(Index(c).search(x, runner_up=True))
    lib.centnn_set_isa(None)
    for result in results[1:]:
        for a, b in zip(result, results[0], strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("precision", ["f4", "f8"])
@pytest.mark.parametrize(
    "shape", [(4000, 2, 300), (4000, 3, 1500), (4001, 6, 400), (4000, 16, 500), (4000, 20, 133)]
)
@pytest.mark.parametrize("kind", ["structure", "random", "ties"])
def test_pruned_search_on_long_input(isa, kind, shape, precision):
    """Long input is pruned where that pays; it and any chunk of it give the same."""
    n, d, k = shape
    rng = np.random.default_rng(d)
    basis = rng.normal(size=(2, d))
    if kind == "structure":
        walk = np.cumsum(rng.normal(size=(n, 2)) * 0.1, 0)
        x = 100 + walk @ basis + 0.05 * rng.normal(size=(n, d))
        c = x[rng.integers(0, n, k)] + 0.01 * rng.normal(size=(k, d))
    elif kind == "ties":
        x, c = rng.integers(0, 4, (n, d)), rng.integers(0, 4, (k, d))
    else:
        x, c = rng.normal(size=(n, d)), rng.normal(size=(k, d))
    x, c = x.astype(precision), c.astype(precision)
    x[1234, 0] = np.nan
    index = Index(c)
    codes, distances = index.search(x)
    wanted = nearest(x, c)
    np.testing.assert_array_equal(codes, wanted[0])
    np.testing.assert_array_equal(distances, wanted[1])
    np.testing.assert_array_equal(index.search(x[1001:1777])[0], codes[1001:1777])


@pytest.mark.parametrize("precision", ["f4", "f8"])
@pytest.mark.parametrize(
    "shape", [(50, 1, 40, 40), (61, 2, 17, 1), (62, 3, 300, 10), (63, 8, 64, 7), (64, 16, 200, 200)]
)
def test_top(isa, shape, precision):
    n, d, k, n_nearest = shape
    rng = np.random.default_rng(d)
    for x, c in [
        (rng.normal(size=(n, d)), rng.normal(size=(k, d))),
        (rng.integers(0, 3, (n, d)), rng.integers(0, 3, (k, d))),
    ]:
        x, c = x.astype(precision), c.astype(precision)
        x[2, 0] = np.nan if precision == "f8" else np.inf
        distances = all_distances(x, c)
        order = np.argsort(distances, 1, kind="stable")[:, :n_nearest]
        codes, found = Index(c).top(x, n_nearest)
        np.testing.assert_array_equal(codes, order)
        np.testing.assert_array_equal(found, np.take_along_axis(distances, order, 1))
