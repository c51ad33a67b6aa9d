"""Predictors and context weights of photo mode, by least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from _photo_features import UNIT, Trace, context_features, known_lanes, predictor_features
from _photo_model import LANES, N_FEATURES, N_GROUPS, N_NEIGHBOURS, Kind
from numpy.typing import NDArray
from scipy.optimize import nnls

Array = NDArray[Any]


class Regression:
    """Predictors and context weights of a kind, from all traces."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        n = N_NEIGHBOURS * LANES
        self.products = np.zeros((n, n))
        self.moments = np.zeros((n, 64))
        self.context_products = np.zeros((N_GROUPS, N_FEATURES, N_FEATURES))
        self.context_moments = np.zeros((N_GROUPS, N_FEATURES))

    def add(self, trace: Trace, m: Array, guides: list[Array]) -> None:
        """Count a plane. Blocks count the less, the larger what is around them."""
        features = predictor_features(trace.decoded) / UNIT
        weighted = features / (1 + 0.1 * np.abs(features).sum(axis=1, keepdims=True))
        self.products += weighted.T @ features
        self.moments += weighted.T @ (trace.wanted.reshape(-1, 64).astype(np.float32) / UNIT)
        of_groups = context_features(m, trace.decoded, guides)
        for g, (group, features) in enumerate(zip(self.kind.groups, of_groups, strict=True)):
            place = slice(group.first, group.first + group.dim)
            size = np.linalg.norm(trace.residuals[..., place], axis=2).ravel() / UNIT
            features = features / 8
            weighted = features * ((1 + 0.3 * features.sum(axis=1)) ** -1.5)[:, None]
            self.context_products[g] += weighted.T @ features
            self.context_moments[g] += weighted.T @ size

    def solve(self) -> None:
        """Set the weights of the kind."""
        for g, group in enumerate(self.kind.groups):
            known = np.flatnonzero(known_lanes(group))
            products = self.products[np.ix_(known, known)]
            ridge = 1e-6 * np.trace(products) / len(products) + 1
            solved = np.zeros((len(self.products), group.dim))
            solved[known] = np.linalg.solve(
                products + ridge * np.eye(len(known)),
                self.moments[known, group.first : group.first + group.dim],
            )
            group.predictors = solved.T.reshape(group.dim, N_NEIGHBOURS, LANES)
            products = self.context_products[g]
            ridge = 1e-6 * np.trace(products) / N_FEATURES + 1e-3
            root = np.linalg.cholesky(products + ridge * np.eye(N_FEATURES))
            group.contexts = nnls(root.T, np.linalg.solve(root, self.context_moments[g]))[0]
