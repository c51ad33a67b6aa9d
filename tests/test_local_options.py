"""Arguments of `local`: types of samples, threads, callbacks, and what is refused."""

import numpy as np
import pytest
import reference
from local_checks import (
    EFFORTS,
    SHAPES,
    assert_consistent,
    assert_same_bits,
    book,
    random_samples,
    separate_clusters,
    train,
)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("shape", [*SHAPES, (20000, 2, 300), (6000, 48, 128)], ids=str)
def test_same_bits_at_any_thread_count(shape, effort):
    n, d, k = shape
    X = random_samples(n, d)
    one, *others = (train(X, k, effort, n_threads=threads) for threads in (1, 2, 3))
    for other in others:
        assert_same_bits(other, one)


def test_same_bits_again_and_from_any_memory_layout():
    X = random_samples(600, 5)
    expected = train(X, 40)
    assert_same_bits(train(X, 40), expected)
    assert_same_bits(train(np.asfortranarray(X), 40), expected)
    assert_same_bits(train(np.repeat(X, 2, axis=0)[::2], 40), expected)
    frozen = X.copy()
    frozen.flags.writeable = False
    assert_same_bits(train(frozen, 40), expected)
    assert np.array_equal(frozen, X)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_every_sample_type(dtype, effort):
    X = random_samples(800, 4, dtype=np.uint8)
    model = train(X.astype(dtype), 40, effort)
    assert_consistent(model, X, 40, rtol=1e-12 if dtype == np.float64 else 1e-5)
    X, truth = separate_clusters()
    model = train(X.astype(dtype), 8, effort)
    assert model.inertia_ == pytest.approx(reference.squared_error(X, truth), rel=1e-6)


@pytest.mark.parametrize("effort", EFFORTS)
def test_float64_keeps_its_digits(effort):
    X = random_samples(500, 3, dtype=np.float64) + 1e7
    model = train(X, 20, effort)
    assert model.cluster_centers_.dtype == np.float64
    assert_consistent(model, X, 20, rtol=1e-13)


@pytest.mark.parametrize("shift", [1e3, -1e4])
def test_far_from_the_origin(shift):
    X = random_samples(1000, 4)
    model = train(X + np.float32(shift), 40)
    assert_consistent(model, X + np.float32(shift), 40, rtol=1e-6)
    assert model.inertia_ == pytest.approx(train(X, 40).inertia_, rel=0.02)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_very_small_and_very_large_numbers(scale):
    X = random_samples(500, 3, dtype=np.float64)
    model = train(X * scale, 20)
    assert_consistent(model, X * scale, 20, rtol=1e-12)
    assert model.inertia_ == pytest.approx(train(X, 20).inertia_ * scale**2, rel=0.02)


def test_a_memory_map_is_read(tmp_path):
    X = random_samples(700, 6)
    np.save(tmp_path / "X.npy", X)
    assert_same_bits(train(np.load(tmp_path / "X.npy", mmap_mode="r"), 30), train(X, 30))


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("calls", [1, 2, 5, 20])
def test_stopped_by_the_callback(calls, effort):
    X = random_samples(1500, 4)
    seen = []

    def stop(epoch, n_codewords, distortion):
        seen.append((epoch, n_codewords, distortion))
        return len(seen) >= calls

    result = book(X, 60, effort, callback=stop)
    assert 1 <= len(seen) <= calls
    assert all(n_codewords >= 1 and distortion >= 0 for _, n_codewords, distortion in seen)
    assert 1 <= len(result.centers) <= 60
    assert len(result.counts) == len(result.centers)
    assert (result.counts > 0).all()
    assert result.counts.sum() == len(X)
    _, distances = reference.nearest(X, result.centers)
    assert result.inertia == pytest.approx(distances.sum(), rel=1e-5)


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_callback_that_only_watches_changes_nothing(effort):
    X = random_samples(800, 3)
    seen = []
    watched = train(X, 40, effort, callback=lambda *what: seen.append(what))
    assert_same_bits(watched, train(X, 40, effort))
    assert seen[-1][1] == 40
    assert seen[-1][2] == pytest.approx(watched.inertia_ / X.size, rel=1e-4)


def test_an_error_of_the_callback_comes_through():
    def fail(*_):
        raise ZeroDivisionError("from the callback")

    with pytest.raises(ZeroDivisionError, match="from the callback"):
        book(random_samples(500, 3), 40, callback=fail)


def test_history_ends_with_the_result():
    X = random_samples(800, 3)
    result = book(X, 40)
    assert result.history.shape[1] == 2
    assert result.history[-1, 0] == 40
    assert result.history[-1, 1] * X.size == pytest.approx(result.inertia, rel=1e-4)


@pytest.mark.parametrize("effort", ["", "Fast", "slow", None, 1, ["fast"]])
def test_an_unknown_effort_is_refused(effort):
    with pytest.raises(ValueError, match=r"effort must be .*fast.*balanced.*best.*got"):
        book([[0.0, 0.0], [1.0, 1.0]], 2, effort)


@pytest.mark.parametrize("weight", [[1, -1, 1], [0, 0, 0], [1, np.nan, 1], [1, 1], [[1, 1, 1]]])
def test_wrong_weights_are_refused(weight):
    with pytest.raises(ValueError, match="sample_weight must"):
        book([[0.0, 0.0], [1.0, 1.0], [2.0, 5.0]], 2, sample_weight=weight)
