"""The scikit-learn style estimator. scikit-learn itself is not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _features, _mini_batch, _options, _source, _validation
from centnn._base import Estimator, NotFittedError
from centnn._error import squared_error
from centnn._monitor import Callback
from centnn._scale import SUMMED, TINY, excess, exponent_of, largest, norms
from centnn._source import Samples, Source
from centnn._summary import N_PASSES
from centnn.codebook import fit, open_samples
from centnn.quantizer import quantize

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CentNN", "NotFittedError"]

Array = NDArray[Any]

# Distances that are computed in one step: so many fit in a core's cache.
BLOCK = 1 << 15


class CentNN(Estimator):
    """Clustering by the Centroid Neural Network.

    Parameters
    ----------
    n_clusters : int, default 8
        Clusters to form, at most the number of distinct samples.
    algorithm : {"local", "classic", "entropy", "group"}, default "local"
        See `fit_codebook`, as for the other options.
    effort : {"fast", "balanced", "best"}, default "balanced"
        How long ``"local"`` goes on.
    init : array_like, shape (n_clusters, n_features), optional
        Centroids to start from, with ``"local"`` and ``"classic"``.
    fixed : array_like, shape (n_fixed, n_features), optional
        Centroids that must not move, only with ``"local"``.
    rate_weight : float, default 0
        Squared error that a bit of code length is worth, only with ``"local"``.
    n_threads : int, optional
        Threads to use; by default as many as OpenMP would.
    callback : callable, optional
        Called as ``callback(epoch, n_codewords, distortion)``; True stops the training.
    verbose : int, default 0
        1 prints a line each time that the codebook has grown.
    n_passes : int, default 5
        How many times `fit` reads samples in pieces once more.

    Attributes
    ----------
    cluster_centers_ : ndarray, shape (n_clusters, n_features)
        The centroids.
    labels_ : ndarray, shape (n_samples,), int32
        Cluster of each sample that `fit` was given; not for samples in pieces, unless they are an
        ``np.memmap``.
    inertia_ : float
        Sum over these samples of weight times squared distance to their centroid, the nearest one;
        without `labels_`, to the one that was the nearest in the last pass.
    n_iter_ : int
        Epochs that the training took, and mini-batches since.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray, shape (n_features,), object
        Their names, if `fit` was given a data frame whose columns are named by strings.

    Examples
    --------
    >>> import centnn
    >>> model = centnn.CentNN(2).fit([[0.0], [1.0], [9.0], [10.0]])
    >>> model.inertia_
    1.0
    >>> model.predict([[2.0], [8.0]]).tolist() == model.labels_[[0, 3]].tolist()
    True
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        algorithm: str = "local",
        effort: str = "balanced",
        init: ArrayLike | None = None,
        fixed: ArrayLike | None = None,
        rate_weight: float = 0.0,
        n_threads: int | None = None,
        callback: Callback | None = None,
        verbose: int = 0,
        n_passes: int = N_PASSES,
    ) -> None:
        self.n_clusters = n_clusters
        self.algorithm = algorithm
        self.effort = effort
        self.init = init
        self.fixed = fixed
        self.rate_weight = rate_weight
        self.n_threads = n_threads
        self.callback = callback
        self.verbose = verbose
        self.n_passes = n_passes

    def fit(self, X: Samples, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Train on samples, from scratch.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features), or samples in pieces
            Samples; uint8, uint16, float16, float32 and float64 are read as they are. What is read
            in pieces, `fit_codebook` tells. A dask array is trained on in chunks, as by
            `centnn.dask.fit_codebook`; `labels_` is a dask array then.
        y : object, optional
            Ignored.
        sample_weight : array_like, shape (n_samples,), optional
            How many times each sample counts, at least 0; once by default. Not for iterables, nor
            for functions.

        Returns
        -------
        CentNN
            The estimator itself. If fitting fails or is interrupted, it is as it was before.

        Raises
        ------
        TypeError
            If X is sparse or holds what is no number.
        ValueError
            If an option, X or `sample_weight` is invalid, or X has fewer than `n_clusters` distinct
            samples.
        RuntimeError
            If samples in pieces cannot be read.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit([[0.0], [1.0], [9.0], [10.0]]).labels_.tolist()
        [0, 0, 1, 1]
        """
        if _validation.is_dask(X):
            return self._fit_chunks(X, sample_weight)
        names = _features.names_of(X)
        options = self.get_params()
        samples = open_samples(X, options)
        training = fit(samples, sample_weight, **options)
        labels, inertia = training.labels, training.inertia
        if labels is None and (isinstance(samples, np.ndarray) or isinstance(X, np.memmap)):
            labels, inertia = self._search(samples, training.centers, sample_weight)
        self._start_features(names, samples.shape[1])
        self.cluster_centers_ = training.centers
        vars(self).pop("labels_", None)
        if labels is not None:
            self.labels_ = labels
        self.inertia_ = inertia
        self.n_iter_ = training.n_iter
        self._counts = training.counts
        self._stream: _mini_batch.State | None = None
        return self

    def partial_fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn a mini-batch of a stream, after what has been learnt so far.

        The first batch starts with one cluster, or with `init`; later ones, and the first after
        `fit`, go on from there. Clusters are split until there are `n_clusters`, but one for every
        two samples so far is the most. Batches may be of any size; the n-th one counts n times as
        much as the first, so that what was learnt early is forgotten. Options that choose how `fit`
        trains, `callback` and `verbose` are not used.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples. The first batch decides on the number of features and on the type of the
            centroids: float64 if it is neither an unsigned integer of up to 16 bits nor a smaller
            float.
        y : object, optional
            Ignored.
        sample_weight : array_like, shape (n_samples,), optional
            How many times each sample counts, at least 0; once by default.

        Returns
        -------
        CentNN
            The estimator itself, without `labels_` and `inertia_`: it does not have the samples any
            more. If the call fails or is interrupted, the estimator is as it was before.

        Raises
        ------
        TypeError
            If X is sparse or holds what is no number.
        ValueError
            If X or `sample_weight` is invalid, or X has other features than the first batch; if
            `fixed` or `rate_weight` is given, or `n_clusters` is less than the clusters there are.

        Notes
        -----
        A batch gets one epoch of winners' moves and one of winners' and losers' moves [1]_, in the
        order of its samples, and another one after each growth by a tenth. Splits go where the two
        halves of a cluster's samples, whose means are learnt as well, are farthest from being one.
        Then centroids whose removal costs about a third of what a split gains elsewhere go there.

        References
        ----------
        .. [1] D.-C. Park, "Centroid neural network for unsupervised competitive learning", IEEE
           Transactions on Neural Networks 11(2), 520-528, 2000.

        Examples
        --------
        >>> import centnn
        >>> model = centnn.CentNN(2)
        >>> for batch in ([[0.0], [10.0], [1.0], [9.0]], [[0.0], [10.0], [1.0], [9.0]]):
        ...     model = model.partial_fit(batch)
        >>> sorted(model.cluster_centers_[:, 0].tolist())
        [0.5, 9.5]
        """
        is_first = not hasattr(self, "cluster_centers_")
        names = _features.names_of(X) if is_first else None
        samples = _validation.samples(X) if is_first else self._samples(X)
        precision = _options.precision_of(samples.dtype)
        options = _options.validated(samples.shape[1], precision, **self.get_params())
        state = self._state(samples, options)
        most = state.exponent + SUMMED
        if exponent_of(samples) > most:
            raise ValueError(
                f"X must hold numbers below {2.0**most:.2g} after batches as small as those "
                f"before, got {largest(samples):.2g}"
            )
        weights = _validation.sample_weights(sample_weight, len(samples))
        used = weights > 0
        _mini_batch.learn(
            state,
            np.ascontiguousarray(samples[used], np.float64),
            weights[used],
            options.n_clusters,
            options.n_threads,
        )
        if is_first:
            self._start_features(names, samples.shape[1])
        self.cluster_centers_ = state.found()
        self.n_iter_ = 1 if is_first else self.n_iter_ + 1
        self._stream = state
        for name in ("labels_", "inertia_"):
            vars(self).pop(name, None)
        return self

    def fit_predict(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int32]:
        """Train on samples and return their clusters.

        Parameters
        ----------
        X, y, sample_weight : object
            As for `fit`; X must not be samples in pieces, unless it is an ``np.memmap``.

        Returns
        -------
        ndarray, shape (n_samples,), int32
            `labels_`, the cluster of each sample.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit_predict([[0.0], [1.0], [9.0], [10.0]]).tolist()
        [0, 0, 1, 1]
        """
        _refuse_stream(X, "fit_predict")
        return self.fit(X, sample_weight=sample_weight).labels_

    def fit_transform(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Train on samples and return their distances to the centroids.

        Parameters
        ----------
        X, y, sample_weight : object
            As for `fit`; X must not be samples in pieces, unless it is an ``np.memmap``.

        Returns
        -------
        ndarray, shape (n_samples, n_clusters)
            Distances, as from `transform`.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit_transform([[0.0], [1.0], [9.0], [10.0]])[0].tolist()
        [0.5, 9.5]
        """
        _refuse_stream(X, "fit_transform")
        _validation.check_in_memory(X, "X")
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def predict(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the nearest cluster of each sample.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray, shape (n_samples,), int32 (a dask array for a dask array)
            Index of the nearest centroid, the lowest on a tie.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is invalid or has other features than in `fit`.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit([[0.0], [1.0], [9.0], [10.0]]).predict([[2.0], [8.0]]).tolist()
        [0, 1]
        """
        if _validation.is_dask(X):
            labels: NDArray[np.int32] = self._predict_chunks(X)
            return labels
        samples = self._samples(X)
        codes = quantize(samples, self.cluster_centers_, n_threads=self.n_threads)
        return codes.astype(np.int32)

    def transform(self, X: ArrayLike) -> Any:
        """Return the distance of each sample to each centroid.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray, shape (n_samples, n_clusters)
            Euclidean distances, computed in float64; float32 unless X or the centroids are
            float64. A data frame if `set_output` asked for one.

        Raises
        ------
        NotFittedError, ValueError
            As from `predict`.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit([[0.0], [1.0], [9.0], [10.0]]).transform([[1.0]])
        array([[0.5, 8.5]])
        """
        return _distances(self._samples(X), self.cluster_centers_)

    def score(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> float:
        """Return minus the squared error of samples, so that more is better.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        y : object, optional
            Ignored.
        sample_weight : array_like, shape (n_samples,), optional
            How many times each sample counts; once by default.

        Returns
        -------
        float
            Minus the sum of weight times squared distance to the nearest centroid.

        Raises
        ------
        NotFittedError, ValueError
            As from `predict`.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit([[0.0], [1.0], [9.0], [10.0]]).score([[0.5], [9.0]])
        -0.25
        """
        return -self._search(self._samples(X), self.cluster_centers_, sample_weight)[1]

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns that `transform` gives.

        Parameters
        ----------
        input_features : object, optional
            Ignored: the names do not depend on those of the features.

        Returns
        -------
        ndarray, shape (n_clusters,), object
            The name of the class in lower case and the number of the cluster.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        Examples
        --------
        >>> import centnn
        >>> centnn.CentNN(2).fit([[0.0], [1.0], [9.0], [10.0]]).get_feature_names_out().tolist()
        ['centnn0', 'centnn1']
        """
        self._check_fitted()
        prefix = type(self).__name__.lower()
        return np.array([f"{prefix}{j}" for j in range(len(self.cluster_centers_))], dtype=object)

    def _state(self, samples: Array, options: _options.Options) -> _mini_batch.State:
        """Return a copy of what is known before these samples, which the options suit."""
        if options.fixed is not None or options.rate_weight:
            raise ValueError("fixed must be None and rate_weight must be 0 for partial_fit")
        if not hasattr(self, "cluster_centers_"):
            dtype = np.dtype(_options.precision_of(samples.dtype))
            centers, scale = np.zeros((1, samples.shape[1])), samples
            if options.init is not None:
                centers = scale = options.init
            return _mini_batch.start(centers, np.zeros(len(centers)), dtype, 0, excess(scale))
        if options.n_clusters < len(self.cluster_centers_):
            raise ValueError(
                "n_clusters must be at least the number of clusters that there are, "
                f"{len(self.cluster_centers_)}, got {options.n_clusters}"
            )
        if self._stream is not None:
            return self._stream.copy()
        centers, counts = self.cluster_centers_, self._counts
        labels = vars(self).get("labels_")
        n_samples = len(labels) if isinstance(labels, np.ndarray) else round(counts.sum())
        return _mini_batch.start(centers, counts, centers.dtype, n_samples, excess(centers))

    def _samples(self, X: ArrayLike) -> Array:
        """Return X as samples of the features that the estimator was fitted with."""
        self._check_fitted()
        _features.check_names(self, X)
        samples = _validation.samples(X)
        _features.check_count(self, samples)
        return samples

    def _check_fitted(self) -> None:
        if not hasattr(self, "cluster_centers_"):
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            )

    def _fit_chunks(self, X: Any, sample_weight: Any) -> Self:
        """Train on a dask array."""
        from centnn import dask

        book = dask.fit_with_options(X, sample_weight, self.get_params())
        self._start_features(None, X.shape[1])
        self.cluster_centers_ = book.centers
        self.labels_ = self._predict_chunks(X)
        self.inertia_ = book.inertia
        self.n_iter_ = book.n_iter
        self._counts = book.counts
        self._stream = None
        return self

    def _predict_chunks(self, X: Any) -> Any:
        """Return the cluster of each sample of a dask array, to be computed."""
        from centnn import dask

        self._check_fitted()
        if X.ndim == 2:
            _features.check_count(self, X)
        return dask.quantize(X, self.cluster_centers_).astype(np.int32)

    def _start_features(self, names: Array | None, n_features: int) -> None:
        """Take note of the features of the first samples."""
        self.n_features_in_ = n_features
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _search(
        self, samples: Array | Source, centers: Array, sample_weight: ArrayLike | None
    ) -> tuple[NDArray[np.int32], float]:
        """Return the cluster of each sample, and the squared error."""
        n_threads = _validation.thread_count(self.n_threads)
        length = samples.shape[0]
        assert length is not None  # of an array, or of one on disk
        weights = None
        if sample_weight is not None:
            weights = _validation.sample_weights(sample_weight, length)
        labels, error, start = [], 0.0, 0
        for piece in [samples] if isinstance(samples, np.ndarray) else samples.pieces():
            found = quantize(piece, centers, n_threads=n_threads).astype(np.int32)
            theirs = None if weights is None else weights[start : start + len(piece)]
            # Not from the search's distances, which are rounded to float32, whose range is small.
            error += squared_error(piece, theirs, centers, found, n_threads)
            labels.append(found)
            start += len(piece)
        return np.concatenate(labels), error


def _refuse_stream(X: Any, method: str) -> None:
    """Raise TypeError if X is read in pieces, for what gives something back for each sample."""
    if _source.is_source(X) and not isinstance(X, np.memmap):
        raise TypeError(
            f"X must be an array for {method}, got {type(X).__name__}: "
            "call fit, which reads in pieces, then give the pieces to predict or transform"
        )


def _distances(samples: Array, centers: Array) -> Array:
    """Return the distances (N, K) of samples (N, D) to centers (K, D), summed up in order of D."""
    shape = len(samples), len(centers)
    precision = np.float64 if np.float64 in (samples.dtype, centers.dtype) else np.float32
    distances = np.empty(shape, precision)
    columns = centers.T.astype(np.float64)
    step = max(1, BLOCK // shape[1])
    for start in range(0, shape[0], step):
        rows = samples[start : start + step].astype(np.float64)
        total = np.zeros((len(rows), shape[1]))
        with np.errstate(over="ignore"):
            for x, c in zip(rows.T, columns, strict=True):
                difference = x[:, None] - c
                total += difference * difference
        block = distances[start : start + step]
        block[:] = np.sqrt(total)
        is_lost = (total < TINY) | np.isinf(total)
        for j in np.flatnonzero(is_lost.any(axis=0)):
            where = is_lost[:, j]
            block[where, j] = norms(rows[where] - columns[:, j])
    return distances
