"""The codec `centnn_vq`: alone, and in Zarr arrays of both formats."""

import json
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

import centnn
from centnn import _chunks, _packed

numcodecs = pytest.importorskip("numcodecs")

TYPES = ["?", "u1", "u2", "u4", "u8", "i1", "<i2", ">i2", "i4", "i8", "f2", "<f4", ">f4", "f8"]


def codec(**options):
    return numcodecs.get_codec({"id": "centnn_vq", **options})


def picture(shape=(64, 64)):
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(shape[0]), np.arange(shape[1]))
    return (smooth + rng.integers(0, 9, shape)).astype(np.uint8)


def with_checksum(body):
    return bytes(body) + struct.pack("<I", zlib.crc32(bytes(body)))


def test_by_hand():
    array = np.array([[1, 2], [7, 8], [1, 2], [7, 8], [7, 8]], np.uint8)
    vq = codec(n_codewords=2)
    data = vq.encode(array)
    header = struct.pack("<8sBB4sBBI", b"\x89CENTVQ\n", 1, 0, b"|u1\0", 2, 1, 2)
    assert data[: len(header)] == header
    rest = data[len(header) : -4]
    assert rest[:24] == struct.pack("<3Q", 5, 2, 2)
    assert sorted([rest[24:26], rest[26:28]]) == [b"\1\2", b"\7\10"]
    assert rest[28:] == (b"\x58" if rest[24] == 1 else b"\xa0")
    assert np.array_equal(vq.decode(data), array)


def test_what_is_lost_is_what_quantization_loses():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 8)).astype(np.float32)
    decoded = codec(n_codewords=64).decode(codec(n_codewords=64).encode(X))
    book = centnn.fit_codebook(X, 64, effort="fast")
    assert np.array_equal(decoded, book.decode(book.encode(X)))


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 100, (500, 4)) > 50 if dtype == "?" else rng.normal(50, 20, (500, 4))
    array = array.clip(0, 120).astype(dtype)
    vq = codec(n_codewords=8)
    decoded = vq.decode(vq.encode(array))
    assert decoded.dtype == array.dtype and decoded.shape == array.shape
    error = np.abs(decoded.astype(float) - array.astype(float)).mean()
    assert error < (0.5 if dtype == "?" else 20)


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u4", "i8", "u8"])
def test_limits_of_integers(dtype):
    info = np.iinfo(dtype)
    array = np.array([[info.min], [info.max]] * 3, dtype)
    decoded = codec(n_codewords=2).decode(codec(n_codewords=2).encode(array))
    # As near as float64 comes.
    np.testing.assert_allclose(decoded.astype(float), array.astype(float), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["<i8", ">i8", "u8"])
def test_few_integers_of_64_bits_lose_nothing(dtype):
    """Those beyond 2**53 were trained on in float64, which made some equal."""
    values = np.array([2**53 + 1, 2**53 + 3, 0, 2**63 - 1, 2**53 + 1], dtype)
    for columns in (values[:, None], np.stack([values, values[::-1]], axis=1)):
        n_distinct = len(np.unique(columns, axis=0))
        for array in (columns, np.repeat(columns, 300, axis=0), np.asfortranarray(columns)):
            vq = codec(n_codewords=n_distinct)
            decoded = vq.decode(vq.encode(array))
            assert decoded.dtype == array.dtype
            assert np.array_equal(decoded, array)
    many = np.arange(1000).astype(dtype)[:, None]
    vq = codec(n_codewords=10)
    assert 0 < abs(vq.decode(vq.encode(many)).astype(float) - many).max() <= 60


@pytest.mark.parametrize(
    ("shape", "block"),
    [
        ((7,), 3),
        ((7,), None),
        ((), None),
        ((5, 6), (4, 4)),
        ((5, 6), 4),
        ((3, 5, 6), (2, 3)),
        ((3, 5, 6), (2, 2, 2)),
        ((2, 1, 3, 4), (2, 1, 1, 1)),
        ((3, 5, 6), (9, 9, 9)),
        ((0,), None),
        ((3, 0, 5), (2, 2)),
        ((3, 0), None),
    ],
)
@pytest.mark.parametrize("order", "CF")
def test_shapes_and_blocks(shape, block, order):
    rng = np.random.default_rng(0)
    array = np.asarray(rng.integers(0, 100, shape), np.int16, order=order)
    vq = codec(n_codewords=1000, block=block)  # more than there are blocks: nothing is lost
    decoded = vq.decode(vq.encode(array))
    assert decoded.shape == shape
    assert np.array_equal(decoded, array)
    assert decoded.flags.f_contiguous == array.flags.f_contiguous
    out = np.empty_like(array)
    vq.decode(vq.encode(array), out=out)
    assert np.array_equal(out, array)


