"""If only one test file is run, this is the one: needs NumPy and pytest only."""

import numpy as np
import pytest

import centnn


def test_four_points_worked_by_hand():
    # Two pairs far apart: the means are 0.5 and 9.5, each point is 0.5 away from its mean.
    X = np.array([[0.0], [1.0], [9.0], [10.0]])
    book = centnn.fit_codebook(X, 2)
    assert sorted(book.centers[:, 0]) == [0.5, 9.5]
    assert book.inertia == 4 * 0.25
    assert book.counts.tolist() == [2, 2]
    codes = centnn.quantize(X, book)
    assert codes.dtype == np.uint8
    assert centnn.dequantize(codes, book)[:, 0].tolist() == [0.5, 0.5, 9.5, 9.5]


def test_an_image_survives_compression():
    image = np.arange(0, 240, dtype=np.uint8).reshape(12, 20)
    data = centnn.image.compress(image, n_codewords=15, block=4)
    assert np.array_equal(centnn.image.decompress(data), image)


def test_show_config(capsys):
    config = centnn.show_config()
    assert config["version"] == centnn.__version__
    assert config["threads"] >= 1
    assert centnn.__version__ in capsys.readouterr().out


def test_an_error_names_the_argument():
    with pytest.raises(ValueError, match=r"n_clusters must be .* at least 1, got 0"):
        centnn.fit_codebook([[1.0]], 0)
