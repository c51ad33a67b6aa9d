"""The engine of algorithm="local" for large data, called directly."""

import dataclasses
import itertools
import resource
import subprocess
import sys

import numpy as np
import pytest
from ctrl_c import pressed

from centnn import _search
from centnn._rounds import _plan, _train, train
from centnn._rounds._last import complete
from centnn._rounds._team import Team


def silent(epoch, n_codewords, error):
    return False


def fit(x, k, weights=None, effort="fast", n_threads=1, monitor=silent, **options):
    centers, labels, counts, _ = train(
        np.ascontiguousarray(x), weights, k, effort, monitor, n_threads, **options
    )
    return centers, labels, counts


def squared_error(x, centers, labels, weights=None):
    errors = ((x.astype(np.float64) - centers.astype(np.float64)[labels]) ** 2).sum(axis=1)
    return float(errors.sum() if weights is None else errors @ weights)


def check_means(x, centers, labels, counts, weights=None, n_fixed=0):
    """Each codeword is the mean of its members, and has some."""
    w = np.ones(len(x)) if weights is None else weights
    k = len(centers)
    assert labels.dtype == np.int32 and counts.dtype == np.float64
    np.testing.assert_allclose(counts, np.bincount(labels, w, minlength=k), rtol=1e-12)
    assert (np.bincount(labels, minlength=k)[n_fixed:] > 0).all()
    sums = np.zeros((k, x.shape[1]))
    np.add.at(sums, labels, x.astype(np.float64) * w[:, None])
    means = (sums[n_fixed:] / counts[n_fixed:, None]).astype(centers.dtype)
    scale = np.abs(x.astype(np.float64)).max()
    tolerance = 1e-13 if centers.dtype == np.float64 else 1e-7
    np.testing.assert_allclose(centers[n_fixed:], means, rtol=tolerance, atol=tolerance * scale)


def mixture(n, d, n_clusters=40, seed=0, dtype=np.float32):
    generator = np.random.default_rng([n, d, seed])
    means = generator.normal(size=(n_clusters, d)) * 4
    x = means[generator.integers(0, n_clusters, n)] + generator.normal(size=(n, d))
    return x.astype(dtype)


def test_four_points_by_hand():
    x = np.array([[0, 0], [2, 0], [10, 0], [14, 0]], np.float32)
    centers, labels, counts = fit(x, 2)
    order = np.argsort(centers[:, 0])
    np.testing.assert_array_equal(centers[order], [[1, 0], [12, 0]])
    assert labels[0] == labels[1] != labels[2] == labels[3]
    np.testing.assert_array_equal(counts, [2, 2])


def test_a_move_that_only_counts_make_worthwhile():
    # Codewords 0 (members -1, 1) and 5 (members 2.4, 7.6). 2.4 is nearer to 0 (2.4 < 2.6), but not
    # by as much as the counts ask for in plain k-means; by Hartigan 2/3 * 5.76 < 2/1 * 6.76.
    x = np.array([[-1, 0], [1, 0], [2.4, 0], [7.6, 0]])
    init = np.array([[0.0, 0], [5, 0]])
    centers, labels, _ = fit(x, 2, init=init)
    assert labels.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(centers, [[0.8, 0], [7.6, 0]])


@pytest.mark.parametrize("n, k", [(1, 1), (2, 1), (2, 2), (3, 2), (33, 33), (100, 99), (70, 69)])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4", "f8"])
def test_tiny(n, k, dtype):
    generator = np.random.default_rng(0)
    x = generator.permutation(200)[:n, None] + np.zeros((1, 3))
    x = x.astype(dtype)
    centers, labels, counts = fit(x, k)
    check_means(x, centers, labels, counts)
    assert len(centers) == k
    if n == k:
        assert squared_error(x, centers, labels) == 0


def test_duplicates():
    distinct = np.arange(60, dtype=np.float32).reshape(20, 3) ** 2
    x = np.repeat(distinct, np.arange(1, 21) ** 2, axis=0)
    centers, labels, counts = fit(x, 20)
    assert squared_error(x, centers, labels) == 0
    assert sorted(counts) == sorted(np.arange(1, 21) ** 2)


def test_one_odd_sample_among_thousands():
    x = np.zeros((5000, 4), np.float32)
    x[4321] = 1
    centers, labels, counts = fit(x, 2)
    assert squared_error(x, centers, labels) == 0
    assert sorted(counts) == [1, 4999]


@pytest.mark.parametrize("scale", [1e-15, 1.0])
def test_samples_whose_differences_vanish(scale):
    x = np.array([[0, 0], [1e-20, 0], [0, 1e-20], [1, 0], [1, 1]]) * scale
    x = x.astype(np.float32)
    centers, labels, counts = fit(x, 5)
    check_means(x, centers, labels, counts)
    assert squared_error(x, centers, labels) == 0


def test_last_resort():
    x = np.array([[0], [0], [1], [2], [3], [9]])
    labels = complete(x, np.array([0, 0, 0, 0, 0, 1], np.int32), 2, 4)
    assert labels.tolist() == [0, 0, 2, 3, 3, 1]


