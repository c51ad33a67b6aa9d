"""The refinement of small data, on its own: from one cluster, unless a test says otherwise."""

import numpy as np
import pytest
from ctrl_c import needs_signals, pressed

from centnn import _search
from centnn._worklist import efforts, refine

EFFORTS = ["fast", "balanced", "best"]


def go_on(*_):
    return False


def fit(
    X, k, effort="balanced", weights=None, n_threads=1, monitor=go_on, init=None, fixed=0, **options
):
    labels = np.zeros(len(X), np.int32)
    if init is not None:
        labels = ((X[:, None].astype(float) - init) ** 2).sum(2).argmin(1).astype(np.int32)
    kept = init[:fixed].astype(X.dtype) if fixed else None
    return refine(X, weights, labels, k, effort, monitor, n_threads, fixed=kept, **options)


def samples(n, d, dtype="f4", seed=0):
    rng = np.random.default_rng([n, d, seed])
    blobs = rng.normal(size=(20, d))[rng.integers(0, 20, n)]
    return np.ascontiguousarray(blobs + 0.3 * rng.normal(size=(n, d)), dtype=dtype)


def error(X, centers, labels, weights=None):
    square = ((X.astype(float) - centers.astype(float)[labels]) ** 2).sum(1)
    return square.sum() if weights is None else weights @ square


def means(X, labels, weights, k):
    columns = [np.bincount(labels, weights * column, k) for column in X.T.astype(float)]
    return np.stack(columns, axis=1) / np.bincount(labels, weights, k)[:, None]


def largest_gain(X, labels, weights, centers, fixed=0):
    """Return what the best single move would save, relative to what its sample costs now."""
    k, everyone = len(centers), np.arange(len(X))
    totals, sizes = np.bincount(labels, weights, k), np.bincount(labels, minlength=k)
    distance = ((X[:, None].astype(float) - centers[None].astype(float)) ** 2).sum(2)
    join = totals / (totals + weights[:, None])
    rest = totals[labels] - weights
    leave = np.where(rest > 0, totals[labels] / np.where(rest > 0, rest, 1), 0)
    leave[sizes[labels] == 1] = 0
    join[:, :fixed], leave[labels < fixed] = 1, 1
    cost = distance * join
    cost[everyone, labels] = np.inf
    saved = distance[everyone, labels] * leave - cost.min(1)
    return (saved / np.maximum(distance[everyone, labels], 1e-12)).max()


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_four_samples_by_hand(dtype, effort):
    X = np.array([[0, 0], [1, 0], [10, 0], [11, 2]], dtype)
    centers, labels, counts = fit(X, 2, effort)
    order = np.argsort(centers[:, 0])
    np.testing.assert_array_equal(centers[order], [[0.5, 0], [10.5, 1]])
    np.testing.assert_array_equal(centers[labels], [[0.5, 0], [0.5, 0], [10.5, 1], [10.5, 1]])
    np.testing.assert_array_equal(counts, [2, 2])
    assert centers.dtype == X.dtype and labels.dtype == np.int32


def test_count_aware_move_by_hand():
    """3 is nearer to 0 1 1 1 (2.25 from 0.75) than to 6 (3), and yet it belongs to 6.

    Leaving saves 5/4 of its squared distance from 1.2, 4.05; joining costs 1/2 of 9, 4.5: it stays.
    At 3.2: leaving saves 4/5 * (3.2 - 0.75)^2 = 4.8, joining costs 1/2 * 2.8^2 = 3.92: it moves.
    """
    for x, mates in [(3.0, 5), (3.2, 2)]:
        X = np.array([[0], [1], [1], [1], [x], [6]], "f8")
        init = np.array([[1.2], [6.0]])
        labels = fit(X, 2, init=init)[1]
        assert np.sum(labels == labels[4]) == mates


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("d", [2, 3, 16, 40])
@pytest.mark.parametrize("effort", EFFORTS)
def test_no_single_move_helps(effort, d, dtype, weighted):
    X, k = samples(500, d, dtype), 25
    weights = np.random.default_rng(d).gamma(0.3, size=500) + 1e-3 if weighted else np.ones(500)
    centers, labels, counts = fit(X, k, effort, weights if weighted else None)
    assert len(centers) == k and len(np.unique(labels)) == k
    np.testing.assert_allclose(counts, np.bincount(labels, weights, k))
    np.testing.assert_allclose(centers, means(X, labels, weights, k), rtol=1e-5, atol=1e-6)
    assert largest_gain(X, labels, weights, centers) < 1e-5


