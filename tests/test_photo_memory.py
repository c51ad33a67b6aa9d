"""The memory that photo mode takes, and that room for intervals does not change files."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from centnn.image import _photo, photo

# Bytes a pixel: the most that was held while encoding, and while decoding without the pixels that
# come out, above what was held before. What is free is given back first, or else it would be used
# again unseen.
PROGRAM = """
import ctypes, sys
from pathlib import Path
import numpy as np
from skimage.data import astronaut
from centnn.image import compress_photo, decompress

def forget():
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return peak()

def peak():
    return 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

img = np.pad(astronaut(), ((0, 0), (0, 256), (0, 0)), mode="symmetric")
colour = sys.argv[1] if sys.argv[1] != "grey" else None
if colour is None:
    img = img[:, :, 1].copy()
quality, n_pixels = float(sys.argv[2]), img.shape[0] * img.shape[1]
decompress(compress_photo(img[:32, :32], quality, colour=colour, n_threads=1), n_threads=1)
held = forget()
data = compress_photo(img, quality, colour=colour, n_threads=1)
print((peak() - held) / n_pixels)
held = forget()
restored = decompress(data, n_threads=1)
print((peak() - held - restored.nbytes) / n_pixels)
"""
CAN_FORGET = Path("/proc/self/clear_refs").exists() and platform.libc_ver()[0] == "glibc"


@pytest.mark.skipif(not CAN_FORGET, reason="needs Linux and glibc, to look for the peak anew")
@pytest.mark.parametrize("quality", [60, 100])
@pytest.mark.parametrize(
    ("colour", "to_encode", "to_decode"),
    [("grey", 8, 5), ("ycbcr420", 11, 8), ("ycbcr", 17, 12)],
)
def test_bytes_a_pixel(colour, to_encode, to_decode, quality, tmp_path):
    command = [sys.executable, "-c", PROGRAM, colour, str(quality)]
    # Not in a clone, whose package is not built.
    answer = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
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
