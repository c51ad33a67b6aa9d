import re

import numpy as np
import pytest
from damage import damaged

import centnn

X4 = np.array([[0.0], [1.0], [9.0], [10.0]])


def test_one_codeword_is_the_mean():
    book = centnn.fit_codebook([[1.0, 2.0], [3.0, 6.0]], 1)
    assert book.centers.tolist() == [[2.0, 4.0]]
    assert book.counts.tolist() == [2.0]
    assert book.inertia == 1 + 1 + 4 + 4


def test_as_many_codewords_as_samples():
    X = np.random.default_rng(0).normal(size=(40, 3))
    book = centnn.fit_codebook(X, 40)
    assert book.inertia == pytest.approx(0, abs=1e-20)
    assert np.array_equal(np.sort(centnn.quantize(X, book)), np.arange(40))


def test_constant_data():
    X = np.full((10, 3), 7, dtype=np.uint8)
    assert centnn.fit_codebook(X, 1).centers.tolist() == [[7.0, 7.0, 7.0]]
    with pytest.raises(ValueError, match="n_clusters=2 with n_samples=10 of which 1 is distinct"):
        centnn.fit_codebook(X, 2)


def test_duplicates_count_once():
    X = np.repeat([[0.0], [1.0], [5.0]], 100, axis=0)
    assert sorted(centnn.fit_codebook(X, 3).centers[:, 0]) == pytest.approx([0, 1, 5])
    with pytest.raises(ValueError, match="n_clusters=4 with n_samples=300 of which 3 are distinct"):
        centnn.fit_codebook(X, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.int64, bool])
def test_every_sample_type_gives_the_codebook_of_float64(dtype):
    X = np.random.default_rng(0).integers(0, 100, size=(300, 3)).astype(dtype)
    k = 2 if dtype is bool else 10
    book = centnn.fit_codebook(X, k)
    # The optimum found need not be the same one: distances are rounded differently.
    assert book.inertia == pytest.approx(centnn.fit_codebook(X * 1.0, k).inertia, rel=0.02)
    assert book.centers.dtype == (np.float64 if X.dtype in (np.int64, bool) else np.float32)
    expected = centnn.fit_codebook(X * 1.0, k, algorithm="classic")
    book = centnn.fit_codebook(X, k, algorithm="classic")
    assert np.array_equal(book.centers, expected.centers)


def test_memory_layout_does_not_matter():
    X = np.random.default_rng(0).normal(size=(300, 4))
    expected = centnn.fit_codebook(X, 10).centers
    wide = np.zeros((600, 8))
    wide[::2, ::2] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    swapped = X.astype(X.dtype.newbyteorder())
    layouts = (np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1], read_only, swapped)
    for layout in (*layouts, X.tolist()):
        assert np.array_equal(centnn.fit_codebook(layout, 10).centers, expected)


def test_the_input_is_not_changed():
    X = np.random.default_rng(0).normal(size=(300, 4))
    before = X.copy()
    centnn.fit_codebook(X, 10)
    assert np.array_equal(X, before)


def test_weights_of_one_change_nothing_and_zero_leaves_out():
    X = np.random.default_rng(0).normal(size=(200, 3))
    plain = centnn.fit_codebook(X, 8)
    assert np.array_equal(
        centnn.fit_codebook(X, 8, sample_weight=np.ones(200)).centers, plain.centers
    )
    extended = np.concatenate([X, X + 100])
    weights = np.repeat([1.0, 0.0], 200)
    weighted = centnn.fit_codebook(extended, 8, sample_weight=weights)
    assert np.array_equal(weighted.centers, plain.centers)
    assert weighted.counts.sum() == 200
    assert weighted.inertia == pytest.approx(plain.inertia)


def test_callback_sees_growth_and_can_stop():
    X = np.random.default_rng(0).normal(size=(200, 3))
    calls = []

    def stop_at_five(epoch, n_codewords, distortion):
        calls.append((epoch, n_codewords, distortion))
        return n_codewords == 5

    book = centnn.fit_codebook(X, 20, callback=stop_at_five, algorithm="classic")
    assert [epoch for epoch, _, _ in calls] == list(range(1, len(calls) + 1))
    assert calls[-1][1] == 5
    assert 4 <= len(book.centers) <= 5
    codes, distances = centnn.quantize(X, book, return_distance=True)
    assert book.inertia == pytest.approx(distances.sum())
    assert np.array_equal(book.counts, np.bincount(codes, minlength=len(book.centers)))


