"""The product quantizer: training, codes, tables, and the scan on every instruction set."""

import pickle
import sys

import numpy as np
import pytest
from ctrl_c import needs_signals, pressed
from damage import damaged

import centnn
from centnn import _productfile, _search

X4 = np.array([[0, 0], [0, 8], [5, 0], [5, 8]], np.float32)


def quantizer_of(codewords):
    """Return a product quantizer with given codewords (m, K, D / m), not trained."""
    m, k, _ = codewords.shape
    pq = centnn.ProductQuantizer(m, k)
    pq.codebooks_ = tuple(
        centnn.Codebook(part, np.zeros(k), 0.0, 0, np.empty((0, 2))) for part in codewords
    )
    return pq


def random_quantizer(rng, m, k, d, dtype=np.float32):
    return quantizer_of((100 * rng.random((m, k, d))).astype(dtype))


def true_tables(pq, queries):
    """Return the distance tables by their definition, in float64."""
    codewords = pq.codewords_.astype(np.float64)
    m, _, d = codewords.shape
    parts = queries.astype(np.float64).reshape(len(queries), m, 1, d)
    return ((parts - codewords) ** 2).sum(axis=3)


def true_search(tables, codes, n_nearest):
    """Return what a scan of codes gives by its definition, in the tables' precision."""
    distances = np.zeros((len(tables), len(codes)), tables.dtype)
    for part in range(tables.shape[1]):
        distances += tables[:, part, codes[:, part]]
    order = np.argsort(distances, axis=1, kind="stable")[:, :n_nearest]
    return np.take_along_axis(distances, order, 1), order


def assert_same_bits(one, other):
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


@pytest.fixture(params=_search.available_isas())
def isa(request):
    """Run a test on each instruction set."""
    before = _search.isa()
    _search.set_isa(request.param)
    yield request.param
    _search.set_isa(before)


def test_by_hand():
    pq = quantizer_of(np.array([[[0, 0], [3, 4]], [[1, 0], [0, 2]]], np.float32))
    codes = pq.encode([[0, 1, 0, 3], [3, 3, 1, 1], [1, 1, 1, 0]])
    assert codes.tolist() == [[0, 1], [1, 0], [0, 0]]
    assert codes.dtype == np.uint8
    assert pq.decode(codes).tolist() == [[0, 0, 0, 2], [3, 4, 1, 0], [0, 0, 1, 0]]
    query = np.array([[3, 4, 0, 0]], np.float32)
    assert pq.distance_tables(query).tolist() == [[[25, 0], [1, 4]]]
    distances, indices = pq.search(query, codes, n_nearest=3)
    assert distances.tolist() == [[1, 26, 29]]
    assert indices.tolist() == [[1, 2, 0]]
    assert (distances.dtype, indices.dtype) == (np.float32, np.intp)


def test_training_by_hand():
    pq = centnn.ProductQuantizer(2, 2).fit(X4)
    assert sorted(pq.codewords_[0, :, 0]) == [0, 5]
    assert sorted(pq.codewords_[1, :, 0]) == [0, 8]
    assert pq.inertia_ == 0
    assert pq.n_features_in_ == 2
    assert np.array_equal(pq.decode(pq.encode(X4)), X4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_each_part_has_a_codebook_of_its_own(dtype):
    X = np.random.default_rng(0).integers(0, 200, (600, 12)).astype(dtype)
    pq = centnn.ProductQuantizer(3, 20).fit(X)
    assert pq.codewords_.shape == (3, 20, 4)
    assert pq.codewords_.dtype == (np.float64 if dtype == np.float64 else np.float32)
    codes = pq.encode(X)
    for part in range(3):
        columns = X[:, 4 * part : 4 * part + 4]
        book = pq.codebooks_[part]
        assert np.array_equal(codes[:, part], centnn.quantize(columns, book))
        assert book.counts.sum() == 600
        # Training ends near the point where each codeword is the mean of what is nearest to it.
        assert abs(book.counts - np.bincount(codes[:, part], minlength=20)).max() <= 2
        error = ((columns - book.decode(codes[:, part])) ** 2).sum()
        assert book.inertia == pytest.approx(error, rel=0.02)
    assert pq.inertia_ == sum(book.inertia for book in pq.codebooks_)
    error = ((X - pq.decode(codes).astype(np.float64)) ** 2).sum()
    assert pq.inertia_ == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("effort", ["fast", "balanced", "best"])
def test_threads_change_nothing(effort):
    X = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    fitted = [
        centnn.ProductQuantizer(4, 30, effort=effort, n_threads=n).fit(X) for n in (1, 2, 3, 9)
    ]
    for other in fitted[1:]:
        assert_same_bits([fitted[0].codewords_], [other.codewords_])


def test_more_effort_gives_less_error():
    X = np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32)
    fast, balanced = (
        centnn.ProductQuantizer(2, 64, effort=effort).fit(X).inertia_
        for effort in ("fast", "balanced")
    )
    assert balanced < fast


