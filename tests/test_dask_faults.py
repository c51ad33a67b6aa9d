"""What goes wrong with chunks, workers and clusters while a codebook is trained on them."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from centnn import _dask_cluster  # noqa: E402
from centnn import dask as chunked  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")

K = 20
N_CHUNKS = 10
X = np.random.default_rng(0).normal(size=(4000, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    with (
        # A busy machine takes a while to start a worker in the place of one that was killed.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "120s"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", local_directory=folder
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def array(read=None):
    """Return an array whose chunks are what `read(chunk, index)` makes of those of X."""
    whole = da.from_array(X, chunks=(len(X) // N_CHUNKS, X.shape[1]))
    if read is None:
        return whole
    return whole.map_blocks(lambda block, block_id: read(block, block_id[0]), dtype=X.dtype)


def bits(book):
    return book.centers.tobytes(), book.counts.tobytes(), book.inertia, book.history.tobytes()


def count_reads(folder, index):
    """Take note that a chunk is read; return how often it has been so far."""
    Path(folder, f"{index}-{time.time_ns()}-{os.getpid()}").touch()
    return len(list(Path(folder).glob(f"{index}-*")))


# The first read is for a summary, the second and the third are in passes.
@pytest.mark.parametrize(("n_reads", "whose"), [(1, "own"), (2, "other"), (3, "own")])
def test_a_worker_is_killed(cluster, tmp_path, n_reads, whose):
    folder = str(tmp_path)
    pids = sorted(cluster.run(os.getpid).values())
    assert len(pids) == 2

    def read(chunk, index):
        time.sleep(0.02)
        if count_reads(folder, index) == n_reads and index == N_CHUNKS - 3:
            (other,) = set(pids) - {os.getpid()}
            os.kill(os.getpid() if whose == "own" else other, signal.SIGKILL)
        return chunk

    with cluster.as_current():
        book = chunked.fit_codebook(array(read), K)
    assert bits(book) == bits(chunked.fit_codebook(array(), K))
    cluster.wait_for_workers(2, timeout=120)
    assert len(set(pids) & set(cluster.run(os.getpid).values())) == 1


def test_a_worker_with_chunks_is_killed(cluster):
    with cluster.as_current():
        persisted = array(lambda chunk, _: chunk + 0).persist()
        distributed.wait(persisted)
        killed = []

        def kill_once(*_):
            if not killed:
                killed.append(min(cluster.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        book = chunked.fit_codebook(persisted, K, callback=kill_once)
    assert killed
    assert bits(book) == bits(chunked.fit_codebook(array(), K))
    cluster.wait_for_workers(2, timeout=120)


def broken(kind):
    """Return an array whose chunk 4 is not as it should be."""

    def read(chunk, index):
        if index != 4:
            return chunk
        if kind == "unreadable":
            raise FileNotFoundError(2, "No such file or directory", "part-4.npy")
        if kind == "nan":
            chunk = chunk.copy()
            chunk[7, 2] = np.nan
        return {"short": chunk[:-1], "narrow": chunk[:, :-1], "empty": chunk[:0]}.get(kind, chunk)

    lazy = array(read)
    if kind == "empty":
        unknown = [(np.nan,) * N_CHUNKS, lazy.chunks[1]]
        lazy = da.Array(lazy.dask, lazy.name, unknown, lazy.dtype)
    return lazy


MESSAGES = {
    "unreadable": "chunk 4 of X cannot be read: FileNotFoundError: .* 'part-4.npy'",
    "nan": "chunk 4 of X must hold finite numbers only, got nan in row 7, column 2",
    "short": r"chunk 4 of X must have the shape \(400, 5\), got \(399, 5\)",
    "narrow": r"chunk 4 of X must have the shape \(400, 5\), got \(400, 4\)",
    "empty": r"chunk 4 of X must be .* at least 1 sample, got shape \(0, 5\)",
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_an_error_names_the_chunk(cluster, kind):
    expected = RuntimeError if kind == "unreadable" else ValueError
    with pytest.raises(expected, match=MESSAGES[kind]):
        chunked.fit_codebook(broken(kind), K)
    with cluster.as_current():
        with pytest.raises(expected, match=MESSAGES[kind]):
            chunked.fit_codebook(broken(kind), K)
        assert chunked.fit_codebook(array(), K, n_passes=0).counts.sum() == len(X)


def test_a_chunk_that_breaks_between_passes(tmp_path):
    folder = str(tmp_path)

    def read(chunk, index):
        if index == 6 and count_reads(folder, index) == 3:
            raise OSError("the disk is gone")
        return chunk

    with pytest.raises(
        RuntimeError, match="chunk 6 of X cannot be read: OSError: the disk is gone"
    ):
        chunked.fit_codebook(array(read), K)


def test_quantize_names_the_chunk(cluster):
    codes = chunked.quantize(broken("nan"), X[:3])
    with pytest.raises(ValueError, match=MESSAGES["nan"]):
        codes.compute()
    with cluster.as_current(), pytest.raises(ValueError, match=MESSAGES["nan"]):
        codes.compute()


def test_cancelled_by_ctrl_c(cluster, tmp_path):
    folder = str(tmp_path)

    def read(chunk, index):
        count_reads(folder, index)
        time.sleep(0.5)
        return chunk

    def press():
        deadline = time.monotonic() + 20
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with cluster.as_current(), pytest.raises(KeyboardInterrupt):
        chunked.fit_codebook(array(read), K)
    thread.join()
    deadline = time.monotonic() + 10
    while any(cluster.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(cluster.processing().values())
    assert len(list(tmp_path.iterdir())) < N_CHUNKS
    with cluster.as_current():
        assert bits(chunked.fit_codebook(array(), K)) == bits(chunked.fit_codebook(array(), K))


def test_a_callback_that_raises(cluster):
    def fail(*_):
        raise ZeroDivisionError

    with cluster.as_current(), pytest.raises(ZeroDivisionError):
        chunked.fit_codebook(array(), K, callback=fail)


class Workers:
    """A client of workers that have these packages."""

    def __init__(self, *workers):
        self.workers = workers

    def get_versions(self, packages):
        assert packages == ["centnn"]
        own = {"centnn": "1.0", "dask": "2026.1", "distributed": "2026.1", "numpy": "2.0"}
        return {
            "client": {"packages": own},
            "workers": {
                f"tcp://{i}": {"packages": own | worker} for i, worker in enumerate(self.workers)
            },
        }


def test_workers_must_have_what_the_client_has(cluster):
    _dask_cluster.check(cluster)
    _dask_cluster.check(Workers({}, {"pandas": "1"}))
    with pytest.raises(ImportError) as missing:
        _dask_cluster.check(Workers({}, *5 * [{"centnn": None}]))
    assert str(missing.value) == (
        "centnn is missing on 5 of 6 workers (tcp://1, tcp://2, tcp://3, ...), and the client has "
        "1.0: install centnn==1.0 where these workers run, and start them again"
    )
    with pytest.raises(ImportError, match=r"numpy has the version 1\.26 on 1 of 2 workers"):
        _dask_cluster.check(Workers({"numpy": "1.26"}, {}))


WITHOUT_CENTNN = """
from importlib.metadata import version as real
from distributed import versions
def version(name):
    if name == "centnn":
        raise ImportError
    return real(name)
versions.version = version
"""


def test_a_cluster_without_centnn(tmp_path):
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=tmp_path,
            preload=WITHOUT_CENTNN,
        ) as cluster,
        distributed.Client(cluster),
        pytest.raises(
            ImportError, match=r"centnn is missing on 1 of 1 workers .* install centnn=="
        ),
    ):
        chunked.fit_codebook(array(), K)
