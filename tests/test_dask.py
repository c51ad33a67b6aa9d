"""Codebooks of dask arrays: without a cluster, and on one of processes."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import pytest

import centnn

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from centnn import _dask_cluster, _summary  # noqa: E402
from centnn import dask as chunked  # noqa: E402
from centnn._dask_cluster import Strand  # noqa: E402
from centnn._dask_tasks import Chunks  # noqa: E402
from centnn._exact_sums import Units  # noqa: E402
from centnn.estimator import NotFittedError  # noqa: E402

K = 24
N_CHUNKS = 12


@pytest.fixture(scope="module")
def samples():
    """Return samples of float32 that are alike in none of the chunks of `array`."""
    generator = np.random.default_rng(0)
    means = 20 * generator.normal(size=(K, 6))
    samples = means[np.sort(generator.integers(K, size=6000))] + generator.normal(size=(6000, 6))
    return samples.astype(np.float32)


@pytest.fixture
def array(samples):
    return da.from_array(samples, chunks=(len(samples) // N_CHUNKS, 6))


@contextlib.contextmanager
def processes(n_workers, folder):
    """Start a cluster of processes; give its client, which works for those that ask it to."""
    with (
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=folder,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with processes(2, tmp_path_factory.mktemp("cluster")) as client:
        yield client


def bits(book):
    """Return all that is to be equal."""
    return book.centers.tobytes(), book.counts.tobytes(), book.inertia, book.history.tobytes()


def error(X, centers):
    differences = X - centers.astype(np.float64)[centnn.quantize(X, centers)]
    return (differences**2).sum()


def test_by_hand():
    X = da.from_array([[0.0], [9.0], [1.0], [10.0]], chunks=(2, 1))
    book = chunked.fit_codebook(X, 2)
    assert sorted(book.centers.ravel().tolist()) == [0.5, 9.5]
    assert book.counts.tolist() == [2, 2]
    assert book.inertia == 1
    assert book.history[-1].tolist() == [2, 0.25]


@pytest.mark.parametrize("n_chunks", [1, 4, 16])
def test_as_good_as_one_machine(samples, n_chunks):
    X = da.from_array(samples, chunks=(len(samples) // n_chunks, 6))
    book = chunked.fit_codebook(X, K)
    assert (book.centers.shape, book.centers.dtype) == ((K, 6), np.float32)
    assert book.counts.sum() == len(samples)
    whole = centnn.fit_codebook(samples, K)
    assert error(samples, book.centers) < 1.01 * error(samples, whole.centers)
    # Samples may have a nearer codeword since those have moved for the last time.
    assert book.inertia == pytest.approx(error(samples, book.centers), rel=1e-3)
    assert book.n_iter == len(book.history)
    assert book.history[-1, 1] == pytest.approx(book.inertia / samples.size)


def test_the_same_bits_from_all_schedulers(array, cluster, tmp_path):
    expected = bits(chunked.fit_codebook(array, K))
    for scheduler in ("synchronous", "threads"):
        with dask.config.set(scheduler=scheduler, num_workers=3):
            assert bits(chunked.fit_codebook(array, K)) == expected
    with cluster.as_current():
        assert bits(chunked.fit_codebook(array, K)) == expected
        assert bits(chunked.fit_codebook(array.persist(), K)) == expected
    for n_workers in (1, 3):
        with processes(n_workers, tmp_path) as client, client.as_current():
            assert bits(chunked.fit_codebook(array, K)) == expected


def test_fit_codebook_of_the_package_takes_dask_arrays(array):
    assert bits(centnn.fit_codebook(array, K)) == bits(chunked.fit_codebook(array, K))
    with pytest.raises(ValueError, match="algorithm must be 'local' where X is a dask array"):
        centnn.fit_codebook(array, K, algorithm="classic")


def test_the_same_bits_from_processes(array):
    with dask.config.set(scheduler="processes", num_workers=2):
        found = chunked.fit_codebook(array, K)
    assert bits(found) == bits(chunked.fit_codebook(array, K))


def test_the_same_bits_in_any_order(array):
    expected = bits(chunked.fit_codebook(array, K))

    def late(block, block_id):
        time.sleep(0.05 * generator.random())
        return block

    for seed in range(3):
        generator = np.random.default_rng(seed)
        delayed = array.map_blocks(late, dtype=array.dtype)
        with dask.config.set(scheduler="threads", num_workers=5):
            assert bits(chunked.fit_codebook(delayed, K)) == expected


@pytest.mark.parametrize("scale", [1e-30, 1, 1e12])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_add_up_to_the_same_bits_in_any_order(samples, scale, weighted):
    generator = np.random.default_rng(1)
    X = (samples + 3e3) * scale
    weights = generator.random(len(X)) if weighted else np.ones(len(X))
    centers = X[::100].copy()
    chunks = Chunks(
        da.from_array(X, chunks=(200, 6)),
        da.from_array(weights, chunks=200) if weighted else None,
    )
    units = Units.of(weights.sum(), np.abs(X).max(), 6)
    found = set()
    for n_strands in (1, 2, 7, 30):
        strands = np.array_split(generator.permutation(30), n_strands)
        strands = [Strand(part.tolist()) for part in strands]
        moments = chunks.moments(centers, units, strands).compute()
        found.add((moments.sums.tobytes(), moments.counts.tobytes(), moments.error))
    assert len(found) == 1
    whole = _summary.moments(X, centers, weights if weighted else None)
    np.testing.assert_allclose(moments.sums, whole.sums, rtol=1e-11)
    np.testing.assert_allclose(moments.counts, whole.counts, rtol=1e-13)
    assert moments.error == pytest.approx(whole.error, rel=1e-6)


def test_a_chunk_is_read_and_worked_on_in_one_task(array):
    lazy = (array + 1).map_blocks(np.sqrt)
    chunks = Chunks(lazy, None)
    centers = np.zeros((K, 6), np.float32)
    strands = [Strand([0, 1, 2, 3, 4, 5]), Strand([6, 7, 8, 9, 10, 11])]
    moments = chunks.moments(centers, Units(-20, -20, -20), strands)
    (optimized,) = dask.optimize(moments)
    reached = {optimized.key}
    graph = dict(optimized.__dask_graph__())
    while more := {key for done in reached for key in graph[done].dependencies} - reached:
        reached |= more
    # A task for each chunk, the codebook, the sum.
    assert len(reached) == N_CHUNKS + 2


def sent(client):
    """Return the bytes that workers have sent so far, to each other and to the client."""
    time.sleep(0.6)  # workers count what they have sent a little later
    counts = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return sum(counts.values())


# Chunks that are larger than what a pass sends, and chunks that are far smaller.
@pytest.mark.parametrize(("n_samples", "d", "k"), [(60_000, 16, 500), (4000, 4, 50), (320, 2, 100)])
def test_only_what_is_of_the_size_of_a_codebook_travels(cluster, n_samples, d, k):
    n_chunks, n_workers = 20, 2
    with cluster.as_current():
        X = da.random.default_rng(0).normal(size=(n_samples, d), chunks=(n_samples // n_chunks, d))
        X = X.astype(np.float32).persist()
        chunks = Chunks(X)
        held = chunks.persisted()
        assert len(set(held)) == n_chunks
        strands = _dask_cluster.strands(X, held, cluster)
        assert sorted(i for strand in strands for i in strand.chunks) == list(range(n_chunks))
        centers = np.random.default_rng(0).normal(size=(k, d)).astype(np.float32)
        before = sent(cluster)
        for _ in range(5):
            chunks.moments(centers, Units(-30, -30, -30), strands).compute()
        codebook, sums = k * d * 4, k * (d + 1) * 8
        # The codebook and the sums once from one worker to the other, the total to the client.
        assert 0 < sent(cluster) - before <= 5 * (codebook + 2 * sums)
        assert codebook + 2 * sums <= 2 * n_workers * k * d * 8


def test_many_chunks_are_merged_first():
    X = np.random.default_rng(0).normal(size=(9600, 3))
    array = da.from_array(X, chunks=(8, 3))
    strands = [Strand(list(range(1200)))]
    assert len(Chunks(array).overviews(4, strands)) == 1200 / 8 // 8 + 1
    book = chunked.fit_codebook(array, 4)
    assert book.counts.sum() == 9600
    assert error(X, book.centers) < 1.01 * error(X, centnn.fit_codebook(X, 4).centers)


def test_float64_stays_float64(samples):
    X = da.from_array(samples.astype(np.float64), chunks=(1000, 6))
    assert chunked.fit_codebook(X, 3).centers.dtype == np.float64


def test_bytes(samples):
    X = np.clip(samples + 100, 0, 255).astype(np.uint8)
    book = chunked.fit_codebook(da.from_array(X, chunks=(1000, 6)), K)
    assert book.centers.dtype == np.float32
    assert error(X, book.centers) < 1.01 * error(X, centnn.fit_codebook(X, K).centers)


def test_unknown_numbers_of_samples(array, samples):
    expected = bits(chunked.fit_codebook(array, K))
    unknown = array[array[:, 0] > -1e9]
    assert np.isnan(unknown.shape[0])
    book = chunked.fit_codebook(unknown, K)
    assert bits(book) == expected
    codes = chunked.quantize(unknown, book)
    assert np.array_equal(codes.compute(), book.encode(samples))


def test_features_in_chunks_are_put_together(array, samples):
    cut = array.rechunk((500, 2))
    book = chunked.fit_codebook(cut, K)
    assert bits(book) == bits(chunked.fit_codebook(array, K))
    assert np.array_equal(chunked.quantize(cut, book).compute(), book.encode(samples))


def test_weights(samples):
    generator = np.random.default_rng(0)
    weights = generator.integers(0, 4, len(samples)).astype(np.float64)
    weights[:500] = 0  # a chunk without any weight
    X = da.from_array(samples, chunks=(500, 6))
    book = chunked.fit_codebook(X, K, sample_weight=da.from_array(weights, chunks=500))
    assert book.counts.sum() == weights.sum()
    repeated = np.repeat(samples, weights.astype(int), axis=0)
    whole = centnn.fit_codebook(repeated, K)
    assert error(repeated, book.centers) < 1.01 * error(repeated, whole.centers)
    cut_otherwise = chunked.fit_codebook(X, K, sample_weight=da.from_array(weights, chunks=1700))
    assert bits(cut_otherwise) == bits(book)
    unknown = X[X[:, 0] > -1e9]
    of_unknown = chunked.fit_codebook(unknown, K, sample_weight=da.from_array(weights, 500))
    assert bits(of_unknown) == bits(book)


def test_passes_lower_the_error():
    X = da.from_array(np.random.default_rng(0).normal(size=(30_000, 3)), chunks=(3000, 3))
    first, second, last = (chunked.fit_codebook(X, 100, n_passes=n).inertia for n in (0, 1, 4))
    assert first > second > last


def test_callback_and_verbose(array, capsys):
    seen = []
    book = chunked.fit_codebook(array, K, callback=lambda *told: seen.append(told), verbose=1)
    assert [epoch for epoch, _, _ in seen] == list(range(1, book.n_iter + 1))
    assert np.array_equal(np.array(seen)[:, 1:], book.history)
    assert "24 codewords, distortion" in capsys.readouterr().out
    stopped = chunked.fit_codebook(array, K, callback=lambda epoch, *_: epoch == book.n_iter - 1)
    assert stopped.n_iter == book.n_iter - 1
    assert len(stopped.centers) == K
    early = chunked.fit_codebook(array, K, callback=lambda _, n_codewords, __: n_codewords >= 10)
    assert 10 <= len(early.centers) <= K


@pytest.mark.parametrize(("n_codewords", "dtype"), [(7, np.uint8), (300, np.uint16)])
def test_quantize_and_dequantize(array, samples, n_codewords, dtype):
    book = centnn.fit_codebook(samples, n_codewords, effort="fast")
    reads = []
    watched = array.map_blocks(
        lambda block: reads.append(1) or block, dtype=array.dtype, meta=array
    )
    codes = chunked.quantize(watched, book)
    restored = chunked.dequantize(codes, book.centers)
    assert reads == []
    assert (codes.shape, codes.chunks, codes.dtype) == ((6000,), array.chunks[:1], dtype)
    assert (restored.shape, restored.chunks) == ((6000, 6), (array.chunks[0], (6,)))
    assert restored.dtype == np.float32
    assert (codes._meta.dtype, codes._meta.ndim) == (dtype, 1)
    assert (restored._meta.dtype, restored._meta.ndim) == (np.float32, 2)
    da.assert_eq(codes, book.encode(samples))
    da.assert_eq(restored, book.decode(book.encode(samples)))


def test_quantize_and_dequantize_of_the_package_are_lazy(array, samples):
    book = centnn.fit_codebook(samples, K, effort="fast")
    codes = centnn.quantize(array, book)
    restored = centnn.dequantize(codes, book)
    assert (codes.chunks, restored.chunks) == (array.chunks[:1], array.chunks)
    da.assert_eq(codes, book.encode(samples))
    da.assert_eq(restored, book.decode(book.encode(samples)))
    da.assert_eq(book.decode(book.encode(array)), restored)


@pytest.mark.parametrize("options", [{"n_nearest": 2}, {"return_distance": True}])
def test_quantize_says_what_chunks_cannot_do(array, samples, options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be .* where X is a dask array, got"):
        centnn.quantize(array, samples[:K], **options)


def test_nothing_lazy_is_written_to_out(array, samples):
    with pytest.raises(ValueError, match="out must be None where X is a dask array, got"):
        centnn.quantize(array, samples[:K], out=np.empty(6000, np.uint8))
    codes = da.zeros(6000, dtype=np.uint8)
    with pytest.raises(ValueError, match="out must be None where codes is a dask array, got"):
        centnn.dequantize(codes, samples[:K], out=np.empty((6000, 6), np.float32))


def test_codes_of_codes_on_a_cluster(array, samples, cluster):
    book = centnn.fit_codebook(samples, K, effort="fast")
    with cluster.as_current():
        restored = chunked.dequantize(chunked.quantize(array, book), book).compute()
    assert np.array_equal(restored, book.decode(book.encode(samples)))


def test_estimator(array, samples):
    model = centnn.CentNN(K).fit(array)
    book = chunked.fit_codebook(array, K)
    assert np.array_equal(model.cluster_centers_, book.centers)
    assert (model.inertia_, model.n_iter_, model.n_features_in_) == (book.inertia, book.n_iter, 6)
    assert isinstance(model.labels_, da.Array)
    assert model.labels_.dtype == np.int32
    assert np.array_equal(model.labels_.compute(), model.predict(samples))
    assert np.array_equal(model.predict(array).compute(), model.predict(samples))
    weights = da.from_array(np.arange(6000.0), chunks=500)
    weighted = centnn.CentNN(K, n_passes=0).fit(array, sample_weight=weights)
    assert (
        weighted.inertia_
        == chunked.fit_codebook(array, K, n_passes=0, sample_weight=weights).inertia
    )
    assert isinstance(centnn.CentNN(3).fit_predict(array), da.Array)


def test_nothing_loads_an_array_unasked(array, samples):
    model = centnn.CentNN(K).fit(samples)
    product = centnn.ProductQuantizer(2, 8).fit(samples)
    for call in (
        model.transform,
        model.score,
        model.partial_fit,
        model.fit_transform,
        product.fit,
        product.encode,
        lambda X: centnn.fit_codebook(samples, K).encode(X, rate_weight=1.0),
        lambda X: centnn.mse(samples, X),
    ):
        with pytest.raises(TypeError, match=r"must be an array in memory here, got a dask array"):
            call(array)


def test_estimator_says_what_chunks_cannot_do(array, samples):
    for options in (
        {"algorithm": "classic"},
        {"init": samples[:K]},
        {"fixed": samples[:1]},
        {"rate_weight": 1.0},
    ):
        (name,) = options
        with pytest.raises(ValueError, match=f"{name} must be .* where X is a dask array"):
            centnn.CentNN(K, **options).fit(array)
    with pytest.raises(NotFittedError):
        centnn.CentNN(K).predict(array)
    with pytest.raises(ValueError, match="X has 3 features, but CentNN is expecting 6"):
        centnn.CentNN(K).fit(array).predict(array[:, :3])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (da.zeros(5), r"X must be a 2-D array .*, got shape \(5,\)"),
        (da.zeros((5, 0)), r"n_features at least 1, got shape \(5, 0\)"),
        (da.zeros((5, 2), dtype=complex), "real numbers, got dtype complex128"),
        (da.from_array(np.zeros((4, 2)), chunks=((2, 0, 2), (2,))), r"chunk 1 of X .* \(0, 2\)"),
        (da.zeros((0, 2)), r"chunk 0 of X must .* at least 1 sample, got shape \(0, 2\)"),
        (da.zeros((9, 2), chunks=(3, 2)), "n_clusters must be at most .*=9 of which 1 is distinct"),
    ],
)
def test_bad_arrays(X, message):
    with pytest.raises(ValueError, match=message):
        chunked.fit_codebook(X, 2)


def test_bad_arguments(array, samples):
    with pytest.raises(TypeError, match="X must be a dask array, got ndarray"):
        chunked.fit_codebook(samples, 2)
    with pytest.raises(TypeError, match="sample_weight must be a dask array, got ndarray"):
        chunked.fit_codebook(array, 2, sample_weight=np.ones(6000))
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(6000,\)"):
        chunked.fit_codebook(array, 2, sample_weight=da.ones(5999))
    with pytest.raises(ValueError, match="sample_weight must not be 0 everywhere"):
        chunked.fit_codebook(array, 2, sample_weight=da.zeros(6000))
    with pytest.raises(ValueError, match=r"at least 0, got values from -1.0 .* for chunk \d+"):
        chunked.fit_codebook(array, 2, sample_weight=-da.ones(6000))
    with pytest.raises(ValueError, match="n_passes must be an integer of at least 0, got -1"):
        chunked.fit_codebook(array, 2, n_passes=-1)
    with pytest.raises(ValueError, match="X must have as many features as the codebook has, 2"):
        chunked.quantize(array, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="codes must be a 1-D array of integers, got shape"):
        chunked.dequantize(array, np.zeros((3, 2)))
    with pytest.raises(TypeError, match="codes must be a dask array, got list"):
        chunked.dequantize([1], np.zeros((3, 2)))
    codes = da.from_array(np.array([0, 1, 2, 3]), chunks=2)
    with pytest.raises(ValueError, match="chunk 1: codes must be from 0 to 2"):
        chunked.dequantize(codes, np.zeros((3, 2))).compute()


def test_dask_is_imported_by_who_has_it_only(tmp_path):
    program = (
        "import sys, numpy, centnn; centnn.CentNN(2).fit(numpy.eye(3)).predict(numpy.eye(3)); "
        "print([name for name in ('dask', 'distributed') if name in sys.modules])"
    )
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
