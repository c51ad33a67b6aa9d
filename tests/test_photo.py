"""Photo mode. Nothing here depends on the codebooks that come with the library, which change."""

import os
import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from skimage.data import astronaut

from centnn import psnr
from centnn.image import _photo, compress_photo, compress_photo_to, decompress, photo
from centnn.image.goal import picture_psnr
from centnn.image.header import read_header

PICTURE = astronaut()  # 512 x 512
CROP = PICTURE[:120, 150:300]
GREY = CROP[:, :, 1]
# Several bands and, at this quality, all scans.
LARGE = np.pad(PICTURE, ((0, 256), (0, 512), (0, 0)), mode="symmetric")

SHAPES = [
    (*sides, *channels)
    for channels in ((), (3,))
    for sides in ((1, 1), (1, 9), (9, 1), (1, 5000), (8, 8), (16, 17), (33, 31), (3, 4099))
] + [(21, 34, 2), (21, 34, 4)]


def cut(shape):
    """A picture of this shape, out of the natural one."""
    tiled = np.tile(PICTURE, (1, -(-shape[1] // 512), 1))[: shape[0], : shape[1]]
    if len(shape) == 2:
        return tiled[:, :, 1]
    return np.dstack([tiled, tiled[:, :, ::-1]])[:, :, : shape[2]]


def with_right_checksum(data):
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


@pytest.fixture(params=["scalar", "avx2"])
def kernel(request):
    """Each kernel that works here, and then the usual one again."""
    try:
        _photo.set_isa(request.param)
    except ValueError:
        pytest.skip(f"no {request.param} here")
    yield request.param
    _photo.set_isa(os.environ.get("CENTNN_ISA") or "avx2")


def test_the_start_of_a_file_by_hand():
    data = compress_photo(np.zeros((3, 300, 3), np.uint8), 50)
    start = struct.pack("<4sBBBBB", b"\x89CVQ", 2, 2, 2, 8, 2)
    assert data[:9] == start
    assert data[9:13] == struct.pack("<I", photo.default_model().id)
    # 300 in groups of seven bits, the low ones first; then 3.
    assert data[13:16] == bytes([0x80 | (300 & 127), 300 >> 7, 3])
    # Steps of Y, 8, and of Cb and Cr, in 64ths; one unit of 16 rows in a band; one scan.
    assert data[16:23] == struct.pack("<HHHB", *photo.steps_of(512), 1, 1)
    assert data[-4:] == struct.pack("<I", zlib.crc32(data[:-4]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("colour", photo.COLOURS)
def test_any_size_comes_back(shape, colour):
    img = cut(shape)
    restored = decompress(compress_photo(img, 90, colour=colour))
    assert (restored.shape, restored.dtype) == (img.shape, img.dtype)
    assert picture_psnr(img, restored) > (26 if colour == "ycbcr420" else 30)
    if img.ndim == 3 and img.shape[2] in (2, 4):
        assert np.array_equal(restored[..., -1], img[..., -1])


@pytest.mark.parametrize("level", [0, 77, 128, 255])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_what_is_flat_stays_flat(level, channels):
    img = np.full((40, 50, *channels), level, np.uint8)
    restored = decompress(compress_photo(img, 100))
    assert np.ptp(restored.astype(int)) <= 2
    assert np.abs(restored.astype(int) - level).max() <= 2


@pytest.mark.parametrize("shape", [(8, 8), (40, 24), (40, 24, 3)])
def test_noise_comes_back(shape):
    # It escapes nearly everywhere; files of it could not be decoded once, as room for what
    # was to be coded was too small.
    for seed in range(5):
        img = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        assert psnr(img, decompress(compress_photo(img, 100, colour="ycbcr"))) > 40


@pytest.mark.parametrize("img", [GREY, CROP], ids=["grey", "colour"])
def test_quality_costs_bytes_and_gains_psnr(img):
    files = [compress_photo(img, quality) for quality in (0, 20, 40.5, 60, 80, 100)]
    sizes = [len(data) for data in files]
    qualities = [psnr(img, decompress(data), data_range=255) for data in files]
    assert sizes == sorted(set(sizes))
    assert qualities == sorted(set(qualities))
    assert qualities[-1] - qualities[0] > 10


def test_finer_chroma_gains_psnr():
    halved, full = (compress_photo(CROP, 90, colour=colour) for colour in ("ycbcr420", "ycbcr"))
    assert psnr(CROP, decompress(full)) > psnr(CROP, decompress(halved))
    assert compress_photo(CROP, 90) == halved
    assert compress_photo(GREY, colour="ycbcr") == compress_photo(GREY)


def test_effort_lowers_what_is_minimised():
    def cost(effort):
        data = compress_photo(CROP, 50, effort=effort)
        error = np.square(CROP - decompress(data).astype(float)).sum()
        return error + 8 * len(data) * (photo.step_of(50) / 64) ** 2

    assert cost("best") < cost("fast") * 1.001


def test_the_filter_is_a_matter_of_decoding():
    filtered, plain = compress_photo(CROP, 30), compress_photo(CROP, 30, filtered=False)
    assert len(filtered) == len(plain)
    assert not np.array_equal(decompress(filtered), decompress(plain))
    assert (read_header(filtered).filtered, read_header(plain).filtered) == (True, False)


def test_threads_and_kernels_change_nothing(kernel):
    expected = compress_photo(LARGE, 50, n_threads=1)
    pixels = decompress(expected, n_threads=1)
    for n_threads in (2, 3):
        assert compress_photo(LARGE, 50, n_threads=n_threads) == expected
        assert np.array_equal(decompress(expected, n_threads=n_threads), pixels)
    _photo.set_isa("scalar")
    assert compress_photo(LARGE, 50) == expected
    assert np.array_equal(decompress(expected), pixels)


@pytest.mark.parametrize("shape", SHAPES[:-2])
def test_kernels_agree_at_edges(shape, kernel):
    img = cut(shape)
    data = compress_photo(img, 75)
    pixels = decompress(data)
    _photo.set_isa("scalar")
    assert compress_photo(img, 75) == data
    assert np.array_equal(decompress(data), pixels)


@pytest.mark.parametrize("img", [GREY, CROP])
def test_read_only_and_strided_images(img):
    img = img[::-2, ::3]
    img.flags.writeable = False
    assert compress_photo(img) == compress_photo(img.copy())


def test_declared():
    info = read_header(compress_photo(cut((9, 14, 4)), 50))
    assert (info.version, info.mode, info.height, info.width, info.depth) == (2, "photo", 9, 14, 8)
    assert (info.colour, info.has_alpha, info.codebook) == ("ycbcr420", True, "")
    assert (info.quality, info.step, info.scans) == (50, 8, (23,))
    info = read_header(compress_photo(PICTURE, 80, colour="ycbcr"))
    assert (info.colour, info.has_alpha, info.scans) == ("ycbcr", False, (1, 4, 6, 12))
    assert read_header(compress_photo(GREY)).colour == "grey"


def test_every_step_has_a_quality():
    steps = range(_photo.LEAST_STEP, _photo.MOST_STEP + 1)
    assert [photo.step_of(photo.quality_of(step)) for step in steps] == list(steps)
    assert (photo.step_of(100), photo.step_of(0)) == (steps[0], steps[-1])


# Parts of files


@pytest.mark.parametrize("img", [PICTURE, PICTURE[:, :, 0]], ids=["colour", "grey"])
def test_each_scan_makes_it_better(img):
    data = compress_photo(img, 70)
    assert read_header(data).scans == (1, 4, 6, 12)
    images = [decompress(data, upto=layers) for layers in (1, 5, 11, 23)]
    qualities = [psnr(img, some, data_range=255) for some in images]
    assert qualities == sorted(set(qualities))
    assert np.array_equal(images[-1], decompress(data))
    by_layer = [psnr(img, decompress(data, upto=layers)) for layers in range(1, 24)]
    assert min(np.diff(by_layer)) > -0.05


def test_a_file_cut_off_anywhere_decodes_to_what_is_whole():
    data = compress_photo(PICTURE, 60)
    images = [decompress(data, upto=layers) for layers in (1, 5, 11, 22, 23)]
    seen = []
    for length in (*range(6, 60), *range(60, len(data), len(data) // 50), *range(-6, 0)):
        start = data[:length]
        with pytest.raises(ValueError, match=r"truncated|corrupted|not a \.cvq|checksum"):
            decompress(start)
        try:
            restored = decompress(start, upto=23)
        except ValueError as error:
            assert str(error).startswith("data is ")
            continue
        seen.append([np.array_equal(restored, some) for some in images].index(True))
    assert seen == sorted(seen)
    assert set(seen) == {0, 1, 2, 3}
    assert len(seen) > 45


def test_a_file_that_was_cut_off_has_its_alpha():
    img = np.dstack([LARGE, LARGE[:, :, 0] // 200 * 255])
    data = compress_photo(img)
    assert np.array_equal(decompress(data, upto=23), decompress(data))
    restored = decompress(data[:-40], upto=23)
    assert np.array_equal(restored, decompress(data, upto=photo.SCAN_ENDS[2]))
    assert np.array_equal(restored[:, :, 3], img[:, :, 3])
    with pytest.raises(ValueError, match="data is truncated"):
        decompress(data[:100], upto=23)  # within its alpha


@pytest.mark.parametrize("name", ["sse9", "AVX2"])
def test_an_unknown_instruction_set_is_an_error(name, tmp_path):
    program = (
        "import numpy as np; from centnn.image import photo\n"
        "photo.code(np.zeros((8, 8, 1), np.uint8), None, 64)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,  # not in a clone, whose package is not built
        env={**os.environ, "CENTNN_ISA": name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "CENTNN_ISA" in result.stderr


@pytest.mark.parametrize("upto", [0, 24, 1.5, "5", True])
def test_unfit_upto(upto):
    with pytest.raises(ValueError, match="upto must be an integer from 1 to 23, got"):
        decompress(SMALL["grey"], upto=upto)


# Bad input


SMALL = {
    "grey": compress_photo(GREY[:20, :20], 30),
    "colour": compress_photo(CROP[:20, 40:70], 10),
    "alpha": compress_photo(cut((6, 7, 4)), 10),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_truncation_and_extension_is_refused(name):
    data = SMALL[name]
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"^data (is|must)"):
            decompress(data[:length])
    with pytest.raises(ValueError, match="data is corrupted"):
        decompress(data + b"\0")


@pytest.mark.parametrize("name", SMALL)
def test_every_changed_byte_is_refused(name):
    data = SMALL[name]
    for position in range(len(data)):
        for change in (1, 16, 128, 255):
            damaged = bytearray(data)
            damaged[position] ^= change
            with pytest.raises(ValueError, match=r"^data "):
                decompress(bytes(damaged))


@pytest.mark.parametrize("upto", [None, 7, 23])
@pytest.mark.parametrize("name", SMALL)
def test_damage_under_a_right_checksum_is_refused_or_decodes(name, upto, kernel):
    rng = np.random.default_rng(7)
    for _ in range(300):
        damaged = bytearray(SMALL[name])
        for _ in range(rng.integers(1, 4)):
            damaged[rng.integers(6, len(damaged) - 4)] = rng.integers(256)
        try:
            decompress(with_right_checksum(bytes(damaged)), max_pixels=2**20, upto=upto)
        except ValueError as error:
            assert str(error).startswith("data ")


def test_absurd_sizes_are_refused_before_anything_is_allocated():
    start = SMALL["grey"][:13]
    largest = bytes([0x80, 0x80, 0x80, 0x08])  # 2 ** 24
    # Bands as high as can be, of which there are 33; one scan of no bytes each.
    data = start + 2 * largest + struct.pack("<HHB", 512, 65535, 1) + bytes(33) + bytes(4)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="data must hold at most 536870912 pixels, got"):
            decompress(with_right_checksum(data))
        assert tracemalloc.get_traced_memory()[1] < 2**18
    finally:
        tracemalloc.stop()


def test_the_caller_sets_the_limit():
    data = compress_photo(CROP[:10, :20])  # two blocks of chroma
    assert decompress(data, max_pixels=512).shape == (10, 20, 3)
    with pytest.raises(ValueError, match=r"at most 511 pixels, got 512 \(an image of 20x10 in"):
        decompress(data, max_pixels=511)


def test_other_codebooks():
    data = SMALL["grey"][:9] + b"else" + SMALL["grey"][13:]
    with pytest.raises(ValueError, match="data was coded with other codebooks than those of this"):
        decompress(with_right_checksum(data))
    for resource in (b"", b"no codebooks", bytes(1000)):
        with pytest.raises(ValueError, match="other codebooks"):
            _photo.Model(resource)


@pytest.mark.parametrize(
    ("img", "message"),
    [
        (np.zeros((4, 4)), "img must be of dtype uint8, got float64"),
        (np.zeros((4, 4), np.uint16), "img must be of dtype uint8, got uint16"),
        (np.zeros((4, 0), np.uint8), r"img must have shape .* got shape \(4, 0\)"),
        (np.zeros((4, 4, 5), np.uint8), r"img must have shape .* got shape \(4, 4, 5\)"),
        (np.broadcast_to(np.uint8(0), (2**15, 2**15)), "img must have at most 536870912 pixels"),
        (np.broadcast_to(np.uint8(0), (1, 2**24 + 1)), "at most 16777216 pixels a side"),
    ],
)
def test_unfit_images(img, message):
    with pytest.raises(ValueError, match=message):
        compress_photo(img)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quality": -1}, "quality must be a number from 0 to 100, got -1"),
        ({"quality": 100.1}, "quality must be a number from 0 to 100, got 100.1"),
        ({"quality": float("nan")}, "quality must be a number from 0 to 100, got nan"),
        ({"quality": "60"}, "quality must be a number from 0 to 100, got '60'"),
        ({"colour": "rgb"}, "colour must be one of ycbcr420, ycbcr, got 'rgb'"),
        ({"effort": "none"}, "effort must be one of fast, balanced, best, got 'none'"),
        ({"n_threads": 0}, "n_threads must be an integer of at least 1, got 0"),
        ({"filtered": "no"}, "filtered must be True or False, got 'no'"),
    ],
)
def test_unfit_options(options, message):
    with pytest.raises(ValueError, match=message):
        compress_photo(CROP, **options)


# Targets


@pytest.mark.parametrize("img", [GREY, CROP], ids=["grey", "colour"])
@pytest.mark.parametrize("goal", [{"psnr": 30}, {"psnr": 38.5}, {"bpp": 0.4}, {"bpp": 2}])
def test_targets_are_reached_closely_in_few_attempts(img, goal):
    attempts = []
    found = compress_photo_to(img, **goal, report=attempts.append)
    colour = None if found.colour == "grey" else found.colour
    assert found.data == compress_photo(img, found.quality, colour=colour)
    assert found.psnr == picture_psnr(img, decompress(found.data))
    assert found.bpp == 8 * len(found.data) / (120 * 150)
    if "psnr" in goal:
        assert goal["psnr"] <= found.psnr < goal["psnr"] + 0.1
    else:
        assert 0.97 * goal["bpp"] < found.bpp <= goal["bpp"]
    assert len(attempts) <= 12
    assert any(attempt is found for attempt in attempts)


def test_what_cannot_be_reached_gives_the_nearest():
    assert compress_photo_to(CROP, psnr=90).quality == 100
    assert compress_photo_to(CROP, bpp=0.001).quality == 0
    assert compress_photo_to(CROP, bpp=99).quality == 100
    flat = compress_photo_to(np.full((32, 32), 128, np.uint8), psnr=30)
    assert flat.psnr >= 30


def test_full_chroma_is_tried_where_halved_chroma_limits():
    halved = {"colour": "ycbcr420"}
    for goal in {"psnr": 90}, {"bpp": 99}:
        found = compress_photo_to(CROP, **goal)
        limited = compress_photo_to(CROP, **goal, options=halved)
        assert (found.colour, limited.colour) == ("ycbcr", "ycbcr420")
        assert found.psnr > limited.psnr
    assert compress_photo_to(CROP, psnr=30).colour == "ycbcr420"
    assert compress_photo_to(GREY, psnr=90).colour == "grey"


def test_options_of_targets():
    found = compress_photo_to(CROP, psnr=33, options={"colour": "ycbcr", "filtered": False})
    info = read_header(found.data)
    assert (info.colour, info.filtered, info.quality) == ("ycbcr", False, found.quality)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ({}, "give either psnr or bpp, got psnr=None, bpp=None"),
        ({"psnr": 30, "bpp": 1}, "give either psnr or bpp, got psnr=30, bpp=1"),
        ({"psnr": float("nan")}, "psnr must be a number from 0 to 1000, got nan"),
        ({"bpp": 0}, "bpp must be a number from 1e-09 to 1e\\+09, got 0"),
    ],
)
def test_unfit_targets(goal, message):
    with pytest.raises(ValueError, match=message):
        compress_photo_to(CROP, **goal)
