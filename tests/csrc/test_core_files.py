"""Files that the C core reads and writes, through the example program, and what it refuses."""

import ctypes
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from library import STATUS, lib

import centnn
from centnn.image import decompress, from_blocks, to_blocks

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"


class BookFile(ctypes.Structure):
    _fields_ = [
        ("k", ctypes.c_size_t),
        ("d", ctypes.c_size_t),
        ("precision", ctypes.c_int),
        ("codewords", ctypes.c_void_p),
    ]


class PictureFile(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("height", "width", "channels")),
        *((name, ctypes.c_size_t) for name in ("block_height", "block_width", "k")),
        ("codebook", ctypes.c_void_p),
        ("codes", ctypes.c_void_p),
    ]


def opened(function, file, data):
    return STATUS[function(ctypes.byref(file), data, ctypes.c_size_t(len(data)))]


@pytest.fixture(scope="module")
def pgm(tmp_path_factory):
    """Build the example with a plain compiler call."""
    program = tmp_path_factory.mktemp("pgm") / "pgm"
    sources = [*sorted((ROOT / "csrc").glob("[a-z]*.c")), ROOT / "csrc" / "example" / "pgm.c"]
    command = ["cc", "-std=c11", "-O1", f"-I{ROOT / 'csrc'}", *map(str, sources), "-lm"]
    subprocess.run([*command, "-o", str(program)], check=True)
    return program


def smooth_picture(height, width):
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x / 9) * np.cos(y / 7) + np.sin((x + 2 * y) / 23)
    return np.rint(127 + 60 * waves).astype(np.uint8)


def write_pgm(path, img):
    path.write_bytes(b"P5\n%d %d\n255\n" % img.shape[::-1] + img.tobytes())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(40, 52), (33, 1), (1, 1)])
def test_example_codes_as_python_does(pgm, tmp_path, dtype, shape):
    img = smooth_picture(*shape)
    blocks = to_blocks(smooth_picture(64, 64), 4)
    book = centnn.fit_codebook(blocks.astype(dtype), 30)
    book.save(tmp_path / "book.bin")
    write_pgm(tmp_path / "in.pgm", img)
    for command in (["encode", "book.bin", "in.pgm", "out.cvq"], ["decode", "out.cvq", "out.pgm"]):
        subprocess.run([pgm, *command], cwd=tmp_path, check=True)
    codewords = np.floor(book.centers.clip(0, 255) + 0.5).astype(np.uint8)
    codes = centnn.quantize(to_blocks(img, 4), book)
    expected = from_blocks(codewords[codes], img.shape, 4)
    file = (tmp_path / "out.cvq").read_bytes()
    assert np.array_equal(decompress(file), expected)
    pixels = (tmp_path / "out.pgm").read_bytes()
    assert pixels == b"P5\n%d %d\n255\n" % img.shape[::-1] + expected.tobytes()


def test_example_says_what_is_wrong(pgm, tmp_path):
    (tmp_path / "bad").write_bytes(b"nothing")
    done = subprocess.run([pgm, "decode", "bad", "out"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 1
    assert done.stderr == b"pgm: bad: not a file of this kind, or of another version\n"


def test_book_copy_gives_the_codewords(tmp_path):
    centers = np.arange(6.0).reshape(2, 3)
    book = centnn.fit_codebook(centers, 2)
    book.save(tmp_path / "book")
    file = BookFile()
    data = (tmp_path / "book").read_bytes()
    assert opened(lib.centnn_book_open, file, data) == "OK"
    assert (file.k, file.d, file.precision) == (2, 3, 4)
    out = np.empty((2, 3))
    assert lib.centnn_book_copy(ctypes.byref(file), ctypes.c_void_p(out.ctypes.data)) == 0
    assert np.array_equal(out, book.centers)


def test_every_flip_and_truncation_of_a_book_is_refused(tmp_path):
    centnn.fit_codebook(np.arange(6.0).reshape(2, 3), 2).save(tmp_path / "book")
    data = (tmp_path / "book").read_bytes()
    assert_all_damage_is_refused(lib.centnn_book_open, BookFile(), data)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("v1*.cvq")), ids=lambda path: path.stem)
def test_pictures_of_version_1(path):
    data = path.read_bytes()
    file = PictureFile()
    assert opened(lib.centnn_picture_open, file, data) == "OK"
    expected = decompress(data)
    pixels = np.empty(expected.shape, np.uint8)
    assert pixels.size == file.height * file.width * file.channels
    address = ctypes.c_void_p(pixels.ctypes.data)
    assert lib.centnn_picture_decode(ctypes.byref(file), address) == 0
    assert np.array_equal(pixels, expected)


def test_every_flip_and_truncation_of_a_picture_is_refused():
    data = min(FIXTURES.glob("v1*.cvq"), key=lambda path: path.stat().st_size).read_bytes()
    assert_all_damage_is_refused(lib.centnn_picture_open, PictureFile(), data)


def assert_all_damage_is_refused(function, file, data):
    for n in range(len(data)):
        assert opened(function, file, data[:n]) != "OK", n
        flipped = bytearray(data)
        flipped[n] ^= 1 << n % 8
        assert opened(function, file, bytes(flipped)) != "OK", n
    assert opened(function, file, data + b"\0") != "OK"
    assert STATUS[function(None, data, ctypes.c_size_t(len(data)))] == "NULL"


def test_a_code_beyond_the_codebook_is_refused():
    # One block of one pixel, three codewords: codes of two bits, of which 3 is none.
    body = b"\x89CVQ\x01\x01" + bytes([1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 7, 8, 9])
    for code, status in ((2, "OK"), (3, "CODE")):
        data = body + bytes([code << 6])
        data += zlib.crc32(data).to_bytes(4, "little")
        file = PictureFile()
        assert opened(lib.centnn_picture_open, file, data) == "OK"
        pixel = ctypes.create_string_buffer(1)
        assert STATUS[lib.centnn_picture_decode(ctypes.byref(file), pixel)] == status
        assert status != "OK" or pixel.raw == b"\x09"


def test_sizes_that_no_file_can_have():
    lib.centnn_picture_size.restype = ctypes.c_size_t
    good = {"height": 5, "width": 7, "channels": 1, "block_height": 4, "block_width": 4, "k": 3}
    assert lib.centnn_picture_size(ctypes.byref(PictureFile(**good))) == 22 + 3 * 16 + 1 + 4
    for wrong in (
        {"height": 0},
        {"width": 2**32},
        {"channels": 2},
        {"block_height": 2**16},
        {"k": 0},
        {"k": 2**32 - 1, "block_height": 65535, "block_width": 65535, "channels": 3},
    ):
        file = PictureFile(**{**good, **wrong})
        assert lib.centnn_picture_size(ctypes.byref(file)) == 0, wrong