def test_weights():
    X = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    plain = centnn.ProductQuantizer(2, 16).fit(X)
    extended, weights = np.concatenate([X + 50, X]), np.repeat([0.0, 1.0], 500)
    assert_same_bits(
        [centnn.ProductQuantizer(2, 16).fit(extended, sample_weight=weights).codewords_],
        [plain.codewords_],
    )


def test_a_part_with_few_distinct_vectors():
    X = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    X[:, 2:4] = np.round(X[:, 2:4] > 0)
    X[:, 4:] = 7
    pq = centnn.ProductQuantizer(3, 32).fit(X)
    assert pq.codewords_.shape == (3, 32, 2)
    codes = pq.encode(X)
    assert codes.max(axis=0).tolist() == [31, 3, 0]
    assert np.array_equal(pq.decode(codes)[:, 2:], X[:, 2:])
    assert pq.codebooks_[2].counts.tolist() == [300] + [0] * 31


def test_more_than_256_codewords_take_two_bytes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4)).astype(np.float32)
    pq = centnn.ProductQuantizer(2, 300).fit(X)
    codes = pq.encode(X)
    assert codes.dtype == np.uint16
    assert codes.max() > 255
    expected = true_search(pq.distance_tables(X[:5]), codes, 4)
    assert_same_bits(pq.search(X[:5], codes, 4), expected)


def test_verbose_prints_each_part(capsys):
    centnn.ProductQuantizer(2, 2, verbose=1, n_threads=1).fit(X4)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["part 1 of 2", "part 2 of 2"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "k", "d"), [(1, 1, 1), (3, 5, 2), (8, 256, 16), (2, 17, 33)])
def test_tables(isa, m, k, d, dtype):
    rng = np.random.default_rng(0)
    pq = random_quantizer(rng, m, k, d, dtype)
    queries = (100 * rng.random((9, m * d))).astype(dtype)
    tables = pq.distance_tables(queries)
    assert tables.dtype == dtype
    np.testing.assert_allclose(tables, true_tables(pq, queries), rtol=1e-5)
    _search.set_isa("scalar")
    assert_same_bits([pq.distance_tables(queries)], [tables])


