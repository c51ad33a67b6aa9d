import cv2
import numpy as np
import pytest

from centnn.image import compress_to, decompress
from centnn.image.goal import picture_psnr


def smooth(shape, seed=0):
    blurred = cv2.GaussianBlur(np.random.default_rng(seed).random(shape), (0, 0), 2)
    return (255 * (blurred - blurred.min()) / np.ptp(blurred)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(72, 96), (72, 96, 3)])
@pytest.mark.parametrize("goal", [{"psnr": 28}, {"bpp": 1.0}])
def test_what_is_reached_is_what_is_told(shape, goal):
    img = smooth(shape)
    attempts = []
    found = compress_to(img, **goal, block=(4, 4), report=attempts.append)
    assert found.psnr == picture_psnr(img, decompress(found.data))
    assert found.bpp == 8 * len(found.data) / (72 * 96)
    if "psnr" in goal:
        good = [attempt for attempt in attempts if attempt.psnr >= goal["psnr"]]
        assert found.bpp == min(attempt.bpp for attempt in good)
    else:
        good = [attempt for attempt in attempts if attempt.bpp <= goal["bpp"]]
        assert found.psnr == max(attempt.psnr for attempt in good)


def test_the_best_block_is_taken():
    img = smooth((96, 96))
    free = compress_to(img, psnr=28)
    assert free.bpp <= compress_to(img, psnr=28, block=(8, 8)).bpp


def test_alpha_does_not_count():
    img = np.dstack([smooth((8, 8, 3)), np.zeros((8, 8), np.uint8)])
    other = img.copy()
    other[..., 3] = 9
    assert picture_psnr(img, other) == np.inf


@pytest.mark.parametrize("goal", [{}, {"psnr": 30, "bpp": 1}])
def test_one_target(goal):
    with pytest.raises(ValueError, match="give either psnr or bpp, got"):
        compress_to(smooth((8, 8)), **goal)


@pytest.mark.parametrize("goal", [{"psnr": 26}, {"psnr": 34}, {"bpp": 0.5}, {"bpp": 3.0}])
def test_few_attempts_lead_to_a_target(goal):
    img = smooth((96, 128), seed=3)
    attempts = []
    found = compress_to(img, **goal, report=attempts.append)
    by_block = [sum(a.block == block for a in attempts) for block in {a.block for a in attempts}]
    assert max(by_block) <= 10
    assert found.psnr >= goal.get("psnr", 0)
    assert found.bpp <= goal.get("bpp", np.inf)
    # Blocks of the first size are tried, and others until they do worse.
    assert attempts[0].block == (4, 4)
    assert 2 <= len(by_block) <= 5


def test_what_cannot_be_reached():
    img = smooth((16, 16))
    assert compress_to(img, bpp=0.01).bpp > 0.01
    assert compress_to(img, psnr=200, block=(2, 2)).n_codewords > 32
