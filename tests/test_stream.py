import time

import numpy as np
import pytest
from ctrl_c import needs_signals, pressed

import centnn
from centnn import _stream, _summary
from centnn._stream import Sizes

RNG = np.random.default_rng(0)
MEANS = RNG.uniform(0, 200, (60, 4))
X = MEANS[RNG.integers(60, size=12_000)] + 6 * RNG.normal(size=(12_000, 4))
X = X.clip(0, 255).astype(np.uint8)
K = 40


class Reader:
    """Chunks that can be read again; counts how often they are."""

    def __init__(self, samples, n_chunks):
        self.chunks = np.array_split(samples, n_chunks)
        self.n_reads = 0

    def __iter__(self):
        self.n_reads += 1
        return iter(self.chunks)


@pytest.fixture
def small_blocks(monkeypatch):
    """Read 2000 samples at a time, and summarise 500 in 160 codewords, but all in at most 2560."""
    monkeypatch.setattr(_stream, "choose_sizes", lambda *_: Sizes(2000, 500, 160))


def error(samples, centers):
    return float(centnn.quantize(samples, centers, return_distance=True)[1].sum(dtype=np.float64))


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))


def test_two_chunks_worked_by_hand():
    book = centnn.fit_codebook([np.array([[0.0], [10.0]]), np.array([[1.0], [9.0]])], 2)
    assert sorted(book.centers[:, 0].tolist()) == [0.5, 9.5]
    assert book.inertia == 1
    assert book.counts.tolist() == [2, 2]


def test_parts_worked_by_hand(monkeypatch):
    # Each part, of two samples, is one codeword of error 2: 1, 11, 1 and 9. Those at 1 become one,
    # at no cost; those at 9 and 11 become 10, which costs 2 * 1 + 2 * 1.
    monkeypatch.setattr(_stream, "choose_sizes", lambda *_: Sizes(4, 2, 1))
    first = np.array([0, 2, 10, 12, 0, 2, 8, 10], np.uint8)
    samples = np.column_stack([first, np.full(8, 7, np.uint8)])
    book = centnn.fit_codebook([samples], 2, n_passes=0)
    assert sorted(book.centers.tolist()) == [[1, 7], [10, 7]]
    assert book.counts.tolist() == [4, 4]
    assert book.inertia == 4 * 2 + 2 * 1 + 2 * 1


@pytest.mark.parametrize("effort", ["fast", "balanced"])
def test_what_fits_in_a_block_is_trained_on_as_an_array_is(effort, tmp_path):
    np.save(tmp_path / "X.npy", X)
    book = centnn.fit_codebook(X, K, effort=effort)
    for source in (
        np.array_split(X, 7),
        (chunk for chunk in (X[:1], X[1:])),
        tmp_path / "X.npy",
        np.load(tmp_path / "X.npy", mmap_mode="r"),
    ):
        n_passes = 0 if hasattr(source, "send") else 5
        assert same(centnn.fit_codebook(source, K, effort=effort, n_passes=n_passes), book)


def test_blocks_of_any_size_fit_in_what_is_said():
    for n_clusters, n_features, dtype in [(8, 1, "u1"), (1024, 16, "u1"), (4096, 128, "f4")]:
        sizes = _stream.choose_sizes(n_clusters, n_features, np.dtype(dtype))
        assert sizes.block % sizes.part == 0
        assert sizes.part >= 4 * sizes.summary
        row = 2 * n_features * np.dtype(dtype).itemsize + 24
        assert sizes.block * row <= max(2**28, 16 * n_clusters * row)