# Queries below, at and beyond the lanes of the kernels; codes for one piece and for several.
@pytest.mark.parametrize("n_queries", [1, 2, 3, 5, 15, 16, 17, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_codes", [1, 2, 700])
def test_search(isa, n_codes, n_queries, dtype):
    rng = np.random.default_rng(1)
    pq = random_quantizer(rng, 4, 50, 3, dtype)
    codes = rng.integers(0, 50, (n_codes, 4)).astype(np.uint8)
    queries = (100 * rng.random((n_queries, 12))).astype(dtype)
    for n_nearest in {1, min(10, n_codes), n_codes}:
        expected = true_search(pq.distance_tables(queries), codes, n_nearest)
        assert_same_bits(pq.search(queries, codes, n_nearest), expected)


@pytest.mark.parametrize(("m", "k"), [(1, 256), (3, 7), (8, 256), (16, 16), (5, 300), (4, 8192)])
def test_search_of_many_shapes(isa, m, k):
    rng = np.random.default_rng(2)
    pq = random_quantizer(rng, m, k, 2)
    codes = rng.integers(0, k, (300, m)).astype(np.uint8 if k <= 256 else np.uint16)
    queries = (100 * rng.random((20, 2 * m))).astype(np.float32)
    expected = true_search(pq.distance_tables(queries), codes, 5)
    assert_same_bits(pq.search(queries, codes, 5), expected)


@pytest.mark.parametrize("n_queries", [1, 3, 50])
def test_search_in_pieces_at_any_number_of_threads(n_queries):
    rng = np.random.default_rng(3)
    pq = random_quantizer(rng, 2, 16, 2)  # many ties: 256 codes
    codes = rng.integers(0, 16, (100_000, 2)).astype(np.uint8)
    queries = (100 * rng.random((n_queries, 4))).astype(np.float32)
    expected = true_search(pq.distance_tables(queries), codes, 1000)
    for n_threads in (1, 2, 5):
        pq.n_threads = n_threads
        assert_same_bits(pq.search(queries, codes, 1000), expected)


def test_ties_go_to_the_lowest_index(isa):
    pq = quantizer_of(np.array([[[0], [2], [2]]], np.float32))
    codes = np.array([[0], [2], [1], [2], [0]])
    for n_queries in (1, 6):
        queries = np.ones((n_queries, 1), np.float32)
        assert pq.search(queries, codes, 5)[1].tolist() == [[0, 1, 2, 3, 4]] * n_queries
        assert pq.search(queries, codes, 2)[1].tolist() == [[0, 1]] * n_queries


def test_distances_that_overflow(isa):
    pq = quantizer_of(np.array([[[1e30], [-1e30], [0]]], np.float32))
    queries = np.array([[0], [3e30], [1]], np.float32)
    distances, indices = pq.search(queries, [[0], [1], [2]], 3)
    assert indices.tolist() == [[2, 0, 1], [0, 1, 2], [2, 0, 1]]
    assert distances[1].tolist() == [np.inf] * 3


def test_layouts_and_types_of_what_is_searched():
    rng = np.random.default_rng(4)
    pq = random_quantizer(rng, 4, 50, 2)
    queries = rng.integers(0, 100, (7, 8))
    codes = rng.integers(0, 50, (90, 4))
    distances, indices = pq.search(queries.astype(np.float32), codes.astype(np.uint8), 3)
    for kind in (np.uint8, np.float16):
        assert_same_bits(pq.search(queries.astype(kind), codes, 3), (distances, indices))
    wide = np.zeros((14, 16), np.float32)
    wide[::2, ::2] = queries
    strided = pq.search(wide[::2, ::2], np.asfortranarray(codes.astype(np.uint8)), 3)
    assert_same_bits(strided, (distances, indices))
    doubled = pq.search(queries.tolist(), codes.tolist(), 3)
    assert doubled[0].dtype == np.float64
    assert np.array_equal(doubled[1], indices)


def test_no_queries_and_no_vectors():
    pq = quantizer_of(np.array([[[0], [2]], [[0], [1]]], np.float32))
    none = np.empty((0, 2), np.float32)
    assert pq.encode(none).shape == (0, 2)
    assert pq.decode(np.empty((0, 2), np.uint8)).shape == (0, 2)
    assert pq.distance_tables(none).shape == (0, 2, 2)
    distances, indices = pq.search(none, [[0, 1]])
    assert (distances.shape, indices.shape) == ((0, 1), (0, 1))


def test_save_load_and_pickle(tmp_path):
    X = np.random.default_rng(0).normal(size=(200, 6))
    pq = centnn.ProductQuantizer(3, 9).fit(X)
    path = tmp_path / "pq"
    pq.save(path)
    for copy in (centnn.ProductQuantizer.load(path), pickle.loads(pickle.dumps(pq))):
        assert (copy.m, copy.n_codewords) == (3, 9)
        assert repr(copy) == repr(pq)
        assert np.array_equal(copy.encode(X), pq.encode(X))
        for book, expected in zip(copy.codebooks_, pq.codebooks_, strict=True):
            for name, value in vars(expected).items():
                assert np.array_equal(getattr(book, name), value), name
    assert [file.name for file in tmp_path.iterdir()] == ["pq"]


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "pq"
    centnn.ProductQuantizer(2, 2).fit(X4).save(path)
    for bad in damaged(path.read_bytes()):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="product quantizer file must"):
            centnn.ProductQuantizer.load(path)


@pytest.mark.parametrize(
    ("shapes", "fill", "message"),
    [
        ([], 0, "codebooks of one shape and type, none of them empty"),
        ([(2, 3), (2, 4)], 0, "codebooks of one shape and type, none of them empty"),
        ([(0, 3), (0, 3)], 0, "codebooks of one shape and type, none of them empty"),
        ([(2, 0)], 0, "codebooks of one shape and type, none of them empty"),
        ([(65537, 1)], 0, "at most 65536 codewords a codebook, got 65537"),
        ([(2, 3)], np.nan, "finite codewords only"),
    ],
)
def test_files_that_are_whole_but_wrong(shapes, fill, message, tmp_path):
    books = [
        {
            "centers": np.full(shape, fill, np.float32),
            "counts": np.zeros(shape[0]),
            "inertia": 0.0,
            "n_iter": 0,
            "history": np.empty((0, 2)),
        }
        for shape in shapes
    ]
    (tmp_path / "pq").write_bytes(_productfile.pack(books))
    with pytest.raises(ValueError, match=f"product quantizer file must hold {message}"):
        centnn.ProductQuantizer.load(tmp_path / "pq")


def test_a_codebook_is_no_product_quantizer(tmp_path):
    path = tmp_path / "book"
    centnn.fit_codebook(X4, 2).save(path)
    with pytest.raises(ValueError, match="product quantizer file must begin with its magic"):
        centnn.ProductQuantizer.load(path)
    centnn.ProductQuantizer(2, 2).fit(X4).save(path)
    with pytest.raises(ValueError, match="codebook file must begin with the magic"):
        centnn.Codebook.load(path)


def test_repr():
    pq = centnn.ProductQuantizer(2, n_codewords=2)
    assert repr(pq) == "<ProductQuantizer, m=2, n_codewords=2, not fitted>"
    assert repr(pq.fit(X4)) == (
        "<ProductQuantizer of 2 codebooks of 2 codewords of 1 components, float32, inertia 0>"
    )


@needs_signals
@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_ends_training_within_a_second(n_threads):
    X = np.random.default_rng(0).normal(size=(200_000, 32)).astype(np.float32)
    with pressed(after=0.3, within=1):
        centnn.ProductQuantizer(2, 2000, effort="best", n_threads=n_threads).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"m": 0}, "m must be an integer of at least 1, got 0"),
        ({"m": 2.0}, r"m must be an integer of at least 1, got 2\.0"),
        ({"m": 3}, "m must divide the number of features, got m=3 with n_features=2"),
        ({"n_codewords": 0}, "n_codewords must be an integer from 1 to 65536, got 0"),
        ({"n_codewords": 65537}, "n_codewords must be an integer from 1 to 65536, got 65537"),
        (
            {"n_codewords": 5},
            "n_codewords must be at most the number of samples, got n_codewords=5 with n_samples=4",
        ),
        ({"effort": "some"}, "effort must be one of fast, balanced, best, got 'some'"),
        ({"n_threads": 0}, "n_threads must be an integer of at least 1, got 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        centnn.ProductQuantizer(**{"m": 2, "n_codewords": 2, **options}).fit(X4)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1.0, 2.0], r"X must be a 2-D array .* got shape \(2,\)"),
        (np.empty((0, 2)), r"X must be a 2-D array .* got shape \(0, 2\)"),
        ([[1.0, np.nan], [0, 0]], "X must hold finite numbers only, got nan in row 0, column 1"),
        (np.array([["a", "b"]], object), "X must be an array of real numbers"),
    ],
)
def test_bad_samples(X, message):
    with pytest.raises(ValueError, match=message):
        centnn.ProductQuantizer(2, 1).fit(X)


