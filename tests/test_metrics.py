import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

import centnn


def test_worked_by_hand():
    assert centnn.mse([1, 2, 3], [1, 2, 6]) == 3.0
    assert centnn.psnr([0, 0], [255, 255]) == 0.0
    assert centnn.psnr([0.0], [0.1], data_range=1) == pytest.approx(20)


def test_equal_arrays_have_infinite_psnr():
    assert centnn.psnr([1, 2], [1, 2]) == math.inf


def test_unsigned_differences_do_not_wrap():
    assert centnn.mse(np.uint8([0]), np.uint8([255])) == 255.0**2


def test_agrees_with_scikit_image():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, size=(2, 40, 30, 3), dtype=np.uint8)
    assert centnn.psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255))


def test_bad_input():
    with pytest.raises(ValueError, match=r"test must have the shape of reference, \(2,\), got"):
        centnn.mse([1, 2], [1])
    with pytest.raises(ValueError, match="reference must have at least one element"):
        centnn.mse([], [])
    with pytest.raises(ValueError, match="data_range must be a positive number, got 0"):
        centnn.psnr([1], [2], data_range=0)
