import itertools
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from centnn import dequantize, fit_codebook, quantize
from centnn.image import compress, container, decompress, from_blocks, to_blocks

FIELDS = "<4sBBHHIII"


def file_of(codebook, codes, *, version=1, channels=1, block=(1, 1), size, k):
    """A .cvq file put together by hand, with a right checksum whatever else is wrong in it."""
    body = struct.pack(FIELDS, b"\x89CVQ", version, channels, *block, *size, k)
    body += bytes(codebook) + bytes(codes)
    return body + struct.pack("<I", zlib.crc32(body))


# Files of version 1, byte by byte. They must decode to these pixels for ever.
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
def test_version_1_by_hand(data, pixels):
    img = decompress(data)
    assert img.dtype == np.uint8
    assert img.tolist() == pixels


def test_what_is_written_by_hand():
    img = np.array([[7, 7, 200]], np.uint8)
    data = compress(img, 2, block=1)
    header, codebook, codes = data[:22], data[22:24], data[24:-4]
    assert header == struct.pack(FIELDS, b"\x89CVQ", 1, 1, 1, 1, 1, 3, 2)
    assert sorted(codebook) == [7, 200]
    assert codes == (b"\x20" if codebook[0] == 7 else b"\xc0")
    assert data[-4:] == struct.pack("<I", zlib.crc32(data[:-4]))
    assert np.array_equal(decompress(data), img)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_any_size_decodes_to_its_codewords(channels):
    rng = np.random.default_rng(1)
    for height, width, block in itertools.product((1, 3, 8), (1, 5, 8), (1, 2, (3, 4), 9)):
        img = rng.integers(0, 256, (height, width, *channels), np.uint8)
        blocks = to_blocks(img, block)
        n_codewords = min(3, len(np.unique(blocks, axis=0)))
        data = compress(img, n_codewords, block)
        centers = np.rint(fit_codebook(blocks, n_codewords).centers).astype(np.uint8)
        expected = from_blocks(dequantize(quantize(blocks, centers), centers), img.shape, block)
        restored = decompress(data)
        assert restored.dtype == np.uint8
        assert np.array_equal(restored, expected)


def test_as_many_codewords_as_grey_levels_lose_nothing():
    img = np.random.default_rng(2).integers(0, 256, (40, 50), np.uint8)
    assert np.array_equal(decompress(compress(img, len(np.unique(img)), block=1)), img)


def test_read_only_and_strided_images():
    img = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)[::-2, ::3]
    img.flags.writeable = False
    assert compress(img, 5) == compress(img.copy(), 5)


def test_the_number_of_threads_changes_nothing():
    img = np.random.default_rng(4).integers(0, 256, (64, 64), np.uint8)
    assert compress(img, 20, n_threads=1) == compress(img, 20, n_threads=2)


def test_a_callback_may_stop_the_training():
    img = np.random.default_rng(5).integers(0, 256, (64, 64), np.uint8)
    data = compress(img, 100, callback=lambda *_: True)
    assert container.read_header(data).n_codewords < 100
    assert decompress(data).shape == img.shape


@pytest.mark.parametrize("bits", [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 28])
def test_codes_of_any_width_over_several_portions(bits):
    n_codes = container._CODES_AT_A_TIME * 2 + 5
    codes = np.random.default_rng(bits).integers(0, 2**bits, n_codes).astype(np.uint32)
    packed = container._pack_codes(codes, bits)
    assert len(packed) == -(-n_codes * bits // 8)
    slow = "".join(f"{code:0{bits}b}" for code in codes[:99]) if bits else ""
    assert "".join(f"{byte:08b}" for byte in packed[: len(slow) // 8]) == slow[: len(slow) // 8 * 8]
    portions = list(container._unpack_codes(np.frombuffer(packed, np.uint8), n_codes, bits))
    assert np.array_equal(np.concatenate(portions), codes)


def test_a_picture_of_several_portions():
    rng = np.random.default_rng(6)
    levels = np.arange(3, dtype=np.uint8)
    codes = rng.integers(0, 3, (300, 700)).astype(np.uint8)
    packed = container._pack_codes(codes.reshape(-1), 2)
    assert np.array_equal(decompress(file_of(levels, packed, size=(300, 700), k=3)), codes)


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


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" + bytes(30), b"no such file\n"])
def test_foreign(data):
    with pytest.raises(ValueError, match=r"must begin with b'\\x89CVQ', got b'"):
        decompress(data)


def test_from_a_later_version():
    with pytest.raises(ValueError, match="version 1, got version 2, from a later centnn"):
        decompress(file_of([9], [], version=2, size=(4, 4), k=1))
    with pytest.raises(ValueError, match=r"version 1, got version 0$"):
        decompress(file_of([9], [], version=0, size=(4, 4), k=1))


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
        file_of([9], [], size=(2**14 + 1, 2**14), k=1),
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


def test_the_largest_picture_that_one_codeword_may_stand_for():
    header = container.read_header(file_of([9], [], size=(2**14, 2**14), k=1))
    assert header.coded_pixels == container.MAX_PIXELS


@pytest.mark.parametrize(
    ("img", "message"),
    [
        (np.zeros((4, 4)), "img must be of dtype uint8, got float64"),
        (np.zeros((4, 4), np.uint16), "img must be of dtype uint8, got uint16"),
        (np.zeros(4, np.uint8), r"img must have shape .* got shape \(4,\)"),
        (np.zeros((4, 0), np.uint8), r"img must have shape .* got shape \(4, 0\)"),
        (np.zeros((4, 4, 4), np.uint8), r"img must have shape .* got shape \(4, 4, 4\)"),
        (np.zeros((4, 4, 1), np.uint8), r"img must have shape .* got shape \(4, 4, 1\)"),
        (np.broadcast_to(np.uint8(0), (2**15, 2**15)), "img must have at most 268435456 pixels"),
    ],
)
def test_unfit_images(img, message):
    with pytest.raises(ValueError, match=message):
        compress(img, 1)


@pytest.mark.parametrize("n_codewords", [0, -1, 1.5, "4", None, True])
def test_unfit_n_codewords(n_codewords):
    with pytest.raises(ValueError, match=r"n_codewords must be an integer .* got"):
        compress(np.zeros((4, 4), np.uint8), n_codewords)


def test_more_codewords_than_different_blocks():
    img = np.repeat(np.arange(5, dtype=np.uint8), 8).reshape(10, 4)
    with pytest.raises(ValueError, match=r"n_codewords must be at most .* 5, got 6"):
        compress(img, 6, block=(2, 4))


@pytest.mark.parametrize("block", [0, (4, 0), 2**16, "4x4"])
def test_unfit_block(block):
    with pytest.raises(ValueError, match=r"block must be .* got"):
        compress(np.zeros((4, 4), np.uint8), 1, block)
