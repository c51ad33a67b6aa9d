import numpy as np
import pytest

from centnn.image import _rans
from centnn.image.integers import DECAYS, LIMIT, Reader, Writer


def encoded(symbols, table):
    starts = table.starts[symbols]
    return _rans.encode(starts, table.starts[np.asarray(symbols) + 1] - starts)


def test_by_hand():
    table = _rans.Table([1, 1])
    # Two halves of 2**20 slots; the state 2**31 has room for the first symbol without a word.
    assert table.starts.tolist() == [0, 2**19, 2**20]
    # 2**31 // 2**19 * 2**20 + 2**19: the symbol 1 doubles the state and adds its interval's start.
    assert encoded([1], table) == ((1 << 32) + (1 << 19)).to_bytes(8, "little")


def test_tables():
    table = _rans.Table([0, 3, 1, 0])
    assert table.starts.tolist() == [0, 1, 786431, 1048575, 1048576]


@pytest.mark.parametrize("n", [1, 2, 3, 255, 256, 257, 5000, 65536])
def test_round_trip(n):
    rng = np.random.default_rng(n)
    weights = (rng.random(n) ** 8 * _rans.MAX_WEIGHT).astype(np.uint32)
    weights[rng.integers(n)] = _rans.MAX_WEIGHT
    table = _rans.Table(weights)
    probable = rng.choice(n, 1000, p=weights / weights.sum())
    symbols = np.concatenate([probable, rng.integers(0, n, 100), [0, n - 1]])
    stream = _rans.Decoder(encoded(symbols, table))
    assert np.array_equal(stream.pull(900, table), symbols[:900])
    assert np.array_equal(stream.pull(len(symbols) - 900, table), symbols[900:])
    stream.close()


def test_the_length_is_that_of_the_information():
    rng = np.random.default_rng(0)
    weights = np.array([1, 10, 100, 1000, 10000])
    probabilities = weights / weights.sum()
    symbols = rng.choice(5, 100_000, p=probabilities)
    bits = -np.log2(probabilities)[symbols].sum()
    assert 8 * len(encoded(symbols, _rans.Table(weights))) == pytest.approx(bits, rel=0.002)


def test_streams_that_cannot_be():
    table = _rans.Table([1, 1])
    data = encoded(np.ones(200, int), table)
    for wrong in (b"", data[:4], data[:9], bytes(8), b"\xff" * 8):
        with pytest.raises(ValueError, match="data is corrupted"):
            _rans.Decoder(wrong)
    with pytest.raises(ValueError, match="ends too early"):
        _rans.Decoder(data[:-4]).pull(200, table)
    stream = _rans.Decoder(data)
    stream.pull(199, table)
    with pytest.raises(ValueError, match="does not end where it should"):
        stream.close()


LISTS = {
    "none": [],
    "zeros": [0] * 20,
    "ones": [1] * 20,
    "around the escape": list(range(240, 270)),
    "large": [0, 5, LIMIT - 1, 7, 1000, 70000],
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("sign", [0, 1, -1])
def test_lists(name, sign):
    values = np.array(LISTS[name], np.int64) * (sign or 1) // (2 if sign else 1)
    writer = Writer()
    writer.write(values, signed=sign != 0)
    writer.write(np.array([3]), signed=False)
    reader = Reader(writer.to_bytes())
    assert np.array_equal(reader.read(len(values), signed=sign != 0), values)
    assert reader.read(1, signed=False).tolist() == [3]
    reader.close()


@pytest.mark.parametrize("spread", [0.3, 1, 3, 10, 30])
def test_lists_are_short(spread):
    rng = np.random.default_rng(0)
    values = np.rint(rng.laplace(0, spread, 10_000)).astype(np.int64)
    counts = np.unique(values, return_counts=True)[1] / len(values)
    writer = Writer()
    writer.write(values, signed=True)
    entropy = -(counts * np.log2(counts)).sum()
    assert 8 * len(writer.to_bytes()) / len(values) < entropy + (0.1 if spread < 20 else 0.5)


def test_decays():
    assert [int(65536 * 2 ** -(2 ** (2 - i / 2))) for i in range(20)] == list(DECAYS)
