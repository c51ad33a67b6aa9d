import math

import cv2
import numpy as np
import pytest

from centnn.compare import Experiment, compare_methods, draw, format_table

NAMES = ["CentNN", "K-Means, random", "k-means++", "k-means++, best of 10"]


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def test_by_hand():
    # Four blocks of 2x2 pixels, of two kinds: 1 bit for each block, 64 for two codewords.
    img = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [9, 9, 0, 0], [9, 9, 0, 0]], np.uint8)
    results = compare_methods(img, 2, 2)
    assert [result.name for result in results] == NAMES
    for result in results:
        assert result.psnr == math.inf
        assert result.bits_per_pixel == (4 * 1 + 8 * 2 * 4) / 16
        assert result.seconds > 0
        assert result.reconstruction.tolist() == img.tolist()
    lines = format_table(results).splitlines()
    assert len(lines) == 1 + len(NAMES)
    assert lines[0].split() == ["method", "PSNR", "(dB)", "seconds", "bits/pixel"]
    assert lines[4].startswith("k-means++, best of 10  ")
    assert lines[4].endswith(" 4.250")


def test_the_reconstruction_is_not_rounded():
    img = np.array([[0, 1, 100, 101]], np.uint8)
    for result in compare_methods(img, 2, 1):
        assert result.reconstruction.tolist() == [[0.5, 0.5, 100.5, 100.5]]
        assert result.psnr == pytest.approx(20 * math.log10(255 / 0.5))


def test_best_of_ten_is_not_worse_than_one(noise):
    results = {result.name: result for result in compare_methods(noise, 10, (2, 4))}
    assert results["k-means++, best of 10"].psnr >= results["k-means++"].psnr


def test_more_codewords_than_blocks(noise):
    with pytest.raises(ValueError, match="n_clusters"):
        compare_methods(noise, 1000, 4)


@pytest.mark.parametrize("n_experiments", [1, 2])
def test_the_picture_is_a_png_with_a_panel_for_each(noise, n_experiments):
    results = compare_methods(noise, 4, 4)
    png = draw([Experiment("noise", noise, results)] * n_experiments)
    drawn = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    height, width = drawn.shape[:2]
    assert 600 * n_experiments < height < 1200 * n_experiments
    assert width > 5 * 300


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (40, 90, 3)])
def test_pictures_of_any_shape_are_drawn(shape):
    img = np.zeros(shape, np.uint8)
    drawn = draw([Experiment("black", img, compare_methods(img, 1, 4))])
    assert drawn.startswith(b"\x89PNG")


def test_reference_experiments(data_dir):
    img = cv2.imread(str(data_dir / "images/lena.png"), cv2.IMREAD_GRAYSCALE)
    img = cv2.resize(img, (128, 128))
    grey = {result.name: result.psnr for result in compare_methods(img, 48, 1)}
    assert round(grey["CentNN"], 2) == 48.06
    assert grey["K-Means, random"] < grey["CentNN"]
    blocks = {result.name: result.psnr for result in compare_methods(img, 512, 4)}
    assert max(blocks, key=blocks.get) == "CentNN"
