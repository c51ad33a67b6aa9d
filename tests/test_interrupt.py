import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

import centnn

X = np.random.default_rng(0).normal(size=(100_000, 16))


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize(
    "options",
    [
        {"algorithm": "classic"},
        {"algorithm": "entropy"},
        {"algorithm": "group", "n_threads": 2},
        {"init": X[:4000], "n_threads": 2},
    ],
    ids=["classic", "entropy", "group", "init"],
)
def test_ctrl_c_ends_training_within_a_second(options):
    n_threads = threading.active_count()
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        centnn.fit_codebook(X, 4000, **options)
    assert time.perf_counter() - pressed[0] < 1
    timer.join()
    assert threading.active_count() == n_threads


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_groups_where_polars_listens_for_it():
    # It makes the system resume waits that a signal has interrupted.
    polars = pytest.importorskip("polars")
    polars.DataFrame({"a": [1]}).select(polars.col("a").sum())
    test_ctrl_c_ends_training_within_a_second({"algorithm": "group", "n_threads": 2})
