"""The product quantizer: vectors in parts, each with a codebook, and search among their codes."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _features, _options, _product, _product_training, _productfile, _validation
from centnn._base import NotFittedError, Parameters
from centnn._error import total
from centnn._files import write_atomically
from centnn._productfile import MOST_CODEWORDS
from centnn.codebook import Codebook
from centnn.quantizer import as_bytes, code_type, dequantize, quantize

if TYPE_CHECKING:
    import faiss

__all__ = ["ProductQuantizer"]

Array = NDArray[Any]

# Codes are numbered by 32 bits in a search.
MOST_CODES = (1 << 32) - 1

# The distance tables' codewords come in groups of so many.
PANEL = 16


class ProductQuantizer(Parameters):
    """Vectors cut into m parts, each quantized with a codebook of its own.

    A vector becomes m small numbers: 8 bytes for 128 components, say, with m = 8. Distances of
    queries from vectors are then sums of m numbers that are looked up in tables [1]_.

    Parameters
    ----------
    m : int, default 8
        Parts of a vector. The number of features must be a multiple of it.
    n_codewords : int, default 256
        Codewords of each part, 65,536 at most: up to 256, a code takes one byte for each part,
        beyond that, two.
    effort : {"fast", "balanced", "best"}, default "fast"
        How long to train. Each takes a few times as long as the one before, for an error that is
        lower by less than a percent.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. No result depends on it.
    verbose : int, default 0
        1 prints a line for each part that has been trained.

    Attributes
    ----------
    codebooks_ : tuple of Codebook
        The codebook of each part.
    n_features_in_ : int
        Features seen by `fit`.

    References
    ----------
    .. [1] H. Jégou, M. Douze and C. Schmid, "Product quantization for nearest neighbor search",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 33(1), 117-128, 2011.

    Examples
    --------
    >>> import centnn
    >>> import numpy as np
    >>> X = np.array([[0, 0], [0, 8], [5, 0], [5, 8]], np.float32)
    >>> pq = centnn.ProductQuantizer(m=2, n_codewords=2).fit(X)
    >>> codes = pq.encode(X)
    >>> codes.shape, codes.dtype
    ((4, 2), dtype('uint8'))
    >>> pq.decode(codes).tolist()
    [[0.0, 0.0], [0.0, 8.0], [5.0, 0.0], [5.0, 8.0]]
    >>> distances, indices = pq.search(np.array([[4, 7]], np.float32), codes, n_nearest=2)
    >>> distances.tolist(), indices.tolist()
    ([[2.0, 17.0]], [[3, 1]])
    """

    codebooks_: tuple[Codebook, ...]

    def __init__(
        self,
        m: int = 8,
        n_codewords: int = 256,
        *,
        effort: str = "fast",
        n_threads: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.m = m
        self.n_codewords = n_codewords
        self.effort = effort
        self.n_threads = n_threads
        self.verbose = verbose

    def fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> ProductQuantizer:
        """Train the codebooks.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples, at least `n_codewords`. A part of which fewer samples are distinct has a
            codeword for each of them, and others that are never used.
        y : object, optional
            Ignored.
        sample_weight : array_like, shape (n_samples,), optional
            Weights, at least 0, not all 0; by default 1.

        Returns
        -------
        ProductQuantizer
            The product quantizer itself. Codewords are float32, but float64 if X is (or if it is
            neither an unsigned integer of up to 16 bits nor a float).

        Raises
        ------
        ValueError
            If an option, X or `sample_weight` is invalid, or the number of features is not a
            multiple of `m`.

        Examples
        --------
        >>> import centnn
        >>> import numpy as np
        >>> X = np.array([[0, 0], [0, 8], [5, 0], [5, 8]], np.float32)
        >>> pq = centnn.ProductQuantizer(m=2, n_codewords=2).fit(X)
        >>> pq
        <ProductQuantizer of 2 codebooks of 2 codewords of 1 components, float32, inertia 0>
        >>> pq.codewords_.shape, pq.inertia_, pq.n_features_in_
        ((2, 2, 1), 0.0, 2)
        """
        samples = _validation.samples(X)
        m = _validation.integer(self.m, "m", 1)
        n_codewords = _validation.integer(self.n_codewords, "n_codewords", 1, MOST_CODEWORDS)
        effort = _validation.one_of(self.effort, "effort", _options.EFFORTS)
        n_threads = _validation.thread_count(self.n_threads)
        verbose = _validation.verbosity(self.verbose)
        if samples.shape[1] % m:
            raise ValueError(
                "m must divide the number of features, "
                f"got m={m} with n_features={samples.shape[1]}"
            )
        weights = None
        if sample_weight is not None:
            weights = _validation.sample_weights(sample_weight, len(samples))
            samples, weights = samples[weights > 0], weights[weights > 0]
        if len(samples) < n_codewords:
            raise ValueError(
                "n_codewords must be at most the number of samples, "
                f"got n_codewords={n_codewords} with n_samples={len(samples)}"
            )
        self.codebooks_ = _product_training.train(
            samples, weights, m, n_codewords, effort, n_threads, verbose
        )
        return self

    @property
    def codewords_(self) -> Array:
        """The codewords of all parts, (m, n_codewords, n_features / m).

        Examples
        --------
        See `fit`.
        """
        return np.stack([book.centers for book in self._fitted()])

    @property
    def inertia_(self) -> float:
        """Sum over the samples of `fit` of weight times squared distance to what they became.

        Examples
        --------
        See `fit`.
        """
        return total(book.inertia for book in self._fitted())

    @property
    def n_features_in_(self) -> int:
        """Features seen by `fit`.

        Examples
        --------
        See `fit`.
        """
        books = self._fitted()
        return len(books) * int(books[0].centers.shape[1])

    def encode(self, X: ArrayLike) -> Array:
        """Return the codes of vectors: of each part, the index of the nearest codeword.

        Parameters
        ----------
        X : array_like, shape (N, n_features)
            Vectors; types and layouts as in `quantize`.

        Returns
        -------
        ndarray, shape (N, m)
            Codes; uint8 for up to 256 codewords, else uint16.

        Raises
        ------
        ValueError
            If X is invalid, or `fit` has not been called.

        Examples
        --------
        See `ProductQuantizer`.
        """
        books = self._fitted()
        rows = self._matrix(X, "X")
        parts = np.empty((len(books), len(rows)), code_type(len(books[0].centers)))
        for columns, book, out in zip(
            np.split(rows, len(books), axis=1), books, parts, strict=True
        ):
            try:
                quantize(columns, book, out=out, n_threads=self.n_threads)
            except ValueError:
                _validation.check_finite(rows, "X")  # names the column of X, not of a part
                raise
        return np.ascontiguousarray(parts.T)

    def decode(self, codes: ArrayLike) -> Array:
        """Return the vectors that codes stand for.

        Parameters
        ----------
        codes : array_like of integers, shape (N, m)
            Codes, as from `encode`.

        Returns
        -------
        ndarray, shape (N, n_features)
            Vectors, in the codewords' dtype.

        Raises
        ------
        ValueError
            If `codes` is invalid, or `fit` has not been called.

        Examples
        --------
        See `ProductQuantizer`.
        """
        codewords = self.codewords_
        m, k, d = codewords.shape
        places = self._codes(codes) + np.arange(0, m * k, k, dtype=np.uint32)
        vectors = dequantize(
            places.reshape(-1), codewords.reshape(m * k, d), n_threads=self.n_threads
        )
        return vectors.reshape(-1, m * d)

    def distance_tables(self, queries: ArrayLike) -> Array:
        """Return the squared distances of queries' parts from the codewords of each.

        The squared distance of query i from a vector with code c is, but for rounding, that from
        what the code stands for: the sum over parts j of ``tables[i, j, c[j]]``.

        Parameters
        ----------
        queries : array_like, shape (n_queries, n_features)
            Vectors.

        Returns
        -------
        ndarray, shape (n_queries, m, n_codewords)
            Squared distances; float64 if the queries or the codewords are, else float32.

        Raises
        ------
        ValueError
            If `queries` is invalid, or `fit` has not been called.

        Examples
        --------
        >>> import centnn
        >>> import numpy as np
        >>> X = np.array([[0, 0], [0, 8], [5, 0], [5, 8]], np.float32)
        >>> pq = centnn.ProductQuantizer(m=2, n_codewords=2).fit(X)
        >>> tables = pq.distance_tables([[0.0, 7.0]])
        >>> sorted(tables[0, 1].tolist())  # of 7 from 8 and from 0
        [1.0, 49.0]
        """
        rows, columns = self._queries_and_columns(queries)
        tables = np.empty((len(rows), columns.shape[0], columns.shape[2]), rows.dtype)
        if len(rows):
            _product.tables(columns, rows, tables, _validation.thread_count(self.n_threads))
        return np.ascontiguousarray(tables[:, :, : len(self.codebooks_[0].centers)])

    def search(
        self, queries: ArrayLike, codes: ArrayLike, n_nearest: int = 1
    ) -> tuple[Array, NDArray[np.intp]]:
        """Return the nearest of many encoded vectors.

        All codes are looked at. Queries are not quantized, only the vectors were: distances are
        asymmetric. Each is the sum of the parts' in their order, the same bits on every machine;
        of equal ones the lower index comes first.

        Parameters
        ----------
        queries : array_like, shape (n_queries, n_features)
            Vectors. Several are searched for faster together than one after the other.
        codes : array_like of integers, shape (N, m)
            Codes, as from `encode`; N at least 1.
        n_nearest : int, default 1
            How many to return for each query, N at most.

        Returns
        -------
        distances : ndarray, shape (n_queries, n_nearest)
            Squared distances, the smallest first; float64 if the queries or the codewords are,
            else float32.
        indices : ndarray, shape (n_queries, n_nearest), int64
            Rows of `codes`.

        Raises
        ------
        ValueError
            If an argument is invalid, or `fit` has not been called.

        Examples
        --------
        See `ProductQuantizer`.
        """
        rows, columns = self._queries_and_columns(queries)
        numbers = self._codes(codes)
        if not 1 <= len(numbers) <= MOST_CODES:
            raise ValueError(f"codes must have 1 to {MOST_CODES} rows, got {len(numbers)}")
        n_nearest = _validation.integer(n_nearest, "n_nearest", 1, len(numbers))
        if len(rows) == 0:
            return np.empty((0, n_nearest), rows.dtype), np.empty((0, n_nearest), np.intp)
        distances, places = _product.search(
            columns,
            rows,
            as_bytes(numbers).reshape(len(numbers), -1),
            n_nearest,
            _validation.thread_count(self.n_threads),
        )
        return distances.astype(rows.dtype), places.astype(np.intp)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the codebooks to a file, which appears whole or not at all.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If `fit` has not been called.

        Examples
        --------
        >>> import os, tempfile
        >>> import centnn
        >>> pq = centnn.ProductQuantizer(m=2, n_codewords=2).fit([[0.0, 0.0], [5.0, 8.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pq.save(os.path.join(folder, "a.pq"))
        ...     centnn.ProductQuantizer.load(os.path.join(folder, "a.pq"))
        <ProductQuantizer of 2 codebooks of 2 codewords of 1 components, float64, inertia 0>
        """
        write_atomically(path, _productfile.pack([vars(book) for book in self._fitted()]))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> ProductQuantizer:
        """Read a product quantizer that `save` wrote; options of its training are the defaults.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        ProductQuantizer
            What was saved, without how it was trained.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not a product quantizer, or not a whole one.

        Examples
        --------
        See `save`.
        """
        books = tuple(Codebook(**fields) for fields in _productfile.unpack(Path(path).read_bytes()))
        quantizer = cls(len(books), len(books[0].centers))
        quantizer.codebooks_ = books
        return quantizer

    def to_faiss(self) -> faiss.IndexPQ:
        """Return a faiss index with these codewords and no vectors yet.

        Where `n_codewords` is not a power of two, it has more, which are never used. With 256 or
        65,536 codewords ``index.add_sa_codes(codes.view("uint8"))`` adds encoded vectors.

        Returns
        -------
        faiss.IndexPQ
            Its codes and distances are those of this object but for ties within rounding.

        Raises
        ------
        ImportError
            If faiss is not installed.
        ValueError
            If `fit` has not been called.

        Examples
        --------
        >>> import centnn
        >>> pq = centnn.ProductQuantizer(m=2, n_codewords=2).fit([[0.0, 0.0], [5.0, 8.0]])
        >>> index = pq.to_faiss()  # doctest: +SKIP
        """
        from centnn import _faiss

        return _faiss.product_index(self.codewords_)

    def __repr__(self) -> str:
        """Return the sizes and the error in one line."""
        if not hasattr(self, "codebooks_"):
            return f"<ProductQuantizer, m={self.m}, n_codewords={self.n_codewords}, not fitted>"
        m, k, d = self.codewords_.shape
        return (
            f"<ProductQuantizer of {m} codebooks of {k} codewords of {d} components, "
            f"{self.codewords_.dtype}, inertia {self.inertia_:.6g}>"
        )

    def _fitted(self) -> tuple[Codebook, ...]:
        if not hasattr(self, "codebooks_"):
            raise NotFittedError(
                "This ProductQuantizer instance is not fitted yet. Call 'fit' with appropriate "
                "arguments before using this estimator."
            )
        return self.codebooks_

    def _matrix(self, X: ArrayLike, name: str) -> Array:
        """Return X as an array of a sample type with as many features as in fit."""
        rows = _validation.matrix(X, name)
        _features.check_count(self, rows, name)
        return rows

    def _queries_and_columns(self, queries: ArrayLike) -> tuple[Array, Array]:
        """Return queries, and codewords (m, components, codewords) with room for whole panels."""
        codewords = self.codewords_
        rows = self._matrix(queries, "queries")
        _validation.check_finite(rows, "queries")
        precision = np.float64 if np.float64 in (rows.dtype, codewords.dtype) else np.float32
        m, k, d = codewords.shape
        columns = np.zeros((m, d, -(-k // PANEL) * PANEL), precision)
        columns[:, :, :k] = codewords.transpose(0, 2, 1)
        return np.ascontiguousarray(rows, precision), columns

    def _codes(self, codes: ArrayLike) -> Array:
        """Return codes as a contiguous array (N, m) of the type that `encode` gives."""
        m, k = len(self.codebooks_), len(self.codebooks_[0].centers)
        numbers = np.asarray(codes)
        if numbers.ndim != 2 or numbers.shape[1] != m or numbers.dtype.kind not in "ui":
            raise ValueError(
                f"codes must be an array of integers of shape (N, {m}), "
                f"got shape {numbers.shape} and dtype {numbers.dtype}"
            )
        dtype = np.dtype(code_type(k))
        fits = numbers.dtype == dtype and k == 1 << 8 * dtype.itemsize
        if not fits and numbers.size and (numbers.min() < 0 or numbers.max() >= k):
            raise ValueError(
                f"codes must be from 0 to {k - 1}, one less than the number of codewords, "
                f"got values from {numbers.min()} to {numbers.max()}"
            )
        return np.ascontiguousarray(numbers, dtype)
