"""Large loads: a picture of 400 million pixels, and ten thousand pictures in one call."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import camera

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux"),
    pytest.mark.skipif("CENTNN_TEST_LARGE" not in os.environ, reason="slow: see tests/long"),
    pytest.mark.usefixtures("own_folder"),
]

GIB = 1 << 30


# Not what wait4 tells: that counts what the process held before it was this program.
PROGRAM = """
import sys
from pathlib import Path
from centnn.cli import main

assert main() == 0
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def peak_bytes(*arguments):
    """Return the most memory that the command line held."""
    command = [sys.executable, "-c", PROGRAM, *arguments, "-q"]
    return 1024 * int(subprocess.run(command, check=True, capture_output=True).stdout)


def test_a_picture_of_20000_by_20000():
    side = 20_000
    img = np.tile(camera(), (-(-side // 512),) * 2)[:side, :side].copy()
    cv2.imwrite("large.png", img, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    # The picture takes 0.4 GiB, and 0.4 where it is compared with what comes out.
    assert peak_bytes("compress", "large.png", "large.cvq") < 4 * GIB
    assert peak_bytes("decompress", "large.cvq", "again.png") < 4 * GIB
    again = cv2.imread("again.png", cv2.IMREAD_UNCHANGED)
    assert again.shape == img.shape
    assert cv2.PSNR(again, img) > 35


def test_memory_does_not_grow_with_the_number_of_pictures():
    random = np.random.default_rng(0)
    names = [f"{i}.png" for i in range(10_000)]
    for name in names:
        cv2.imwrite(name, random.integers(0, 256, (24, 24), np.uint8))
    os.mkdir("few")
    os.mkdir("many")
    few = peak_bytes("compress", *names[:100], "-o", "few")
    many = peak_bytes("compress", *names, "-o", "many")
    assert len(os.listdir("many")) == len(names)
    # Names, of inputs and outputs, take a kilobyte each, and pictures nothing that stays.
    assert many < few + (2 << 10) * len(names)
