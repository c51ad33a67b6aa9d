"""The codebook: training one, using it, keeping it in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _bookfile, _entropy_constrained, _options, _source, _stream, _validation
from centnn._files import write_atomically
from centnn._monitor import Callback
from centnn._source import Samples, Source
from centnn._summary import N_PASSES
from centnn._training import Training, train
from centnn.quantizer import dequantize, quantize

if TYPE_CHECKING:
    import faiss

__all__ = ["Codebook", "fit_codebook"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Codebook:
    """K codewords of D components, and how they came to be.

    Parameters
    ----------
    centers : ndarray, shape (K, D)
        The codewords; float64 or float32.
    counts : ndarray, shape (K,), float64
        Sum of the weights of the samples of each codeword.
    inertia : float
        Sum over the samples of weight times squared distance to their codeword.
    n_iter : int
        Epochs that the training took.
    history : ndarray, shape (n_iter, 2), float64
        After each epoch: the number of codewords, and the distortion (mean squared error of a
        component).

    Raises
    ------
    ValueError
        If an array is of another shape or type.

    Examples
    --------
    >>> import centnn
    >>> book = centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0], [11.0]], 2)
    >>> book
    <Codebook of 2 codewords of 1 components, float64, inertia 2.5>
    >>> book.counts.tolist()
    [2.0, 3.0]
    """

    centers: Array
    counts: NDArray[np.float64]
    inertia: float
    n_iter: int
    history: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Raise ValueError for arrays of other shapes or types: a file cannot hold them."""
        _validation.check_layout(self.centers, "centers", ("K", "D"), (np.float32, np.float64))
        _validation.check_layout(self.counts, "counts", (len(self.centers),), (np.float64,))
        _validation.check_layout(self.history, "history", ("n_iter", 2), (np.float64,))

    def __repr__(self) -> str:
        """Return the sizes and the error in one line."""
        n_codewords, n_features = self.centers.shape
        return (
            f"<Codebook of {n_codewords} codewords of {n_features} components, "
            f"{self.centers.dtype}, inertia {self.inertia:.6g}>"
        )

    @property
    def code_lengths(self) -> NDArray[np.float64]:
        """Bits of each code, (K,), if each occurs as often as `counts` says; inf for never.

        Examples
        --------
        >>> import centnn
        >>> centnn.fit_codebook([[0.0], [8.0], [8.0], [9.0]], 2).code_lengths.round(3).tolist()
        [2.0, 0.415]
        """
        return _entropy_constrained.code_lengths(self.counts)

    def encode(
        self, X: ArrayLike, *, rate_weight: float = 0.0, n_threads: int | None = None
    ) -> Array:
        """Return the codes of samples: of the nearest codewords, as `quantize` does.

        Parameters
        ----------
        X : array_like, shape (N, D)
            Samples.
        rate_weight : float, default 0
            Above 0, take the codewords of the least squared distance plus `rate_weight` times
            `code_lengths` instead: for a codebook that `fit_codebook` trained so.
        n_threads : int, optional
            Threads to use; by default as many as OpenMP would. The result does not depend on it.

        Returns
        -------
        ndarray, shape (N,)
            Indices of codewords; uint8, uint16 or uint32, the smallest that holds K values.

        Raises
        ------
        ValueError
            If an argument has a wrong shape or type, or is not finite.

        Examples
        --------
        >>> import centnn
        >>> book = centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0]], 2)
        >>> book.encode([[2.0], [8.0]]).tolist()
        [0, 1]
        """
        if not _validation.non_negative(rate_weight, "rate_weight"):
            return quantize(X, self, n_threads=n_threads)
        rows = _validation.matrix(X, "X")
        _validation.check_features(rows, self.centers)
        _validation.check_finite(rows, "X")
        return _entropy_constrained.encode(rows, self.centers, self.counts, rate_weight, n_threads)

    def decode(self, codes: ArrayLike) -> Array:
        """Return the codewords of codes, as `dequantize` does.

        Parameters
        ----------
        codes : array_like of integers, shape (N,)
            Indices from 0 to K - 1.

        Returns
        -------
        ndarray, shape (N, D)
            Codewords, in the dtype of `centers`.

        Raises
        ------
        ValueError
            If `codes` is not a 1-D array of integers below K.

        Examples
        --------
        >>> import centnn
        >>> centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0]], 2).decode([1, 0]).tolist()
        [[9.5], [0.5]]
        """
        return dequantize(codes, self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the codebook to a file, which appears whole or not at all.

        Parameters
        ----------
        path : path-like
            The file; one that is there is replaced.

        Raises
        ------
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import os, tempfile
        >>> import centnn
        >>> book = centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0]], 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     book.save(os.path.join(folder, "a.book"))
        ...     centnn.Codebook.load(os.path.join(folder, "a.book"))
        <Codebook of 2 codewords of 1 components, float64, inertia 1>
        """
        write_atomically(path, _bookfile.pack(vars(self)))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Codebook:
        """Read a codebook that `save` wrote.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        Codebook
            The codebook.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not a codebook, or not a whole one.

        Examples
        --------
        See `save`.
        """
        return cls(**_bookfile.unpack(Path(path).read_bytes()))

    def to_faiss(self) -> faiss.IndexFlatL2:
        """Return a faiss index of the codewords.

        Returns
        -------
        faiss.IndexFlatL2
            ``index.search(X, 1)`` finds the codes that `encode` gives but for ties within the
            rounding of float32, in which faiss works.

        Raises
        ------
        ImportError
            If faiss is not installed.

        Examples
        --------
        >>> import centnn
        >>> book = centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0]], 2)
        >>> index = book.to_faiss()  # doctest: +SKIP
        """
        from centnn import _faiss

        return _faiss.flat_index(self.centers)


def fit_codebook(
    X: Samples,
    n_clusters: int,
    *,
    sample_weight: ArrayLike | None = None,
    algorithm: str = "local",
    effort: str = "balanced",
    init: ArrayLike | None = None,
    fixed: ArrayLike | None = None,
    rate_weight: float = 0.0,
    n_threads: int | None = None,
    callback: Callback | None = None,
    verbose: int = 0,
    n_passes: int = N_PASSES,
) -> Codebook:
    """Train a codebook with the Centroid Neural Network.

    Parameters
    ----------
    X : array_like, shape (N, D), or samples in pieces
        Samples: finite real numbers. An ``np.memmap``, the path of a .npy file, a Zarr array, an
        HDF5 data set, an iterable of arrays (n, D) and a function that returns one are read in
        pieces: see Notes. A dask array is trained on in chunks, as by `centnn.dask.fit_codebook`.
    n_clusters : int
        Codewords to train, at most the number of distinct samples.
    sample_weight : array_like, shape (N,), optional
        Weights, at least 0, not all 0; by default 1. A sample of weight 0 has no influence. Not
        for iterables, nor for functions.
    algorithm : {"local", "classic", "entropy", "group"}, default "local"
        All make the moves of the Centroid Neural Network: a sample changes to a nearer codeword,
        and both codewords concerned follow at once, so that each is the mean of its samples at all
        times. They differ in the order of the moves, in when codewords are added, and where.

        - ``"local"`` is this library's own: the fastest, and of the least error. A move counts how
          many samples the two codewords have; a codeword is added where it gains most, and too
          many are grown, then the least useful removed. With one component (D = 1) and at most
          65,536 distinct values the result is the optimum.
        - ``"classic"`` is Park's algorithm [1]_: samples in index order, one codeword more, beside
          the one of the largest error, each time that nothing moves.
        - ``"entropy"`` is Tran's FastCentNN [2]_: the same, but a codeword is added as soon as all
          together have moved little for two epochs, compared with the move that the last addition
          caused; only with all K does it go on until nothing moves.
        - ``"group"`` is his G-CentNN [2]_: ``"classic"`` on each of sqrt(N / K) interleaved parts
          of the samples, side by side in threads; on the codewords of all parts, weighted by their
          counts; then moves of all samples from the codewords that this gives.
    effort : {"fast", "balanced", "best"}, default "balanced"
        How long ``"local"`` goes on, each continuing the one before. ``"fast"`` grows the codebook
        and moves samples until nothing gets better. ``"balanced"`` also tries to move single
        codewords to other places. ``"best"`` also crosses several solutions.
    init : array_like, shape (n_clusters, D), optional
        Codewords to start from, with ``"local"`` and ``"classic"``: they become the means of the
        samples nearest to them, and samples then move between them until nothing moves. Codewords
        that no sample is nearest to are put elsewhere.
    fixed : array_like, shape (F, D), optional
        Codewords that must be in the codebook, F <= n_clusters, only with ``"local"``. They come
        first, as they are but rounded to the codebook's type; their counts may be 0.
    rate_weight : float, default 0
        Entropy-constrained training [3]_, only with ``"local"``: what is made small is the squared
        error plus `rate_weight` times the bits of all codes, a code taking
        log2(sum of counts / its count) bits. So the unit is squared error per bit. Codewords that
        are not worth their bits are dropped: K may get smaller.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The result does not depend on it.
    callback : callable, optional
        Called as ``callback(epoch, n_codewords, distortion)`` after each epoch, distortion being
        the mean squared error of a component. If it returns True, training stops and the codewords
        so far are the result, K at most. With ``"local"``, an epoch is a round of moves or of
        trials, and there may be more than K codewords for a while. With ``"group"``, training on a
        part counts as one epoch; distortion is an estimate from the parts so far, then that of
        their codewords' codewords.
    verbose : int, default 0
        1 prints a line each time that the codebook has grown.
    n_passes : int, default 5
        How many times samples in pieces are read once more, to move codewords to the means of
        their samples. Must be 0 for an iterator, such as a generator, which cannot be read twice.

    Returns
    -------
    Codebook
        The trained codebook; float32, but float64 if X is (or if it is neither an unsigned integer
        of up to 16 bits nor a float), or if `algorithm` is not ``"local"``.

    Raises
    ------
    ValueError
        If an argument is invalid; the message names it, what it must be, and what it was, and the
        number of the chunk where it is one of an iterable.
    RuntimeError
        If samples in pieces cannot be read.

    Notes
    -----
    Samples are read as they are. With ``"local"``, equal ones are merged into weighted ones where
    many are equal, and beyond the input the training takes at most 24 bytes a sample and one copy
    of the samples, ordered by cluster, in their own type (float16 as float32). Codebooks of
    N * D * K <= 1e9, D < 32 and N <= 2**20 are then refined, which takes the copy's place: integer
    samples as float32, and with ``"best"`` up to two more partitions. The other algorithms work
    in float64, on a copy if X is not.

    Samples in pieces take at most some 256 MiB, and 1 KiB for each component of the codebook (2 KiB
    in float64), however many they are. They fill a block of as many as can be trained on in 256
    MiB. If that holds all, the result is that of an array. Otherwise each sixteenth of a block is
    summarised by a larger codebook: of 4 K codewords, of 2 K from K = 2048 on, and of at least 256.
    Summaries of neighbours are merged where there are more than 16. ``"local"`` then trains on
    their codewords, weighted by their counts, and `n_passes` passes follow. How the samples are cut
    into pieces does not matter. The error is that of the clusters of the last pass, in which a few
    samples have a nearer codeword by now. Each summary and each pass counts as an epoch.

    For an `algorithm` other than ``"local"``, `init`, `fixed` or `rate_weight`, an ``np.memmap`` is
    an array like any other, and other samples in pieces are refused.

    References
    ----------
    .. [1] D.-C. Park, "Centroid neural network for unsupervised competitive learning", IEEE
       Transactions on Neural Networks 11(2), 520-528, 2000.
    .. [2] L.-A. Tran, FastCentNN and G-CentNN, 2026.
    .. [3] P. A. Chou, T. Lookabaugh and R. M. Gray, "Entropy-constrained vector quantization", IEEE
       Transactions on Acoustics, Speech, and Signal Processing 37(1), 31-42, 1989.

    Examples
    --------
    >>> import centnn
    >>> book = centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0]], 2)
    >>> sorted(book.centers[:, 0].tolist())
    [0.5, 9.5]

    Samples that a function yields:

    >>> import numpy as np
    >>> def chunks():
    ...     for seed in range(3):
    ...         yield np.random.default_rng(seed).normal(size=(1000, 4))
    >>> float(centnn.fit_codebook(chunks, 16).counts.sum())
    3000.0
    """
    options = {
        "n_clusters": n_clusters,
        "algorithm": algorithm,
        "effort": effort,
        "init": init,
        "fixed": fixed,
        "rate_weight": rate_weight,
        "n_threads": n_threads,
        "callback": callback,
        "verbose": verbose,
        "n_passes": n_passes,
    }
    if _validation.is_dask(X):
        from centnn import dask

        return dask.fit_with_options(X, sample_weight, options)
    training = fit(open_samples(X, options), sample_weight, **options)
    fields = {name: value for name, value in vars(training).items() if name != "labels"}
    return Codebook(**fields)


def open_samples(X: Any, options: Mapping[str, Any]) -> Array | Source:
    """Return validated samples, or what reads them in pieces."""
    if not _source.is_source(X) or (isinstance(X, np.memmap) and _stream.needs_array(options)):
        return _validation.samples(X)
    return _source.open_source(X)


def fit(X: Array | Source, sample_weight: ArrayLike | None, **options: Any) -> Training:
    """Validate the weights and options and train on samples that `open_samples` returned."""
    length, n_features = X.shape
    weights = None
    if sample_weight is not None:
        if length is None:
            raise ValueError("sample_weight must be None where X is read chunk by chunk")
        weights = _validation.sample_weights(sample_weight, length)
    precision = _options.precision_of(X.dtype, options["algorithm"])
    validated = _options.validated(n_features, precision, **options)
    if isinstance(X, np.ndarray):
        return train(X, weights, validated)
    return _stream.fit(X, weights, validated)