@pytest.mark.parametrize("d", [2, 3, 4, 5, 16, 31, 64, 130])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_means_and_minimum(d, dtype):
    x = mixture(3000, d)
    x = np.clip(np.rint(x * 10 + 128), 0, 255).astype(dtype) if dtype == "u1" else x.astype(dtype)
    centers, labels, counts = fit(x, 100)
    check_means(x, centers, labels, counts)
    assert centers.dtype == (np.float64 if dtype == "f8" else np.float32)
    # Few samples would gain by a move: the rounds had an end.
    distances = ((x.astype(float)[:, None] - centers.astype(float)) ** 2).sum(axis=2)
    factor = np.where(np.arange(100) == labels[:, None], 0, counts / (counts + 1))
    own = counts[labels] / np.maximum(counts[labels] - 1, 1)
    factor[np.arange(len(x)), labels] = own
    assert np.mean((distances * factor).argmin(axis=1) != labels) < 0.01


def plain_kmeans(x, k):
    """The error of Lloyd's iterations from the best of three draws of the samples."""
    errors = []
    for seed in range(3):
        centers = x[np.random.default_rng(seed).choice(len(x), k, replace=False)]
        for _ in range(30):
            labels = ((x[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
            used = np.bincount(labels, minlength=k) > 0
            for j in np.flatnonzero(used):
                centers[j] = x[labels == j].mean(axis=0)
        errors.append(squared_error(x, centers, labels))
    return min(errors)


@pytest.mark.parametrize("d", [2, 16])
def test_better_than_plain_kmeans(d):
    x = mixture(2000, d, dtype=np.float64)
    errors = {}
    for effort in ("fast", "balanced", "best"):
        centers, labels, _ = fit(x, 50, effort=effort)
        errors[effort] = squared_error(x, centers, labels)
    assert errors["best"] <= errors["balanced"] <= errors["fast"] < plain_kmeans(x, 50)


@pytest.fixture
def restore_isa():
    yield
    _search.set_isa(_search.available_isas()[0])


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
@pytest.mark.parametrize("d", [2, 4, 7, 16, 40])
def test_same_bits_on_any_isa_with_any_threads(d, dtype, restore_isa):
    x = mixture(6000, d)
    x = np.clip(np.rint(x * 10 + 128), 0, 255).astype(dtype) if dtype == "u1" else x.astype(dtype)
    weights = np.random.default_rng(1).random(len(x)) + 0.1
    results = []
    for isa in _search.available_isas():
        _search.set_isa(isa)
        for n_threads in (1, 3):
            results.append(fit(x, 120, weights, n_threads=n_threads))
    for result in results[1:]:
        for a, b in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(a, b)


def test_weights_are_repeated_rows():
    x = mixture(1500, 6)
    times = np.random.default_rng(0).integers(1, 5, len(x))
    centers, labels, counts = fit(x, 60, times.astype(np.float64))
    check_means(x, centers, labels, counts, times.astype(np.float64))
    repeated = np.repeat(x, times, axis=0)
    centers_2, labels_2, _ = fit(repeated, 60)
    error = squared_error(x, centers, labels, times)
    assert error == pytest.approx(squared_error(repeated, centers_2, labels_2), rel=0.03)


def test_unit_weights_are_none():
    x = mixture(3000, 5)
    for a, b in zip(fit(x, 80), fit(x, 80, np.ones(len(x))), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_any_size():
    x = mixture(2000, 3)
    weights = 10.0 ** np.random.default_rng(0).uniform(-200, 200, len(x))
    centers, labels, counts = fit(x, 50, weights)
    assert np.isfinite(centers).all()
    check_means(x, centers, labels, counts, weights)


@pytest.mark.parametrize("d", [3, 24])
def test_far_from_the_origin(d):
    x = np.rint(mixture(3000, d) * 64) / 64  # so that the shift is exact
    shifted = x + np.float32(10000)
    error = squared_error(shifted, *fit(shifted, 80)[:2])
    assert error == pytest.approx(squared_error(x, *fit(x, 80)[:2]), rel=0.02)


def test_outliers_do_not_blur_the_rest():
    x = mixture(3000, 12)
    with_outlier = np.concatenate([x, np.full((1, 12), 3e6, np.float32)])
    error = squared_error(x, *fit(x, 80)[:2])
    assert squared_error(with_outlier, *fit(with_outlier, 81)[:2]) == pytest.approx(error, rel=0.05)


def test_init_only_settles():
    x = mixture(2000, 4, dtype=np.float64)
    init = x[:30] + 0.5
    init[7] = 1e6  # has no samples: grown anew
    centers, labels, counts = fit(x, 30, init=init)
    check_means(x, centers, labels, counts)
    start = ((x[:, None] - init) ** 2).sum(axis=2)
    assert squared_error(x, centers, labels) < start.min(axis=1).sum()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_fixed_codewords_stay(dtype):
    x = mixture(2000, 4, dtype=dtype)
    fixed = np.array([[0.1, 0.2, 0.3, 0.4], [5, 5, 5, 5], [900, 0, 0, 0]], dtype).astype(float)
    centers, labels, counts = fit(x, 40, init=fixed, fixed=3)
    assert len(centers) == 40
    np.testing.assert_array_equal(centers[:3], fixed.astype(dtype))
    check_means(x, centers, labels, counts, n_fixed=3)
    nearest = ((x[:, None].astype(float) - centers) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.97


def test_a_fixed_codeword_may_be_left_without_samples():
    x = np.array([[1, 0], [2, 0]], np.float32)
    centers, labels, counts = fit(x, 3, init=np.array([[900.0, 0]]), fixed=1)
    assert centers[0].tolist() == [900, 0]
    assert counts.tolist() == [0, 1, 1]
    assert squared_error(x, centers, labels) == 0


def test_monitor_sees_the_error_and_stops():
    x = mixture(4000, 5)
    seen = []

    def monitor(epoch, n_codewords, error):
        seen.append((epoch, n_codewords, error))
        return len(seen) == stop

    for stop in (1, 5, 14, 18, 25, 10**9):  # noqa: B007 (the monitor uses it)
        seen.clear()
        centers, labels, counts = fit(x, 100, monitor=monitor, effort="balanced")
        assert len(centers) <= 100
        check_means(x, centers, labels, counts)
        assert [epoch for epoch, _, _ in seen] == list(range(1, len(seen) + 1))
    _, n_codewords, error = seen[-1]
    assert n_codewords == 100
    assert squared_error(x, centers, labels) <= error * (1 + 1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_invariants(dtype, weighted, monkeypatch):
    monkeypatch.setattr(_train, "IS_DEBUG_BUILD", True)  # checks the state after each round
    x = (mixture(5000, 8) * 5 + 100).astype(dtype)
    weights = np.random.default_rng(0).random(len(x)) + 0.01 if weighted else None
    seen = []
    fit(x, 64, weights, "balanced", monitor=lambda *report: seen.append(report[1:]) and False)
    for (k, error), (next_k, next_error) in itertools.pairwise(seen):
        assert next_k < k or next_error <= error * (1 + 1e-9)


def test_invariants_beside_fixed_codewords(monkeypatch):
    monkeypatch.setattr(_train, "IS_DEBUG_BUILD", True)
    fit(mixture(3000, 5), 50, init=np.full((2, 5), 0.5), fixed=2)


@pytest.mark.parametrize(
    "change",
    [{"overshoot": 1.0}, {"has_tail": False}, {"n_near": 4}, {"list_age": 100}, {"n_parts": 1}],
)
def test_each_stage_can_be_switched_off(change):
    x = mixture(4000, 16)
    plan = _plan.choose(*x.shape, 100, "fast")
    whole = squared_error(x, *fit(x, 100, plan=plan)[:2])
    centers, labels, counts = fit(x, 100, plan=dataclasses.replace(plan, **change))
    check_means(x, centers, labels, counts)
    # Never much better without; bench/train.py measures on real data what each stage buys.
    assert squared_error(x, centers, labels) > whole * 0.98


def test_float64_resolves_what_float32_does_not():
    x = 1e9 + mixture(500, 3, dtype=np.float64)
    centers, labels, _ = fit(x, 500)
    assert centers.dtype == np.float64
    assert squared_error(x, centers, labels) == 0


def test_interrupt():
    x = mixture(400_000, 16)
    with pressed(after=0.4, within=9.6):
        for _ in range(100):
            fit(x, 2000, n_threads=2, effort="best")


def test_team_does_every_piece_once():
    for n_threads in (1, 4):
        team = Team(n_threads)
        done = np.zeros(1000, int)

        def work(first, last, thread, done=done):
            done[first:last] += 1

        team.run(work, team.divide(0, 1000, 1e6))
        assert (done == 1).all()
        start = np.array([0, 0, 500, 500, 501, 1000])
        pieces = team.divide_clusters(start, 0, 5, 1e6)
        assert [a for a, _ in pieces] == [0, *(b for _, b in pieces[:-1])] and pieces[-1][1] == 5
        team.close()


MEMORY = """
import resource, sys
import numpy as np
from centnn._rounds import train
n, d, dtype = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
x = (np.random.default_rng(0).random((n, d), dtype=np.float32) * 255).astype(dtype)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
train(x[:1000], None, 64, "fast", lambda *_: False, 2)
before = peak()
train(x, None, 64, "fast", lambda *_: False, 2)
print(peak() - before)
"""


@pytest.mark.parametrize("dtype, row", [("f4", 16), ("u1", 4)])
def test_memory(dtype, row, tmp_path):
    n = 1_000_000
    # In another folder, so that it is the installed library that is imported.
    command = [sys.executable, "-c", MEMORY, str(n), "4", dtype]
    used = int(subprocess.check_output(command, text=True, cwd=tmp_path))
    assert used < n * (24 + row) + 6e6


def test_memory_error():
    limit = resource.getrlimit(resource.RLIMIT_AS)
    x = np.zeros((1 << 20, 16), np.float32)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 28, limit[1]))
    try:
        with pytest.raises(MemoryError):
            fit(x, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)