def test_an_exception_in_the_callback_is_passed_on():
    def fail(*_):
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        centnn.fit_codebook(X4, 2, callback=fail)


def test_verbose_prints_growth(capsys):
    centnn.fit_codebook(X4, 3, verbose=1, algorithm="classic")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == ["2", "3"]


def test_encode_and_decode():
    book = centnn.fit_codebook(X4, 2)
    assert np.array_equal(book.encode(X4), centnn.quantize(X4, book))
    assert np.array_equal(book.decode([1, 0]), book.centers[[1, 0]])
    assert "2 codewords of 1 components" in repr(book)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"centers": np.array([[1, 2], [3, 4]])},
            "centers must be an ndarray of shape (K, D) and dtype float32 or float64, "
            "got shape (2, 2) and dtype int64",
        ),
        ({"centers": np.ones((2, 2), np.float16)}, "got shape (2, 2) and dtype float16"),
        ({"centers": np.ones((2, 2), ">f8")}, "got shape (2, 2) and dtype >f8"),
        ({"centers": np.ones(2)}, "got shape (2,) and dtype float64"),
        ({"centers": [[1.0, 2.0], [3.0, 4.0]]}, "got list"),
        (
            {"counts": np.ones(3)},
            "counts must be an ndarray of shape (2,) and dtype float64, got shape (3,)",
        ),
        ({"counts": np.ones(2, np.int64)}, "got shape (2,) and dtype int64"),
        (
            {"history": np.zeros((0, 3))},
            "history must be an ndarray of shape (n_iter, 2) and dtype float64, got shape (0, 3)",
        ),
    ],
)
def test_arrays_that_a_file_cannot_hold(changed, message):
    """Integers were saved as they were, and read as floats."""
    fields = {
        "centers": np.ones((2, 2)),
        "counts": np.ones(2),
        "inertia": 0.0,
        "n_iter": 0,
        "history": np.zeros((0, 2)),
    }
    centnn.Codebook(**fields)
    with pytest.raises(ValueError, match=re.escape(message)):
        centnn.Codebook(**fields | changed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_save_and_load(tmp_path, dtype):
    book = centnn.fit_codebook(np.random.default_rng(0).normal(size=(100, 3)), 7)
    book = centnn.Codebook(**{**vars(book), "centers": book.centers.astype(dtype)})
    path = tmp_path / "book"
    book.save(path)
    loaded = centnn.Codebook.load(path)
    for name, value in vars(book).items():
        assert np.array_equal(getattr(loaded, name), value), name
    assert loaded.centers.dtype == dtype
    assert [file.name for file in tmp_path.iterdir()] == ["book"]


def test_a_damaged_book_is_refused(tmp_path):
    path = tmp_path / "book"
    centnn.fit_codebook(X4, 2).save(path)
    for bad in damaged(path.read_bytes()):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="codebook file must"):
            centnn.Codebook.load(path)