def everything(X, k, effort, weights, n_threads):
    """Return all that training says, as bytes."""
    history = []
    found = fit(X, k, effort, weights, n_threads, lambda *call: history.append(call))
    return *(part.tobytes() for part in found), history


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("d", [2, 16])
@pytest.mark.parametrize("effort", EFFORTS)
def test_same_bits_on_any_isa(effort, d, dtype, weighted):
    X = samples(1500, d, dtype)
    weights = np.random.default_rng(0).integers(1, 9, 1500).astype(float) if weighted else None
    isas, results = _search.available_isas(), []
    for name in isas:
        _search.set_isa(name)
        results.append(everything(X, 30, effort, weights, 1))
    _search.set_isa(isas[0])
    assert all(result == results[0] for result in results[1:])


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_same_bits_with_any_threads(dtype, effort):
    """Samples enough for threads to be used; `best` also has several solutions for them."""
    X = samples(6_000 if effort == "best" else 60_000, 2, dtype)
    wanted = everything(X, 20, effort, None, 1)
    for n_threads in (2, 3):
        assert everything(X, 20, effort, None, n_threads) == wanted


@pytest.mark.parametrize("effort", EFFORTS)
def test_weights_stand_for_repeated_samples(effort):
    X = samples(400, 3, "f8")
    weights = np.random.default_rng(1).integers(1, 6, 400)
    repeated = np.repeat(X, weights, axis=0)
    centers, labels, counts = fit(X, 20, effort, weights.astype(float))
    again = fit(repeated, 20, effort)
    assert counts.sum() == len(repeated)
    np.testing.assert_allclose(
        error(X, centers, labels, weights), error(repeated, *again[:2]), rtol=0.02
    )


def test_weights_of_any_scale():
    X, weights = samples(300, 2, "f8"), np.random.default_rng(0).integers(1, 9, 300).astype(float)
    wanted = fit(X, 12, weights=weights)
    for scale in (2.0**-300, 2.0**300):
        found = fit(X, 12, weights=weights * scale)
        np.testing.assert_array_equal(found[1], wanted[1])
        np.testing.assert_array_equal(found[2], wanted[2] * scale)


