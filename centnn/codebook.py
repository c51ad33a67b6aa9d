"""The codebook: training one, using it, keeping it in a file."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _bookfile, _validation
from centnn._files import write_atomically
from centnn._training import ALGORITHMS, Callback, Training, train
from centnn.quantizer import dequantize, quantize

__all__ = ["Codebook", "fit_codebook"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Codebook:
    """K codewords of D components, and how they came to be.

    Attributes
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
    """

    centers: Array
    counts: NDArray[np.float64]
    inertia: float
    n_iter: int
    history: NDArray[np.float64]

    def __repr__(self) -> str:
        """Return the sizes and the error in one line."""
        n_codewords, n_features = self.centers.shape
        return (
            f"<Codebook of {n_codewords} codewords of {n_features} components, "
            f"{self.centers.dtype}, inertia {self.inertia:.6g}>"
        )

    def encode(self, X: ArrayLike, *, n_threads: int | None = None) -> Array:
        """Return the codes of samples (N, D); see `quantize`."""
        return quantize(X, self, n_threads=n_threads)

    def decode(self, codes: ArrayLike) -> Array:
        """Return the codewords of codes (N,); see `dequantize`."""
        return dequantize(codes, self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the codebook to a file, which appears whole or not at all.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        write_atomically(path, _bookfile.pack(vars(self)))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Codebook:
        """Read a codebook that `save` wrote.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not a codebook, or not a whole one.
        """
        return cls(**_bookfile.unpack(Path(path).read_bytes()))


def fit_codebook(
    X: ArrayLike,
    n_clusters: int,
    *,
    sample_weight: ArrayLike | None = None,
    algorithm: str = "classic",
    init: ArrayLike | None = None,
    n_threads: int | None = None,
    callback: Callback | None = None,
    verbose: int = 0,
) -> Codebook:
    """Train a codebook with the Centroid Neural Network.

    Parameters
    ----------
    X : array_like, shape (N, D)
        Samples: finite real numbers.
    n_clusters : int
        Codewords to train, at most the number of distinct samples.
    sample_weight : array_like, shape (N,), optional
        Weights, at least 0, not all 0; by default 1. A sample of weight 0 has no influence.
    algorithm : {"classic", "entropy", "group"}, default "classic"
        ``"classic"`` is Park's algorithm [1]_: samples in index order, float64, one codeword more
        each time that nothing moves. ``"entropy"`` is Tran's FastCentNN [2]_: the same, but it does
        not wait until nothing moves. One codeword more comes as soon as all codewords together
        have moved little, compared with the move that the last one caused, for two epochs; only
        with all K does it go on until nothing moves. That takes fewer epochs. ``"group"`` is his
        G-CentNN [2]_: ``"classic"`` on each of sqrt(N / K) interleaved parts of the samples, side
        by side in threads; on the codewords of all parts, weighted by their counts; then, from
        the codewords that this gives, moves of all samples as with `init`. That takes less time,
        in one thread too.
    init : array_like, shape (n_clusters, D), optional
        Codewords to start from, only with ``"classic"``: they become the means of the samples
        nearest to them, and samples then move between them until nothing moves. Codewords that no
        sample is nearest to are dropped, and the codebook grows again as it would without `init`.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would. The result does not depend on it.
    callback : callable, optional
        Called as ``callback(epoch, n_codewords, distortion)`` after each epoch, distortion being
        the mean squared error of a component. If it returns True, training stops and the codewords
        so far are the result. With ``"group"``, training on a part counts as one epoch; distortion
        is an estimate from the parts so far, then that of their codewords' codewords.
    verbose : int, default 0
        1 prints a line each time that the codebook has grown.

    Returns
    -------
    Codebook
        The trained codebook, in float64.

    Raises
    ------
    ValueError
        If an argument is invalid; the message names it, what it must be, and what it was.

    References
    ----------
    .. [1] D.-C. Park, "Centroid neural network for unsupervised competitive learning", IEEE
       Transactions on Neural Networks 11(2), 520-528, 2000.
    .. [2] L.-A. Tran, FastCentNN and G-CentNN, 2026.

    Examples
    --------
    >>> import centnn
    >>> book = centnn.fit_codebook([[0.0], [1.0], [9.0], [10.0]], 2)
    >>> sorted(book.centers[:, 0].tolist())
    [0.5, 9.5]
    """
    training = fit(
        _validation.samples(X),
        n_clusters,
        sample_weight,
        algorithm,
        init,
        n_threads,
        callback,
        verbose,
    )
    fields = {name: value for name, value in vars(training).items() if name != "labels"}
    return Codebook(**fields)


def fit(
    X: Array,
    n_clusters: int,
    sample_weight: ArrayLike | None,
    algorithm: str,
    init: ArrayLike | None,
    n_threads: int | None,
    callback: Callback | None,
    verbose: int,
) -> Training:
    """Validate the options and train on validated samples X."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    if init is not None and algorithm != "classic":
        raise ValueError(f"init must be None unless algorithm is 'classic', got {algorithm!r}")
    n_clusters = _validation.integer(n_clusters, "n_clusters", 1)
    return train(
        X,
        _validation.sample_weights(sample_weight, len(X)),
        n_clusters,
        algorithm,
        None if init is None else _validation.initial_centers(init, (n_clusters, X.shape[1])),
        callback,
        verbose,
        _validation.thread_count(n_threads),
    )
