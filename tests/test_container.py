import itertools
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import reference_cvq

from centnn import dequantize, psnr, quantize
from centnn.cli.pictures import decode_picture
from centnn.image import (
    compress,
    compress_photo,
    decompress,
    from_blocks,
    to_blocks,
    train_codebook,
    version2,
)
from centnn.image.blocks import block_grid, block_size
from centnn.image.container import COLOURS, MAX_PIXELS, count_blocks
from centnn.image.header import read_header

FIXTURES = Path(__file__).with_name("fixtures")

# The smallest file: one black pixel, one codeword.
BLACK = compress(np.zeros((1, 1), np.uint8), 1, block=1)


def smooth(shape, dtype=np.uint8, seed=0):
    """A picture that has something to predict: a blurred one of noise."""
    noise = np.random.default_rng(seed).random(shape)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    blurred = (blurred - blurred.min()) / max(np.ptp(blurred), 1e-9)
    return (blurred * np.iinfo(dtype).max).astype(dtype)


def with_right_checksum(data):
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


def test_by_hand():
    assert BLACK[:17] == struct.pack("<4sBBBBBII", b"\x89CVQ", 2, 0, 0, 8, 0, 1, 1)
    # Blocks of 1x1, one codeword less one, both parts of the codebook, one stream.
    assert BLACK[17:23] == struct.pack("<BBHBB", 1, 1, 0, 3, 1)
    # There is only one codeword: coding it leaves the state of the stream as it was.
    assert BLACK[-12:-4] == struct.pack("<Q", 2**31)
    assert BLACK[-4:] == struct.pack("<I", zlib.crc32(BLACK[:-4]))
    assert decompress(BLACK).tolist() == [[0]]