def test_saving_where_nothing_can_be_written(tmp_path):
    with pytest.raises(OSError, match="missing"):
        centnn.fit_codebook(X4, 2).save(tmp_path / "missing" / "book")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], r"X must be a 2-D array .* got shape \(0,\)"),
        (np.empty((0, 3)), r"X must be a 2-D array .* got shape \(0, 3\)"),
        (np.empty((3, 0)), r"X must be a 2-D array .* got shape \(3, 0\)"),
        ([1.0, 2.0], r"X must be a 2-D array .* got shape \(2,\)"),
        (np.zeros((2, 2, 2)), r"X must be a 2-D array .* got shape \(2, 2, 2\)"),
        ([[1.0], [np.nan]], "X must hold finite numbers only, got nan in row 1, column 0"),
        ([[1.0, np.inf]], "X must hold finite numbers only, got inf in row 0, column 1"),
        (np.array([[1.0], [-np.inf]], np.float16), "X must hold finite numbers only, got -inf"),
        ([["a"]], "X must be an array of real numbers"),
        ([[1j]], "X must be an array of real numbers, got dtype complex128"),
        ([[1.0], [1.0, 2.0]], "X must be an array of real numbers"),
    ],
)
def test_bad_samples(X, message):
    with pytest.raises(ValueError, match=message):
        centnn.fit_codebook(X, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be an integer of at least 1, got 0"),
        ({"n_clusters": 2.0}, r"n_clusters must be an integer of at least 1, got 2\.0"),
        ({"n_clusters": True}, "n_clusters must be an integer of at least 1, got True"),
        ({"n_clusters": 5}, "n_clusters=5 with n_samples=4 of which 4 are distinct"),
        ({"algorithm": "kmeans"}, "algorithm must be one of local, classic, entropy, group, got"),
        ({"effort": "some"}, "effort must be one of fast, balanced, best, got 'some'"),
        ({"rate_weight": -1}, "rate_weight must be a finite number of at least 0, got -1"),
        ({"rate_weight": "1"}, "rate_weight must be a finite number of at least 0, got '1'"),
        (
            {"rate_weight": 1, "algorithm": "classic"},
            "rate_weight must be 0 unless algorithm is 'local', got 1.0 with 'classic'",
        ),
        ({"fixed": [1.0]}, r"fixed must be a 2-D array .* got shape \(1,\)"),
        (
            {"fixed": [[1.0], [2.0], [3.0]]},
            r"fixed must have shape \(F, D\), F at most n_clusters, 2, and D 1, got shape \(3, 1\)",
        ),
        (
            {"fixed": [[1.0], [1.0]]},
            "fixed must hold codewords that are distinct in float64, got 2 with equal ones",
        ),
        (
            {"fixed": [[1.0]], "algorithm": "group"},
            "fixed must be None unless algorithm is 'local', got 'group'",
        ),
        (
            {"fixed": [[1.0]], "rate_weight": 1},
            "fixed must be None where init or rate_weight is given, got fixed and rate_weight",
        ),
        (
            {"fixed": [[1.0]], "init": [[1.0], [2.0]]},
            "fixed must be None where init or rate_weight is given, got fixed and init",
        ),
        ({"callback": 3}, "callback must be a function or None, got 3"),
        ({"verbose": "no"}, "verbose must be an integer of at least 0, got 'no'"),
        ({"verbose": -1}, "verbose must be an integer of at least 0, got -1"),
        ({"algorithm": np.array(["local", "group"])}, "algorithm must be one of local, classic"),
        ({"effort": None}, "effort must be one of fast, balanced, best, got None"),
        ({"rate_weight": None}, "rate_weight must be a finite number of at least 0, got None"),
        (
            {"init": [[1.0]]},
            r"init must have shape \(n_clusters, D\), \(2, 1\), got shape \(1, 1\)",
        ),
        ({"init": [[1.0], [np.nan]]}, "init must hold finite numbers only, got nan in row 1"),
        (
            {"init": [[1.0], [2.0]], "algorithm": "entropy"},
            "init must be None unless algorithm is 'local' or 'classic', got algorithm='entropy'",
        ),
        ({"n_threads": 0}, "n_threads must be an integer of at least 1, got 0"),
        (
            {"sample_weight": [1.0, 2.0]},
            r"sample_weight must have shape \(4,\), .* got shape \(2,\)",
        ),
        ({"sample_weight": [1, 1, 1, -1]}, "sample_weight must be finite, at least 0"),
        ({"sample_weight": [1, 1, 1, np.nan]}, "sample_weight must be finite, at least 0"),
        ({"sample_weight": [0, 0, 0, 0]}, "sample_weight must be finite, at least 0"),
        ({"sample_weight": [1, 0, 0, 0]}, "n_clusters=2 with n_samples=1 of which 1 is distinct"),
    ],
)
def test_bad_options(options, message):
    options = {"n_clusters": 2, **options}
    with pytest.raises(ValueError, match=message):
        centnn.fit_codebook(X4, **options)