def test_sizes():
    img = picture()
    for n_codewords, bits in [(1, 1), (2, 1), (3, 2), (100, 7), (200, 8)]:
        vq = codec(n_codewords=n_codewords, block=(4, 4))
        assert len(vq.encode(img)) == 20 + 32 + 16 * n_codewords + 256 * bits // 8 + 4


def test_a_chunk_of_one_value_takes_a_bit_a_block():
    data = codec(block=(4, 4)).encode(np.full((400, 400), 3.5, np.float32))
    assert len(data) == 20 + 32 + 64 + 10_000 // 8 + 4


def test_given_codebook():
    X = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    book = centnn.fit_codebook(X, 32)
    vq = codec(codebook=book)
    data = vq.encode(X)
    assert len(data) == 20 + 24 + 4 + 3000 * 5 // 8 + 4
    assert np.array_equal(vq.decode(data), book.decode(book.encode(X)))
    assert np.array_equal(codec(codebook=book.centers).decode(data), vq.decode(data))
    for other in (codec(), codec(codebook=book.centers + 1), codec(codebook=book.centers[:31])):
        with pytest.raises(ValueError, match=r"encoded chunk has (another|its) codebook"):
            other.decode(data)
    with pytest.raises(ValueError, match=r"codebook must have as many components .* 5, got 4"):
        vq.encode(np.zeros((3, 5)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_codewords": 7, "block": 3, "effort": "best"},
        {"block": (2, 2)},
        {"codebook": np.arange(12.0).reshape(3, 4)},
        {"codebook": np.arange(12, dtype=np.uint8).reshape(3, 4)},
    ],
)
def test_config(options):
    vq = codec(**options)
    config = vq.get_config()
    copy = numcodecs.get_codec(json.loads(json.dumps(config)))
    assert copy == vq
    assert copy.get_config() == config
    assert repr(copy) == repr(vq)
    assert repr(vq).startswith(f"VQ(n_codewords={config['n_codewords']}, block=")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_codewords": 0}, "n_codewords must be an integer from 1 to 16777216, got 0"),
        ({"block": 0}, "block must be a positive integer or several of them, got 0"),
        ({"block": ()}, r"block must be a positive integer or several of them, got \(\)"),
        ({"block": (2, 0)}, r"block must be a positive integer or several of them, got \(2, 0\)"),
        ({"block": 1.5}, r"block must be a positive integer or several of them, got 1\.5"),
        ({"effort": "none"}, "effort must be one of fast, balanced, best, got 'none'"),
        ({"codebook": [1.0]}, "codebook must be a 2-D array"),
        ({"codebook": [[np.nan]]}, "codebook must hold finite numbers only"),
        ({"codebook": "#"}, "codebook must be base64 if it is a string"),
        ({"codebook": "AAAA"}, "codebook file must begin with the magic"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        codec(**options)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([["a", None]], object), "buf must be an array of real numbers .* dtype object"),
        (np.array([["a"]]), "buf must be an array of real numbers .* dtype <U1"),
        (np.ones((2, 2), complex), "buf must be an array of real numbers .* complex128"),
        (np.array(["2020"], "M8[D]"), "buf must be an array of real numbers .* datetime64"),
        (np.array([[1.0, np.nan]]), "buf must hold finite numbers only, got nan"),
        (np.zeros(3), r"block must have at most as many sides as buf has axes, got block=\(2, 2\)"),
    ],
)
def test_bad_arrays(array, message):
    block = (2, 2) if array.ndim == 1 and array.dtype == float else None
    with pytest.raises(ValueError, match=message):
        codec(block=block).encode(array)


def test_every_damage_is_found():
    data = codec(n_codewords=5, block=(2, 2)).encode(picture((8, 8)))
    damaged = [data[:n] for n in range(len(data))] + [data + b"\0"]
    damaged += [data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :] for i in range(len(data))]
    for bad in damaged:
        with pytest.raises(ValueError, match="chunk must"):
            codec().decode(bad)


def test_hostile_chunks_with_good_checksums():
    rng = np.random.default_rng(0)
    data = codec(n_codewords=5, block=(2, 2)).encode(picture((8, 8)))
    for _ in range(5000):
        bad = bytearray(data[:-4])
        for _ in range(rng.integers(1, 5)):
            bad[rng.integers(8, len(bad))] = rng.integers(256)
        try:
            decoded = codec().decode(with_checksum(bad))
        except ValueError:
            continue
        assert decoded.nbytes <= 8 * len(data) * 4 * 8


