import numpy as np
import pytest
from ctrl_c import needs_signals, pressed

import centnn

X = np.random.default_rng(0).normal(size=(100_000, 16))


@needs_signals
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
    with pressed(after=0.5, within=1):
        centnn.fit_codebook(X, 4000, **options)


@needs_signals
def test_ctrl_c_ends_groups_where_polars_listens_for_it():
    # It makes the system resume waits that a signal has interrupted.
    polars = pytest.importorskip("polars")
    polars.DataFrame({"a": [1]}).select(polars.col("a").sum())
    test_ctrl_c_ends_training_within_a_second({"algorithm": "group", "n_threads": 2})