@pytest.mark.parametrize("call", ["encode", "decode", "distance_tables", "codewords_", "save"])
def test_not_fitted(call, tmp_path):
    pq = centnn.ProductQuantizer(2, 2)
    with pytest.raises(ValueError, match="This ProductQuantizer instance is not fitted yet"):
        getattr(pq, call)(tmp_path / "pq" if call == "save" else [[0, 0]])


@pytest.mark.parametrize("has_sklearn", [True, False])
def test_nothing_of_fit_is_there_before(has_sklearn, monkeypatch):
    if not has_sklearn:
        monkeypatch.setitem(sys.modules, "sklearn.exceptions", None)
    pq = centnn.ProductQuantizer(2, 2)
    for name in ("codebooks_", "codewords_", "inertia_", "n_features_in_"):
        assert not hasattr(pq, name)
        assert hasattr(centnn.ProductQuantizer(2, 2).fit(X4), name)
    with pytest.raises(ValueError, match="This ProductQuantizer instance is not fitted yet"):
        pq.encode(X4)


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("encode", [[[1, 2, 3]]], "X has 3 features, but ProductQuantizer is expecting 2 features"),
        ("encode", [[[0, np.nan]]], "X must hold finite numbers only, got nan in row 0, column 1"),
        ("distance_tables", [[[0]]], "queries has 1 features, but ProductQuantizer is expecting 2"),
        ("distance_tables", [[[np.inf, 0]]], "queries must hold finite numbers only, got inf"),
        ("search", [[[np.nan, 0]], [[0, 0]]], "queries must hold finite numbers only, got nan"),
        ("search", [[[0, 0]], [[0, 2]]], "codes must be from 0 to 1, .* got values from 0 to 2"),
        ("search", [[[0, 0]], [[-1, 0]]], "codes must be from 0 to 1, .* got values from -1 to 0"),
        ("search", [[[0, 0]], [[0]]], r"codes must be an array of integers of shape \(N, 2\), got"),
        ("search", [[[0, 0]], [[0.0, 1.0]]], "codes must be an array of integers .* dtype float64"),
        ("search", [[[0, 0]], np.empty((0, 2), int)], "codes must have 1 to 4294967295 rows, got"),
        ("search", [[[0, 0]], [[0, 0]], 2], "n_nearest must be an integer from 1 to 1, got 2"),
        ("search", [[[0, 0]], [[0, 0]], 0], "n_nearest must be an integer from 1 to 1, got 0"),
        ("decode", [[[0, 2]]], "codes must be from 0 to 1, .* got values from 0 to 2"),
        ("decode", [[0, 1]], r"codes must be an array of integers of shape \(N, 2\), got shape"),
    ],
)
def test_bad_arguments(call, arguments, message):
    pq = centnn.ProductQuantizer(2, 2).fit(X4)
    with pytest.raises(ValueError, match=message):
        getattr(pq, call)(*arguments)
