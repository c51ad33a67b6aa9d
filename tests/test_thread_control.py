"""Who decides over threads is heard: joblib and threadpoolctl."""

import subprocess
import sys

import numpy as np
import pytest

import centnn

joblib = pytest.importorskip("joblib")
GridSearchCV = pytest.importorskip("sklearn.model_selection").GridSearchCV

X = np.random.default_rng(0).normal(size=(400, 5))


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_grid_search_with_jobs(backend):
    def search(n_jobs):
        with joblib.parallel_config(backend, n_jobs=n_jobs):
            return GridSearchCV(centnn.CentNN(effort="fast"), {"n_clusters": [5, 20]}).fit(X)

    alone, together = search(1), search(2)
    for name in ("mean_test_score", "std_test_score"):
        assert np.array_equal(alone.cv_results_[name], together.cv_results_[name])


def threads():
    return centnn.show_config()["threads"]


def test_jobs_share_the_cores():
    with joblib.parallel_config("loky", n_jobs=2):
        each = joblib.Parallel()(joblib.delayed(threads)() for _ in range(4))
    assert max(each) <= max(1, joblib.cpu_count() // 2)


LIMITED = """
import os
import numpy as np, centnn
from threadpoolctl import threadpool_limits

def work():
    X = np.random.default_rng(0).normal(size=(20000, 16)).astype(np.float32)
    model = centnn.CentNN(200, effort="fast").fit(X)
    model.partial_fit(X).predict(X)
    centnn.CentNN(50, algorithm="group").fit(X[:3000])

def n_threads():
    return len(os.listdir("/proc/self/task"))

before = n_threads()
with threadpool_limits(1):
    assert centnn.show_config()["threads"] == 1
    work()
    # `group` works in a pool, of one thread here, while the caller waits.
    assert n_threads() <= before + 1, n_threads() - before
assert centnn.show_config()["threads"] == 4
work()
assert n_threads() > before + 1
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.skipif(not centnn.show_config()["openmp"], reason="built for one thread")
def test_threadpool_limits_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    subprocess.run([sys.executable, "-c", LIMITED], cwd=tmp_path, check=True)