@pytest.mark.parametrize("heavy", [1e6, 1e12])
def test_one_heavy_sample(heavy):
    X, weights = samples(300, 2), np.ones(300)
    weights[7] = heavy
    centers, labels, _ = fit(X, 10, weights=weights)
    np.testing.assert_allclose(centers, means(X, labels, weights, 10), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("effort", EFFORTS)
def test_as_many_codewords_as_distinct_samples(effort, dtype):
    rng = np.random.default_rng(0)
    distinct = np.unique(rng.integers(0, 30, (40, 2)), axis=0).astype(dtype)
    X = distinct[np.concatenate([np.arange(len(distinct)), rng.integers(0, len(distinct), 200)])]
    centers, labels, _ = fit(X, len(distinct), effort)
    np.testing.assert_array_equal(centers[labels], X)
    np.testing.assert_array_equal(np.unique(centers, axis=0), distinct)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("effort", EFFORTS)
def test_equal_samples_and_one_codeword(effort, dtype):
    X = np.full((50, 3), 0.1, dtype)
    centers, labels, counts = fit(X, 1, effort)
    np.testing.assert_array_equal(centers, X[:1])
    assert not labels.any() and counts == [50]


def test_distinct_samples_that_distances_cannot_tell_apart():
    X = np.array([[0.5, 1], [1e-9, 0], [2e-9, 0], [0, 1e-30]], "f4")
    centers, labels, _ = fit(X, 4)
    np.testing.assert_array_equal(centers[labels], X)


@pytest.mark.parametrize("scale", [1e-15, 1e15])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_offset_and_scale_change_nothing(dtype, scale):
    X = np.round(samples(500, 4, dtype) * 64) / 64  # exact in float32, also with the offset
    plain = error(X, *fit(X, 20)[:2])
    centers, labels, _ = fit(X + np.asarray(1e4, dtype), 20)
    moved = error(X, means(X, labels, np.ones(500), 20), labels)
    assert moved < 1.03 * plain
    np.testing.assert_allclose(centers - 1e4, means(X, labels, np.ones(500), 20), atol=1e-3)
    power = 2.0 ** np.round(np.log2(scale))
    np.testing.assert_array_equal(fit((X * power).astype(dtype), 20)[1], fit(X, 20)[1])


@pytest.mark.parametrize("effort", EFFORTS)
def test_fixed_codewords_stay(effort):
    X = samples(600, 3)
    fixed = np.array([[0.1, 0.2, 0.3], [1, 1, 1], [50, 50, 50], [0.5, 0, 0]])
    centers, labels, counts = fit(X, 15, effort, init=fixed, fixed=4)
    np.testing.assert_array_equal(centers[:4], fixed.astype("f4"))
    assert len(centers) == 15 and counts[2] == 0 and np.all(counts[4:] > 0)
    for j in range(4, 15):
        np.testing.assert_allclose(centers[j], X[labels == j].mean(0), rtol=1e-5, atol=1e-6)
    assert largest_gain(X, labels, np.ones(600), centers, fixed=4) < 1e-5


def test_only_fixed_codewords():
    X = samples(100, 2)
    fixed = X[:3].astype(float)
    centers, labels, _ = fit(X, 3, init=fixed, fixed=3)
    distance = ((X[:, None].astype(float) - fixed) ** 2).sum(2)
    np.testing.assert_array_equal(labels, distance.argmin(1))
    np.testing.assert_array_equal(centers, fixed.astype("f4"))


def test_init_settles_where_it_starts():
    X = samples(600, 3)
    first = fit(X, 15, "fast")
    again = fit(X, 15, "fast", init=first[0].astype(float))
    np.testing.assert_allclose(error(X, *again[:2]), error(X, *first[:2]), rtol=0.01)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("calls", [0, 3, 20, 45])
def test_stop(effort, calls):
    X = samples(900, 4)
    seen = []

    def monitor(rounds, n_clusters, error):
        seen.append((rounds, n_clusters, error))
        return len(seen) > calls

    centers, labels, counts = fit(X, 50, effort, monitor=monitor, n_threads=2)
    assert len(centers) <= 50 and np.all(counts > 0)
    np.testing.assert_allclose(
        centers, means(X, labels, np.ones(900), len(centers)), rtol=1e-5, atol=1e-6
    )


def test_error_reported_is_the_error():
    X, weights = samples(900, 4), np.random.default_rng(0).gamma(1, size=900)
    seen = []
    centers, labels, _ = fit(
        X, 30, weights=weights, monitor=lambda r, k, e: seen.append((k, e)) or False
    )
    k, last = seen[-1]
    assert k == 30
    np.testing.assert_allclose(last, error(X, centers, labels, weights), rtol=1e-4)


@needs_signals
@pytest.mark.parametrize("effort", EFFORTS)
def test_ctrl_c_ends_training_within_a_second(effort):
    X = samples(60_000, 16)
    with pressed(after=0.3, within=1):
        fit(X, 2000, effort, n_threads=2)


@pytest.fixture(scope="module")
def blocks(data_dir):
    """Return the 4x4 blocks of a piece of a photograph made for training, (1024, 16)."""
    import cv2

    path = sorted((data_dir / "train").glob("*.png"))[0]
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[:128, :128].astype("f4")
    return np.ascontiguousarray(grey.reshape(32, 4, 32, 4).swapaxes(1, 2).reshape(-1, 16))


def test_each_effort_is_better_than_the_one_before(blocks):
    fast, balanced, best = (error(blocks, *fit(blocks, 200, effort)[:2]) for effort in EFFORTS)
    assert best < balanced < 0.99 * fast


def test_each_stage_lowers_the_error(blocks):
    def with_stages(*stages):
        return error(blocks, *fit(blocks, 200, "best", stages=frozenset(stages))[:2])

    nothing = with_stages()
    assert with_stages("swap") < 0.99 * nothing
    assert with_stages(*efforts.STAGES) < with_stages("swap")
