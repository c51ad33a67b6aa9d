import itertools
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from reference_cvq import packed

from centnn.image import decompress
from centnn.image.header import read_header

FIELDS = "<4sBBHHIII"
FIXTURES = Path(__file__).with_name("fixtures")


def file_of(codebook, codes, *, channels=1, block=(1, 1), size, k):
    """A .cvq file put together by hand, with a right checksum whatever else is wrong in it."""
    body = struct.pack(FIELDS, b"\x89CVQ", 1, channels, *block, *size, k)
    body += bytes(codebook) + bytes(codes)
    return body + struct.pack("<I", zlib.crc32(body))


# Files byte by byte. They must decode to these pixels for ever.
GREY = bytes.fromhex(
    "89435651 01 01 0100 0100 02000000 03000000 03000000"  # 1x1 blocks, 2x3 pixels, K = 3
    "0a 14 ff"  # the codebook
    "18 60"  # 0 1 2 0 1 2 in 2 bits each: 00011000 0110(0000)
    "cd2d5e3e"
)
GREY_PIXELS = [[10, 20, 255], [10, 20, 255]]
COLOUR = bytes.fromhex(
    "89435651 01 03 0100 0200 01000000 03000000 02000000"  # 1x2 blocks, 1x3 pixels, K = 2
    "010203 040506  070809 0a0b0c"
    "80"  # 1 0
    "559f5d17"
)
COLOUR_PIXELS = [[[7, 8, 9], [10, 11, 12], [1, 2, 3]]]
CONSTANT = bytes.fromhex(
    "89435651 01 01 0200 0200 03000000 02000000 01000000 01020304 b786556e"  # K = 1: no codes
)
CONSTANT_PIXELS = [[1, 2], [3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("data", "pixels"),
    [(GREY, GREY_PIXELS), (COLOUR, COLOUR_PIXELS), (CONSTANT, CONSTANT_PIXELS)],
    ids=["grey", "colour", "constant"],
)
def test_by_hand(data, pixels):
    img = decompress(data)
    assert img.dtype == np.uint8
    assert img.tolist() == pixels


@pytest.mark.parametrize("name", ["v1-grey", "v1-levels", "v1-colour"])
def test_files_that_version_1_of_the_library_wrote(name):
    img = decompress((FIXTURES / f"{name}.cvq").read_bytes())
    expected = cv2.imread(str(FIXTURES / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(img, expected if img.ndim == 2 else expected[:, :, ::-1])


def test_header():
    info = read_header((FIXTURES / "v1-colour.cvq").read_bytes())
    assert (info.version, info.height, info.width, info.depth) == (1, 37, 50, 8)
    assert (info.colour, info.has_alpha, info.block) == ("rgb", False, (3, 5))
    assert (info.n_codewords, info.codebook) == ((25,), "")


def test_a_picture_of_several_portions():
    codes = np.random.default_rng(6).integers(0, 3, (300, 700)).astype(np.uint8)
    data = file_of([0, 1, 2], packed(codes.ravel(), 2), size=(300, 700), k=3)
    assert np.array_equal(decompress(data), codes)


@pytest.mark.parametrize("data", [GREY, COLOUR, CONSTANT], ids=["grey", "colour", "constant"])
def test_every_truncation_and_extension_is_refused(data):
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"not a \.cvq file|truncated"):
            decompress(data[:length])
    with pytest.raises(ValueError, match="too long"):
        decompress(data + b"\0")


@pytest.mark.parametrize("data", [GREY, COLOUR, CONSTANT], ids=["grey", "colour", "constant"])
def test_every_changed_byte_is_refused(data):
    for position, mask in itertools.product(range(len(data)), range(1, 256)):
        damaged = bytearray(data)
        damaged[position] ^= mask
        with pytest.raises(ValueError, match=r"^data "):
            decompress(bytes(damaged))


def test_a_code_beyond_the_codebook():
    with pytest.raises(ValueError, match="codes must be below 3, got 3"):
        decompress(file_of([1, 2, 3], [0b00011011], size=(2, 2), k=3))


@pytest.mark.parametrize("channels", [0, 2, 4, 255])
def test_channels_that_cannot_be(channels):
    with pytest.raises(ValueError, match=f"1 or 3 channels, got {channels}"):
        decompress(file_of([9] * channels, [], channels=channels, size=(4, 4), k=1))


@pytest.mark.parametrize(
    "sizes",
    [
        {"size": (0, 4), "k": 1},
        {"size": (4, 0), "k": 1},
        {"size": (4, 4), "k": 0},
        {"block": (0, 1), "size": (4, 4), "k": 1},
        {"block": (1, 0), "size": (4, 4), "k": 1},
    ],
)
def test_sizes_of_zero(sizes):
    with pytest.raises(ValueError, match="none of its sizes may be 0, got"):
        decompress(file_of([9], [], **sizes))


@pytest.mark.parametrize(
    "data",
    [
        file_of([9], [], size=(2**32 - 1, 2**32 - 1), k=1),
        file_of([9], [], size=(2**15 + 1, 2**14), k=1),
        # One line of pixels, but blocks that reach far below it.
        file_of(bytes(65535), [], block=(65535, 1), size=(1, 65535), k=1),
        # Sizes that the file is much too short for.
        file_of([9], [], size=(2**14, 2**14), k=2**32 - 1),
        file_of([9], [], block=(2**14, 2**14), size=(1, 1), k=1),
    ],
)
def test_absurd_sizes_are_refused_before_anything_is_allocated(data):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"must hold at most|truncated"):
            decompress(data)
        assert tracemalloc.get_traced_memory()[1] < 2**18
    finally:
        tracemalloc.stop()


def test_the_caller_sets_the_limit():
    assert decompress(CONSTANT, max_pixels=8).shape == (3, 2)
    with pytest.raises(ValueError, match="must hold at most 7 pixels, got 8"):
        decompress(CONSTANT, max_pixels=7)
