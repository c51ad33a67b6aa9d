"""d = 1: thresholds are exact for every kind of codebook."""

import numpy as np
import pytest
from library import Index
from oracle import nearest

CODEBOOKS = {
    "normal": lambda rng, k: rng.normal(size=k),
    "integers": lambda rng, k: rng.integers(0, 20, k).astype(float),
    # Neighbours far on both sides of 0: as integers, they are more than 2**63 apart.
    "both sides of 0": lambda rng, k: rng.choice([-1, 1], k) * rng.integers(800, 2500, k),
    "offset": lambda rng, k: 1e4 + rng.normal(size=k),
    "magnitudes": lambda rng, k: 10.0 ** rng.uniform(-30, 30, k) * rng.choice([-1, 1], k),
    "clustered": lambda rng, k: np.r_[rng.normal(size=k // 2) * 1e-20, rng.normal(size=k - k // 2)],
    "adjacent": lambda rng, k: 1 + np.arange(k) * 2.0**-23,
}


@pytest.mark.parametrize("precision", ["f4", "f8"])
@pytest.mark.parametrize("k", [1, 2, 5, 48, 64, 65, 1000])
@pytest.mark.parametrize("kind", CODEBOOKS)
def test_codebooks(isa, kind, k, precision):
    rng = np.random.default_rng(k)
    c = rng.permutation(CODEBOOKS[kind](rng, k)).astype(precision)
    a, b = c[rng.integers(0, k, 400)], c[rng.integers(0, k, 400)]
    middle = (a.astype(float) + b.astype(float)) / 2  # on and around the steps
    x = np.concatenate(
        [
            rng.normal(size=300),
            rng.integers(-5, 25, 300) / 2,
            a,
            middle,
            1e4 + rng.normal(size=100),
            10.0 ** rng.uniform(-37, 37, 100),
            [np.nan, np.inf, -np.inf],
        ]
    ).astype(precision)
    x = np.concatenate(
        [
            x,
            np.nextafter(middle.astype(precision), np.inf),
            np.nextafter(middle.astype(precision), -np.inf),
        ]
    )
    codes, distances, runner_up = Index(c[:, None]).search(x[:, None], runner_up=True)
    wanted = nearest(x[:, None], c[:, None])
    np.testing.assert_array_equal(codes, wanted[0])
    np.testing.assert_array_equal(distances, wanted[1])
    finite = np.isfinite(x)
    np.testing.assert_array_equal(runner_up[finite], wanted[2][finite])
    in_range = np.abs(x) <= 2 * np.abs(c).max()  # whole tiles without an outlier
    codes = Index(c[:, None]).search(np.ascontiguousarray(x[in_range][:, None]))[0]
    np.testing.assert_array_equal(codes, wanted[0][in_range])


def test_both_sides_of_zero_by_hand(isa):
    # 816 is as far from both.
    x = np.array([2472.0, 1608, 817, 816, 815, 248, -840])[:, None]
    for dtype in ("f4", "f8"):
        codes = Index(np.array([[2472.0], [-840]], dtype)).search(x.astype(dtype))[0]
        assert codes.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_bytes():
    c = np.random.default_rng(0).uniform(-20, 280, 48).astype("f4")[:, None]
    x = np.arange(256, dtype="u1")[:, None]
    for form in (x, x[::-1], np.repeat(x, 3, 1)[:, 1:2]):
        codes, distances = Index(c).search(form)
        wanted = nearest(form, c)
        np.testing.assert_array_equal(codes, wanted[0])
        np.testing.assert_array_equal(distances, wanted[1])
