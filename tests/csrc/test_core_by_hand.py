"""If only one test file is run, this is the one: a case worked by hand."""

import numpy as np
from library import Index


def test_four_rows_three_codewords(isa):
    codebook = np.array([[0, 0], [4, 0], [0, 3]], dtype=np.float32)
    rows = np.array(
        [[1, 0], [3, 0], [0, 2], [2, 0]], dtype=np.float32
    )  # the last is as near to 0 as to 1: 0 wins
    codes, distances, runner_up = Index(codebook).search(rows, runner_up=True)
    assert codes.tolist() == [0, 1, 2, 0]
    assert distances.tolist() == [1, 1, 1, 4]
    np.testing.assert_allclose(runner_up, [9, 9, 4, 4], rtol=1e-5)
    codes, distances = Index(codebook).top(rows, 3)
    assert codes.tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 1, 2]]
    assert distances.tolist() == [[1, 9, 10], [1, 9, 18], [1, 4, 20], [4, 4, 13]]
