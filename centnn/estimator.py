"""The scikit-learn style estimator. scikit-learn itself is not needed."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _validation
from centnn._monitor import Callback
from centnn.codebook import fit
from centnn.quantizer import quantize

__all__ = ["CentNN"]

Array = NDArray[Any]


class CentNN:
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

    Attributes
    ----------
    cluster_centers_ : ndarray, shape (n_clusters, n_features)
        The centroids.
    labels_ : ndarray, shape (n_samples,), int32
        Cluster of each sample.
    inertia_ : float
        Sum over the samples of weight times squared distance to their centroid, the nearest one.
    n_iter_ : int
        Epochs that the training took.
    n_features_in_ : int
        Features seen by `fit`.

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

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> CentNN:
        """Train on X (n_samples, n_features); y is ignored. Return self."""
        samples = _validation.samples(X)
        training = fit(samples, sample_weight, **self.get_params())
        self.cluster_centers_ = training.centers
        self.inertia_ = training.inertia
        self.n_iter_ = training.n_iter
        self.n_features_in_ = samples.shape[1]
        if training.labels is not None:
            self.labels_ = training.labels
        else:
            self.labels_ = self.predict(samples)
            self.inertia_ = -self.score(samples, sample_weight=sample_weight)
        return self

    def fit_predict(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int32]:
        """Train on X and return the cluster of each sample."""
        self.fit(X, sample_weight=sample_weight)
        return self.labels_

    def predict(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the nearest cluster of each sample of X, (n_samples,) int32."""
        self._check_fitted()
        codes = quantize(X, self.cluster_centers_, n_threads=self.n_threads)
        return codes.astype(np.int32)

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the distance of each sample to each centroid, (n_samples, n_clusters)."""
        self._check_fitted()
        samples = _validation.samples(X)
        if samples.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X must have {self.n_features_in_} features, as in fit, got {samples.shape[1]}"
            )
        distances = np.empty((len(samples), len(self.cluster_centers_)))
        for j, center in enumerate(self.cluster_centers_):
            difference = samples - center
            distances[:, j] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        return distances

    def score(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> float:
        """Return minus the sum of weight * squared distance to the nearest centroid."""
        self._check_fitted()
        _, distances = quantize(
            X, self.cluster_centers_, n_threads=self.n_threads, return_distance=True
        )
        weights = _validation.sample_weights(sample_weight, len(distances))
        return -float(weights @ distances)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's options by name."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name != "self"}

    def set_params(self, **params: Any) -> CentNN:
        """Set options by name. Return self."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"params must be among {', '.join(known)}, got {name!r}")
            setattr(self, name, value)
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "cluster_centers_"):
            raise ValueError("CentNN must be fitted before use: call fit first")
