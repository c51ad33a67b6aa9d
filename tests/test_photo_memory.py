"""The memory that photo mode takes, and that room for intervals does not change files."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from centnn.image import _photo, photo

BENCH = Path(__file__).parents[1] / "bench"
# What is measured there, of a picture in a process of its own.
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from photo_memory import measured
from skimage.data import astronaut

colour, quality, n_threads = sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
img = np.pad(astronaut(), ((0, 0), (0, 256), (0, 0)), mode="symmetric")
if colour == "grey":
    img = img[:, :, 1].copy()
print(*measured(img, colour, quality, n_threads))
"""
CAN_FORGET = Path("/proc/self/clear_refs").exists() and platform.libc_ver()[0] == "glibc"


@pytest.mark.skipif(not CAN_FORGET, reason="needs Linux and glibc, to look for the peak anew")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("quality", [60, 100])
@pytest.mark.parametrize(
    ("colour", "to_encode", "to_decode"),
    [("grey", 4, 3.5), ("ycbcr420", 6, 5.5), ("ycbcr", 10, 9)],
)
def test_bytes_a_pixel(colour, to_encode, to_decode, quality, n_threads, tmp_path):
    command = [sys.executable, "-c", PROGRAM, BENCH, colour, quality, n_threads]
    # Not in a clone, whose package is not built.
    answer = subprocess.run(
        list(map(str, command)), cwd=tmp_path, check=True, capture_output=True, text=True
    )
    encode, decode = map(float, answer.stdout.split())
    assert 0 < encode <= to_encode
    assert 0 < decode <= to_decode


# The last is of full contrast in every pixel: much escapes.
IMAGES = {
    "grey": astronaut()[:96, 200:350, 1:2].copy(),
    "colour": astronaut()[:96, 200:350].copy(),
    "flat": np.full((40, 40, 1), 200, np.uint8),
    "noise": np.random.default_rng(0).choice(np.uint8([0, 255]), (64, 64, 1)),
}


@pytest.mark.parametrize("scan_ends", [photo.SCAN_ENDS, (photo.N_LAYERS,)])
@pytest.mark.parametrize("name", IMAGES)
def test_a_list_that_overflows_is_made_again(name, scan_ends):
    image = IMAGES[name]
    height, width, n_planes = image.shape
    layout = _photo.Layout(width, height, n_planes, n_planes > 1, (64, 64), 5, scan_ends)

    def encoded(**room):
        return _photo.Encoder(photo.default_model(), layout, image, 2, **room).encode(2)

    expected = encoded()
    assert min(len(scan) for scans in expected for scan in scans) >= 4
    for n_bytes in (0, 1, 30, 10_000):
        assert encoded(n_bytes=n_bytes) == expected
