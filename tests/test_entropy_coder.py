import numpy as np
import pytest
import reference_cvq

from centnn.image import _rans
from centnn.image._lists import DECAYS
from centnn.image.integers import LIMIT, Reader, Writer


def encoded(symbols, table):
    starts = table.starts[symbols]
    return _rans.encode(starts, table.starts[np.asarray(symbols) + 1] - starts)


def decoded(data, tables):
    """Return the symbols, by the definition of FORMAT.md."""
    stream = reference_cvq.Stream(data)
    symbols = [stream.symbol(table.starts.tolist()) for table in tables]
    stream.end()
    return symbols


def test_by_hand():
    table = _rans.Table([1 << 16, 1 << 16])
    # Two halves of 2**20 slots; the state 2**31 has room for the first symbol without a word.
    assert table.starts.tolist() == [0, 2**19, 2**20]
    # 2**31 // 2**19 * 2**20 + 2**19: the symbol 1 doubles the state and adds its interval's start.
    assert encoded([1], table) == ((1 << 32) + (1 << 19)).to_bytes(8, "little")


def test_tables():
    # 2**20 - 4 slots are divided as 3 : 1, rounded down; the last symbol gets what is left.
    table = _rans.Table([0, 1 << 16, (1 << 16) // 3, 0])
    assert table.starts.tolist() == [0, 1, 786434, 1048575, 1048576]


@pytest.mark.parametrize("n", [1, 2, 3, 255, 256, 257, 5000, 65536])
def test_decodes_by_definition(n):
    rng = np.random.default_rng(n)
    weights = (rng.random(n) ** 8 * _rans.MAX_WEIGHT).astype(np.uint32)
    weights[rng.integers(n)] = _rans.MAX_WEIGHT
    table = _rans.Table(weights)
    assert (np.diff(table.starts.astype(np.int64)) > 0).all()
    probable = rng.choice(n, 60, p=weights / weights.sum())
    symbols = np.concatenate([probable, rng.integers(0, n, 10), [0, n - 1]])
    assert decoded(encoded(symbols, table), [table] * len(symbols)) == symbols.tolist()


def test_each_symbol_has_a_table_of_its_own():
    rng = np.random.default_rng(0)
    tables = [_rans.Table(np.append(rng.integers(0, 1 << 16, 30), 1 << 16)) for _ in range(300)]
    symbols = rng.integers(0, 31, 300)
    starts = np.array([t.starts[s] for t, s in zip(tables, symbols, strict=True)])
    ends = np.array([t.starts[s + 1] for t, s in zip(tables, symbols, strict=True)])
    assert decoded(_rans.encode(starts, ends - starts), tables) == symbols.tolist()


def test_the_length_is_that_of_the_information():
    rng = np.random.default_rng(0)
    weights = np.array([1, 10, 100, 1000, 10000]) * 6
    weights[-1] = 1 << 16
    probabilities = weights / weights.sum()
    symbols = rng.choice(5, 100_000, p=probabilities)
    bits = -np.log2(probabilities)[symbols].sum()
    assert 8 * len(encoded(symbols, _rans.Table(weights))) == pytest.approx(bits, rel=0.002)


@pytest.mark.parametrize("n_states", [1, 4])
def test_streams_that_cannot_be(n_states):
    writer = Writer()
    writer.write(np.arange(200), signs=False)
    data = writer.to_bytes(n_states)
    for wrong in (b"", data[:4], data[: 8 * n_states - 4], data[:-1], bytes(40), b"\xff" * 40):
        with pytest.raises(ValueError, match="data is corrupted"):
            Reader(wrong, n_states)
    with pytest.raises(ValueError, match="ends too early"):
        Reader(data[:-4], n_states).read(1, 200, signs=False)
    reader = Reader(data, n_states)
    reader.read(1, 199, signs=False)
    with pytest.raises(ValueError, match="does not end where it should"):
        reader.close()


LISTS = {
    "none": [],
    "zeros": [0] * 20,
    "ones": [1] * 20,
    "around the escape": list(range(240, 270)),
    "large": [0, 5, LIMIT - 1, 7, 1000, 70000],
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("sign", [0, 1, -1])
@pytest.mark.parametrize("n_states", [1, 4])
def test_lists(name, sign, n_states):
    values = np.array(LISTS[name], np.int64) * (sign or 1) // (2 if sign else 1)
    writer = Writer()
    writer.write(values, signs=sign != 0)
    writer.write(values[::-1], signs=sign != 0)
    writer.write(np.array([3]), signs=False)
    data = writer.to_bytes(n_states)
    reader = Reader(data, n_states)
    lists = reader.read(2, len(values), signs=sign != 0)
    assert np.array_equal(lists, [values, values[::-1]])
    assert reader.read(1, 1, signs=False).tolist() == [[3]]
    reader.close()
    stream = reference_cvq.Stream(data, n_states)
    assert stream.integers(len(values), sign != 0) == values.tolist()


@pytest.mark.parametrize("spread", [0.3, 1, 3, 10, 30])
def test_lists_are_short(spread):
    rng = np.random.default_rng(0)
    values = np.rint(rng.laplace(0, spread, 10_000)).astype(np.int64)
    counts = np.unique(values, return_counts=True)[1] / len(values)
    writer = Writer()
    writer.write(values, signs=True)
    entropy = -(counts * np.log2(counts)).sum()
    assert 8 * len(writer.to_bytes()) / len(values) < entropy + (0.1 if spread < 20 else 0.5)


def test_decays():
    assert [int(65536 * 2 ** -(2 ** (2 - i / 2))) for i in range(20)] == list(DECAYS)