@pytest.mark.parametrize(
    ("shape", "block", "k", "message"),
    [
        ((1 << 40, 4), (4,), 1, "a chunk must have at most 2147483647 bytes"),
        ((4, 4), (1 << 62,), 1, "a chunk must have at most 2147483647 bytes"),
        ((1 << 63, 1 << 63), (1,), 1, "a chunk must have at most 2147483647 bytes"),
        ((1 << 20, 4), (4,), 1, "encoded chunk must have .* bytes by its header"),
        ((4, 4), (4,), 1 << 31, "encoded chunk must have .* bytes by its header"),
        ((4, 4), (0,), 1, "encoded chunk must not have sides of 0"),
        ((4, 4), (4,), 0, "encoded chunk must not have sides of 0, nor 0 codewords"),
        ((0, 1 << 40), (4,), 0, "a chunk must have at most 2147483647 bytes"),
        ((4,), (4, 4), 1, "encoded chunk must have at most 32 axes, and as many sides"),
        ((1,) * 33, (1,), 1, "encoded chunk must have at most 32 axes"),
    ],
)
def test_sizes_that_cannot_be(shape, block, k, message):
    header = _chunks.HEADER.pack(_chunks.MAGIC, 1, 0, b"|u1", len(shape), len(block), k)
    sizes = np.array([*shape, *block], "<u8").tobytes()
    with pytest.raises(ValueError, match=message):
        codec().decode(with_checksum(header + sizes + b"abcd\0"))


def test_codes_that_are_too_large():
    data = bytearray(codec(n_codewords=3, block=1).encode(np.arange(3, dtype=np.uint8)))
    data[-5] = 0xFF
    with pytest.raises(ValueError, match="encoded chunk must have codes below 3, got 3"):
        codec().decode(with_checksum(data[:-4]))


@pytest.mark.parametrize("order", "CF")
def test_zarr_format_2(order):
    zarr = pytest.importorskip("zarr")
    if not zarr.__version__.startswith("3."):
        pytest.skip("written for Zarr 3")
    img = picture((100, 90))
    store = {}
    options = {"shape": img.shape, "chunks": (32, 32), "dtype": img.dtype, "zarr_format": 2}
    vq = codec(n_codewords=200, block=(2, 2))
    array = zarr.create_array(store, **options, order=order, compressors=vq, fill_value=0)
    array[:] = img
    again = zarr.open_array(store, mode="r")
    assert again.metadata.compressor == vq
    check_zarr(again, img)


def test_zarr_format_3():
    zarr = pytest.importorskip("zarr", minversion="3.0")
    from centnn.zarr import VQCodec

    img = picture((100, 90))
    store = {}
    options = {"shape": img.shape, "chunks": (32, 32), "dtype": img.dtype, "fill_value": 0}
    serializer = VQCodec(n_codewords=200, block=(2, 2))
    array = zarr.create_array(store, **options, serializer=serializer, compressors=None)
    array[:] = img
    metadata = json.loads(store["zarr.json"].to_bytes())
    assert metadata["codecs"][0]["name"] == "numcodecs.centnn_vq"
    again = zarr.open_array(store, mode="r")
    assert again.metadata.codecs[0] == serializer
    check_zarr(again, img)
    key = next(key for key in store if key.startswith("c/"))
    other = codec(block=(2, 2)).encode(np.zeros((16, 16), np.uint8))
    store[key] = zarr.core.buffer.cpu.Buffer.from_bytes(other)
    with pytest.raises(ValueError, match=r"chunk must have shape \(32, 32\) as its array says"):
        again[:]


def check_zarr(array, img):
    decoded = array[:]
    assert decoded.dtype == img.dtype
    assert not np.array_equal(decoded, img)
    assert centnn.psnr(img, decoded) > 30
    assert np.array_equal(array[40:70, 5:9], decoded[40:70, 5:9])


def test_zarr_arrays_of_objects():
    zarr = pytest.importorskip("zarr", minversion="3.0")
    from centnn.zarr import VQCodec

    words = np.array(["a", "b", "c"], dtype=object)
    array = zarr.create_array({}, shape=(3,), dtype=str, zarr_format=2, compressors=codec())
    with pytest.raises(ValueError, match="buf must be an array of numbers, got bytes"):
        array[:] = words
    with pytest.raises(ValueError, match="For string dtype, ArrayBytesCodec must be"):
        zarr.create_array({}, shape=(3,), dtype=str, serializer=VQCodec())
    with pytest.raises(ValueError, match=r"buf must be an array of real numbers .* complex64"):
        zarr.create_array({}, shape=(3,), dtype="complex64", serializer=VQCodec())


@pytest.mark.parametrize("order", ["C", "F"])
def test_decoding_takes_memory_for_little_more_than_the_array(order):
    # It once took 32 bytes a code, of which there may be as many as bytes.
    array = np.asarray(np.arange(1 << 20).reshape(1 << 10, -1) % 3 * 50, np.uint8, order=order)
    vq = codec(n_codewords=3, block=1)
    data = vq.encode(array)
    tracemalloc.start()
    decoded = vq.decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(decoded, array)
    assert peak < 4 * array.nbytes + 64 * _packed.AT_A_TIME