CASES = {
    "grey": ((21, 34), np.uint8, {"n_codewords": 12}),
    "grey, 16 bits": ((21, 34), np.uint16, {"n_codewords": 12}),
    "grey, alpha": ((9, 13, 2), np.uint8, {"n_codewords": 4, "block": (2, 5)}),
    "levels": ((15, 16), np.uint8, {"n_codewords": 9, "block": 1}),
    "colours": ((15, 16, 3), np.uint8, {"n_codewords": 9, "block": 1}),
    "rgb": ((21, 34, 3), np.uint8, {"n_codewords": 12, "colour": "rgb"}),
    "ycbcr": ((21, 34, 3), np.uint8, {"n_codewords": 12, "colour": "ycbcr"}),
    "ycbcr420": ((21, 33, 3), np.uint8, {"n_codewords": 12, "colour": "ycbcr420"}),
    "16 bits, alpha": ((9, 14, 4), np.uint16, {"n_codewords": 4, "block": 3}),
    "rate weight": ((40, 40, 3), np.uint8, {"n_codewords": 30, "rate_weight": 30}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_decoder_written_from_the_specification_agrees(case):
    shape, dtype, options = CASES[case]
    img = smooth(shape, dtype)
    data = compress(img, **options)
    restored = decompress(data)
    assert (restored.shape, restored.dtype) == (img.shape, img.dtype)
    assert np.array_equal(reference_cvq.unpack(data).reshape(shape), restored)


def test_so_does_it_with_several_streams():
    img = smooth((65, 64))
    data = compress(img, 16, block=1)
    assert version2.read_header(data).planes[0].n_streams == 4
    assert np.array_equal(reference_cvq.unpack(data)[:, :, 0], decompress(data))


@pytest.mark.parametrize("channels", [(), (3,)])
def test_any_size_decodes_to_nearest_codewords(channels):
    for height, width, block in itertools.product((1, 3, 8), (1, 5, 8), (1, 2, (3, 4), 9)):
        img = smooth((height, width, *channels))
        blocks = to_blocks(img, block)
        n_codewords = min(3, len(np.unique(blocks, axis=0)))
        restored = decompress(compress(img, n_codewords, block, colour="rgb"))
        assert (restored.shape, restored.dtype) == (img.shape, img.dtype)
        if np.prod(block_grid(img.shape, block)) * np.prod(block_size(block)) == height * width:
            used = np.unique(to_blocks(restored, block), axis=0)
            assert len(used) <= n_codewords
            expected = from_blocks(dequantize(quantize(blocks, used), used), img.shape, block)
            assert psnr(img, restored) == pytest.approx(psnr(img, expected))


@pytest.mark.parametrize(("dtype", "n_levels"), [(np.uint8, 256), (np.uint16, 900)])
def test_as_many_codewords_as_grey_levels_lose_nothing(dtype, n_levels):
    img = np.random.default_rng(2).integers(0, n_levels, (40, 50)).astype(dtype)
    assert np.array_equal(decompress(compress(img, len(np.unique(img)), block=1)), img)


def test_as_many_codewords_as_colours_lose_nothing():
    rng = np.random.default_rng(3)
    colours = rng.integers(0, 256, (50, 3), np.uint8)
    img = colours[rng.integers(0, 50, (40, 30))]
    assert np.array_equal(
        decompress(compress(img, len(np.unique(img.reshape(-1, 3), axis=0)), 1)), img
    )


@pytest.mark.parametrize("shape", [(30, 41, 2), (30, 41, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_kept(shape, dtype):
    img = np.random.default_rng(4).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    restored = decompress(compress(img, 5))
    assert restored.dtype == dtype
    assert np.array_equal(restored[..., -1], img[..., -1])


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_come_back(colour, dtype):
    img = np.zeros((8, 24, 3), dtype)
    img[:, :8, 0] = img[:, 8:16, 1] = img[:, 16:, 2] = np.iinfo(dtype).max
    restored = decompress(compress(img, 3, 8, colour=colour))
    inner = np.r_[2:6, 10:14, 18:22]  # away from where halved colours are mixed
    assert np.abs(restored[:, inner].astype(int) - img[:, inner]).max() <= np.iinfo(dtype).max / 50


def test_neighbours_and_coded_codewords_save_bits():
    img = smooth((256, 256))
    fixed_width_bytes = 64 * 64 * 6 / 8 + 64 * 16
    assert len(compress(img, 64)) < 0.65 * fixed_width_bytes


def test_a_rate_weight_saves_bits_at_little_loss():
    img = smooth((256, 256, 3))
    plain, weighted = compress(img, 64), compress(img, 64, rate_weight=100)
    assert len(weighted) < len(plain)
    assert psnr(img, decompress(weighted)) > psnr(img, decompress(plain)) - 0.5


def test_read_only_and_strided_images():
    img = smooth((20, 30, 3))[::-2, ::3]
    img.flags.writeable = False
    assert compress(img, 5) == compress(img.copy(), 5)


def test_the_number_of_threads_changes_nothing():
    img = smooth((64, 64, 3))
    options = {"n_codewords": 20, "rate_weight": 5}
    assert compress(img, n_threads=1, **options) == compress(img, n_threads=2, **options)


def test_a_callback_may_stop_the_training():
    img = np.random.default_rng(5).integers(0, 256, (64, 64), np.uint8)
    data = compress(img, 100, callback=lambda *_: True)
    assert read_header(data).n_codewords[0] < 100
    assert decompress(data).shape == img.shape


def test_header():
    info = read_header(compress(smooth((9, 14, 4), np.uint16), 8, (2, 3)))
    assert (info.version, info.height, info.width, info.depth) == (2, 9, 14, 16)
    assert (info.colour, info.has_alpha, info.block) == ("ycbcr", True, (2, 3))
    assert (info.n_codewords, info.codebook) == ((8, 8), "")


@pytest.mark.parametrize("name", ["v2-grey", "v2-colour-alpha", "v2-rgb", "v2-deep", "v2-photo"])
def test_files_written_earlier_decode_to_the_same_pixels(name):
    img = decompress((FIXTURES / f"{name}.cvq").read_bytes())
    expected = decode_picture((FIXTURES / f"{name}.png").read_bytes())
    assert img.dtype == expected.dtype
    assert np.array_equal(img, expected)


# Shared codebooks


@pytest.mark.parametrize("options", [{}, {"colour": "rgb"}, {"rate_weight": 10}])
def test_a_shared_codebook(options):
    images = [smooth((32, 48, 3), seed=seed) for seed in (1, 2)]
    book = train_codebook(images, 16, **options)
    own = compress(images[0], 16, **options)
    data = compress(images[0], codebook=book)
    assert len(data) < len(own)
    restored = decompress(data, codebook=book)
    assert psnr(images[0], restored) > psnr(images[0], decompress(own)) - 6
    assert np.array_equal(reference_cvq.unpack(data, book), restored)
    assert read_header(data).codebook


def test_a_shared_codebook_is_asked_for_by_name():
    img = smooth((16, 16))
    book, other = train_codebook([img], 4), train_codebook([img], 5)
    data = compress(img, codebook=book)
    name = read_header(data).codebook
    with pytest.raises(ValueError, match=f"data needs the shared codebook {name}, none was given"):
        decompress(data)
    with pytest.raises(ValueError, match=f"{name}, codebook [0-9a-f]{{32}} was given"):
        decompress(data, codebook=other)
    with pytest.raises(ValueError, match="data must be an image, got a shared codebook"):
        decompress(book)
    with pytest.raises(ValueError, match="data must be a shared codebook, got an image"):
        decompress(data, codebook=data)
    with pytest.raises(ValueError, match="img must have 1 channels of 8 bits like the codebook"):
        compress(smooth((16, 16, 3)), codebook=book)
    with pytest.raises(ValueError, match="images must be at least one"):
        train_codebook([])


# Bad input


SOME = {
    "black": BLACK,
    "alpha": compress(smooth((6, 7, 4)), 2, colour="ycbcr"),
    "book": train_codebook([smooth((8, 8))], 2),
}


def read(data):
    return version2.unpack_book(data) if data[5:6] == b"\x01" else decompress(data)


@pytest.mark.parametrize("name", SOME)
def test_every_truncation_and_extension_is_refused(name):
    data = SOME[name]
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"not a \.cvq file|truncated"):
            (read if length > 5 else decompress)(data[:length])
    with pytest.raises(ValueError, match="too long"):
        read(data + b"\0")


@pytest.mark.parametrize("name", SOME)
def test_every_flipped_bit_is_refused(name):
    data = SOME[name]
    for position, bit in itertools.product(range(len(data)), range(8)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << bit
        with pytest.raises(ValueError, match=r"^data "):
            read(bytes(damaged))


@pytest.mark.parametrize("name", SOME)
def test_damage_under_a_right_checksum_is_refused_or_decodes(name):
    # As a file may be that was made to do harm: whatever happens, it happens in Python.
    rng = np.random.default_rng(7)
    for _ in range(500):
        damaged = bytearray(SOME[name])
        for _ in range(rng.integers(1, 4)):
            damaged[rng.integers(5, len(damaged) - 4)] = rng.integers(256)
        try:
            read(with_right_checksum(bytes(damaged)))
        except ValueError as error:
            assert str(error).startswith("data ")


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" + bytes(30), b"no such file\n"])
def test_foreign(data):
    with pytest.raises(ValueError, match=r"must begin with b'\\x89CVQ', got b'"):
        decompress(data)


def test_from_a_later_version():
    with pytest.raises(ValueError, match="version 1 or 2, got version 3, from a later centnn"):
        decompress(b"\x89CVQ\x03")
    with pytest.raises(ValueError, match=r"version 1 or 2, got version 0$"):
        decompress(b"\x89CVQ\x00")
    with pytest.raises(ValueError, match="a kind from a later centnn"):
        decompress(with_right_checksum(BLACK[:5] + b"\x03" + BLACK[6:]))


@pytest.mark.parametrize(
    ("offset", "patch"),
    [
        (9, struct.pack("<II", 2**32 - 1, 2**32 - 1)),  # an image that is too large
        (17, bytes([64, 64, 255, 255])),  # codewords that are too many
    ],
)
def test_absurd_sizes_are_refused_before_anything_is_allocated(offset, patch):
    data = with_right_checksum(BLACK[:offset] + patch + BLACK[offset + len(patch) :])
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="at most"):
            decompress(data)
        assert tracemalloc.get_traced_memory()[1] < 2**18
    finally:
        tracemalloc.stop()


def test_the_caller_sets_the_limit():
    data = compress(smooth((10, 10)), 2)
    assert decompress(data, max_pixels=144).shape == (10, 10)
    with pytest.raises(ValueError, match="data must hold at most 143 pixels, got 144"):
        decompress(data, max_pixels=143)
    assert MAX_PIXELS == 2**29


@pytest.mark.parametrize(
    ("img", "message"),
    [
        (np.zeros((4, 4)), "img must be of dtype uint8 or uint16, got float64"),
        (np.zeros(4, np.uint8), r"img must have shape .* got shape \(4,\)"),
        (np.zeros((4, 0), np.uint8), r"img must have shape .* got shape \(4, 0\)"),
        (np.zeros((4, 4, 5), np.uint8), r"img must have shape .* got shape \(4, 4, 5\)"),
        (np.zeros((4, 4, 1), np.uint8), r"img must have shape .* got shape \(4, 4, 1\)"),
        (np.broadcast_to(np.uint8(0), (2**15, 2**15)), "img must have at most 536870912 pixels"),
    ],
)
def test_unfit_images(img, message):
    with pytest.raises(ValueError, match=message):
        compress(img, 1)


@pytest.mark.parametrize("n_codewords", [0, -1, 1.5, "4", True, 2**16 + 1])
def test_unfit_n_codewords(n_codewords):
    with pytest.raises(ValueError, match=r"n_codewords must be an integer .* got"):
        compress(np.zeros((4, 4), np.uint8), n_codewords)


def test_more_codewords_than_different_blocks():
    img = np.repeat(np.arange(5, dtype=np.uint8), 8).reshape(10, 4)
    with pytest.raises(ValueError, match=r"n_codewords must be at most .* 5, got 6"):
        compress(img, 6, block=(2, 4))
    assert compress(img, block=(2, 4)) == compress(img, 5, block=(2, 4))
    with pytest.raises(ValueError, match=r"n_codewords must be at most .* 5, got 6"):
        train_codebook([img, img], 6, block=(2, 4))
    assert train_codebook([img, img], block=(2, 4)) == train_codebook([img, img], 5, (2, 4))


def test_512_codewords_by_default():
    img = np.random.default_rng(0).integers(0, 256, (32, 48), np.uint8)
    assert compress(img, block=1) == compress(img, count_blocks(img, 1), block=1)
    assert compress(img, block=(1, 2)) == compress(img, 512, block=(1, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": 0}, "block must be a positive integer .* got 0"),
        ({"block": (4, 65)}, r"block must be at most 64 a side, got \(4, 65\)"),
        ({"block": "4x4"}, "block must be a positive integer .* got '4x4'"),
        ({"colour": "hsv"}, "colour must be one of rgb, ycbcr, ycbcr420, got 'hsv'"),
        ({"rate_weight": -1}, "rate_weight must be a number of at least 0 or 'auto', got -1"),
        (
            {"rate_weight": float("nan")},
            "rate_weight must be a number of at least 0 or 'auto', got nan",
        ),
        ({"rate_weight": None}, "rate_weight must be a number of at least 0 or 'auto', got None"),
    ],
)
def test_unfit_options(options, message):
    with pytest.raises(ValueError, match=message):
        compress(np.zeros((4, 4, 3), np.uint8), 1, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_pixels": -4}, "max_pixels must be an integer of at least 1, got -4"),
        ({"max_pixels": "x"}, "max_pixels must be an integer of at least 1, got 'x'"),
        ({"n_threads": 0}, "n_threads must be an integer of at least 1, got 0"),
    ],
)
def test_unfit_options_of_decompress(options, message):
    img = np.zeros((4, 4), np.uint8)
    for data in (compress(img, 1), compress_photo(img)):
        with pytest.raises(ValueError, match=message):
            decompress(data, **options)


@pytest.mark.parametrize("data", [np.zeros((4, 4), np.uint8), "a.cvq", None])
def test_what_are_no_bytes(data):
    message = f"data must be the bytes of a .cvq file, got {type(data).__name__}"
    with pytest.raises(ValueError, match=message):
        decompress(data)
    good = compress(np.zeros((4, 4), np.uint8), 1)
    for same in (bytearray(good), memoryview(good)):
        assert decompress(same).tolist() == [[0] * 4] * 4