@pytest.mark.parametrize("order", ["shuffled", "sorted", "by feature"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_error_is_within_one_percent_of_that_of_local(order, dtype, small_blocks):
    samples = X.astype(dtype)
    if order == "sorted":
        samples = samples[np.argsort(samples.sum(axis=1, dtype=np.float64), kind="stable")]
    elif order == "by feature":
        samples = samples[np.argsort(samples[:, 0], kind="stable")]
    book = centnn.fit_codebook([samples], K)
    assert error(samples, book.centers) < 1.01 * centnn.fit_codebook(samples, K).inertia
    assert book.centers.dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert book.counts.sum() == len(samples)
    assert book.counts.all()
    assert book.n_iter == len(book.history)


def test_same_bits_for_any_chunks_and_threads(small_blocks, tmp_path):
    np.save(tmp_path / "X.npy", X)
    expected = centnn.fit_codebook([X], K, n_threads=1)
    for source in (
        np.array_split(X, 3),
        np.array_split(X, 500),
        Reader(X, 11),
        lambda: iter(np.array_split(X, 20)),
        tmp_path / "X.npy",
        np.load(tmp_path / "X.npy", mmap_mode="r"),
    ):
        assert same(centnn.fit_codebook(source, K, n_threads=3), expected)


def test_each_pass_lowers_the_error_that_is_told(small_blocks):
    errors = []
    for n_passes in range(4):
        book = centnn.fit_codebook([X], K, n_passes=n_passes)
        nearest = error(X, book.centers)
        # Samples are where they were in the last pass; some have a nearer codeword now.
        assert nearest <= book.inertia * (1 + 1e-6)
        assert (np.diff(book.history[len(book.history) - n_passes - 1 :, 1]) < 0).all()
        assert book.history[-1].tolist() == [K, pytest.approx(book.inertia / X.size)]
        errors.append(nearest)
    assert max(errors[1:]) < errors[0]


@pytest.mark.parametrize("n_passes", [0, 1, 3])
def test_samples_are_read_once_more_for_each_pass(n_passes, small_blocks):
    reader = Reader(X, 10)
    centnn.fit_codebook(reader, K, n_passes=n_passes)
    assert reader.n_reads == 1 + n_passes


def test_passes_end_when_nothing_moves(small_blocks):
    samples = np.repeat(np.arange(6, dtype=np.uint8)[:, None], 2000, axis=0)
    reader = Reader(samples, 4)
    assert centnn.fit_codebook(reader, 6, n_passes=9).inertia == 0
    assert reader.n_reads == 2


def test_single_values_get_the_optimum(small_blocks):
    levels = RNG.normal(30_000, 5_000, (20_000, 1)).astype(np.uint16)
    book = centnn.fit_codebook([levels], 30)
    optimum = centnn.fit_codebook(levels, 30)
    assert book.inertia == pytest.approx(optimum.inertia)
    assert book.centers == pytest.approx(optimum.centers)


def test_an_iterator_is_read_once(small_blocks):
    chunks = np.array_split(X, 10)
    book = centnn.fit_codebook(iter(chunks), K, n_passes=0)
    assert same(book, centnn.fit_codebook(chunks, K, n_passes=0))
    message = (
        r"X must be something that can be read n_passes \+ 1 times.* got an iterator and n_pas"
    )
    with pytest.raises(ValueError, match=message):
        centnn.fit_codebook(iter(chunks), K)


def test_other_samples_in_the_second_pass(small_blocks):
    iterators = iter([iter([X]), iter([X[:5000]])])
    with pytest.raises(ValueError, match=r"X must have the same samples .* got 12000 .* then 5000"):
        centnn.fit_codebook(lambda: next(iterators), K)
    once = iter([X])
    with pytest.raises(ValueError, match=r"X must have the same samples .* got 12000 .* then 0"):
        centnn.fit_codebook(lambda: once, K)


def test_weights_count_as_samples_that_come_so_often(small_blocks, tmp_path):
    np.save(tmp_path / "X.npy", X)
    weights = RNG.integers(0, 3, len(X))
    weights[:2500] = 0  # whole blocks and parts
    book = centnn.fit_codebook(tmp_path / "X.npy", K, sample_weight=weights)
    repeated = np.repeat(X, weights, axis=0)
    assert book.counts.sum() == len(repeated)
    assert error(repeated, book.centers) < 1.01 * centnn.fit_codebook(repeated, K).inertia


def test_bad_weights(tmp_path):
    with pytest.raises(ValueError, match="sample_weight must be None where X is read chunk by"):
        centnn.fit_codebook([X], K, sample_weight=np.ones(len(X)))
    np.save(tmp_path / "X.npy", X)
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(12000,\)"):
        centnn.fit_codebook(tmp_path / "X.npy", K, sample_weight=np.ones(3))


def test_too_few_distinct_samples(small_blocks):
    samples = np.repeat(X[:10], 500, axis=0)
    n = len(np.unique(samples, axis=0))
    message = f"n_clusters=40 with n_samples=5000 of which {n} are distinct"
    with pytest.raises(ValueError, match=message):
        centnn.fit_codebook([samples], K)


@pytest.mark.parametrize("effort", ["fast", "balanced", "best"])
def test_effort_is_that_of_the_training_on_summaries(effort, small_blocks):
    history = centnn.fit_codebook([X], K, effort=effort, n_passes=1).history
    balanced = centnn.fit_codebook([X], K, n_passes=1).history
    assert (len(history) > len(balanced)) == (effort == "best")
    assert (len(history) < len(balanced)) == (effort == "fast")


def test_callbacks_are_told_of_parts_then_of_codebooks(small_blocks):
    calls = []
    book = centnn.fit_codebook([X], K, callback=lambda *call: calls.append(call), n_passes=2)
    assert [epoch for epoch, _, _ in calls] == list(range(1, book.n_iter + 1))
    assert [k for _, k, _ in calls[:16]] == list(range(160, 2720, 160))
    assert all(k <= 2560 for _, k, _ in calls[:24])
    # The error of codewords that stand for all samples: less than those of the codebook.
    assert max(d for _, _, d in calls[:24]) < min(d for _, k, d in calls[24:] if k == K)
    assert calls[-1][2] * X.size == pytest.approx(book.inertia)


@pytest.mark.parametrize("epoch", [1, 20, 24, 40, -2, -1])
def test_a_callback_ends_training_with_a_valid_result(epoch, small_blocks):
    n_epochs = centnn.fit_codebook([X], K, n_passes=2).n_iter
    last = epoch if epoch > 0 else n_epochs + 1 + epoch
    book = centnn.fit_codebook([X], K, callback=lambda n, *_: n == last, n_passes=2)
    assert book.n_iter == last
    assert len(book.centers) <= K
    assert np.isfinite(book.centers).all()
    # Of what has been read.
    assert book.counts.sum() == min(500 * last, len(X))
    assert error(X[: 500 * last], book.centers) <= book.inertia * (1 + 1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [("algorithm", "classic"), ("init", X[:K]), ("fixed", X[:2]), ("rate_weight", 0.5)],
)
def test_options_of_arrays_alone(name, value, tmp_path):
    np.save(tmp_path / "X.npy", X[:500])
    with pytest.raises(ValueError, match=f"{name} must be .* where X is not an array in memory"):
        centnn.fit_codebook(tmp_path / "X.npy", K, **{name: value})
    # NumPy's own kind of array is one, for these.
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = centnn.fit_codebook(X[:500], K, **{name: value})
    assert same(centnn.fit_codebook(mapped, K, **{name: value}), expected)


@pytest.mark.parametrize("n_passes", [-1, 1.5, True, "3"])
def test_bad_numbers_of_passes(n_passes):
    for samples in (X, [X]):
        with pytest.raises(ValueError, match="n_passes must be an integer of at least 0"):
            centnn.fit_codebook(samples, K, n_passes=n_passes)


def test_codewords_without_samples_are_put_elsewhere(small_blocks, monkeypatch):
    train = _summary.train

    def astray(*arguments):
        centers, counts, error = train(*arguments)
        centers[3] = 1e4
        return centers, counts, error

    monkeypatch.setattr(_summary, "train", astray)
    book = centnn.fit_codebook([X], K, n_passes=1)
    assert book.counts.all()
    assert book.centers.max() < 256


@needs_signals
def test_ctrl_c():
    def chunks():
        while True:
            time.sleep(0.01)
            yield X

    with pressed(after=0.5, within=1):
        centnn.fit_codebook(chunks, K)
