"""The oracle: the algorithms as their definitions read, slow and obvious, in NumPy only.

Codebooks are kept as columns, (D, K), so that a sum over axis 0 adds dimension after dimension,
in the order in which the compiled code does.
"""

import itertools

import numpy as np


def squared_distances(x, columns):
    """Return the squared distance of one sample (D,) to each of K codewords (D, K)."""
    return ((columns - x[:, None]) ** 2).sum(axis=0)


def nearest(X, centers):
    """Return (codes, squared distances) of samples (N, D) and codewords (K, D), in float64."""
    X = np.asarray(X, dtype=np.float64)
    columns = np.ascontiguousarray(np.asarray(centers, dtype=np.float64).T)
    distances = np.array([squared_distances(x, columns) for x in X]).reshape(len(X), -1)
    codes = distances.argmin(axis=1)
    return codes, distances[np.arange(len(X)), codes]


class WinnerLoser:
    """Samples in index order, their centroids, and the moves that all the algorithms make."""

    def __init__(self, X, sample_weight, columns):
        self.X = np.asarray(X, dtype=np.float64)
        self.weight = weights_or_ones(sample_weight, len(X))
        self.w = columns  # (D, K)
        self.total = np.zeros(columns.shape[1])  # weight of each centroid's samples
        self.members = np.zeros(columns.shape[1], dtype=int)
        self.labels = np.zeros(len(X), dtype=int)
        self.movement = 0.0  # sum of the lengths of an epoch's moves, in order

    def move(self, j, i, weight, total):
        """Move centroid j towards sample i by weight / total of the way."""
        before = self.w[:, j].copy()
        self.w[:, j] += (self.X[i] - before) * weight / total
        self.movement += np.sqrt(np.cumsum((self.w[:, j] - before) ** 2)[-1])

    def adopt(self):
        """Let each sample in order go to its nearest centroid: epoch 0."""
        self.movement = 0.0
        for i, x in enumerate(self.X):
            j = self.labels[i] = squared_distances(x, self.w).argmin()
            self.total[j] += self.weight[i]
            self.members[j] += 1
            self.move(j, i, self.weight[i], self.total[j])

    def start_at_means(self):
        """Give each sample to its nearest centroid, then make these means: epoch 0, if given some.

        Those without samples are left out.
        """
        nearest_of_all = [squared_distances(x, self.w).argmin() for x in self.X]
        used, self.labels = np.unique(nearest_of_all, return_inverse=True)
        sums = np.zeros((len(used), self.X.shape[1]))
        np.add.at(sums, self.labels, self.weight[:, None] * self.X)
        self.total = np.bincount(self.labels, self.weight)
        self.members = np.bincount(self.labels)
        self.w = np.ascontiguousarray((sums / self.total[:, None]).T)

    def epoch(self):
        """Let each sample in order go to its nearest centroid; tell whether one moved."""
        self.movement = 0.0
        moved = False
        for i, x in enumerate(self.X):
            p = self.labels[i]
            j = squared_distances(x, self.w).argmin()
            if j != p and self.members[p] > 1:
                self.move(j, i, self.weight[i], self.total[j] + self.weight[i])
                self.move(p, i, -self.weight[i], self.total[p] - self.weight[i])
                self.total[j] += self.weight[i]
                self.total[p] -= self.weight[i]
                self.members[j] += 1
                self.members[p] -= 1
                self.labels[i] = j
                moved = True
        return moved

    def split(self, epsilon):
        """Add a centroid beside that with the largest error; return how far from it.

        Where a centroid has won no sample (the article is silent on it), it is put on the sample
        farthest from its centroid in the cluster with the largest error instead. A cluster of one
        sample is never split: all its error is rounding.
        """
        pairs = zip(self.X, self.labels, strict=True)
        square = np.array([squared_distances(x, self.w)[p] for x, p in pairs])
        k = len(self.members)
        error = np.bincount(self.labels, self.weight * np.sqrt(square), minlength=k)
        worst = np.where(self.members > 1, error, 0).argmax()
        if not self.members.all():
            farthest = np.where(self.labels == worst, square, -1).argmax()
            self.w[:, self.members.argmin()] = self.X[farthest]
            return np.sqrt(square[farthest])
        self.w = np.column_stack([self.w, self.w[:, worst] + epsilon])
        self.total = np.append(self.total, 0)
        self.members = np.append(self.members, 0)
        return epsilon * np.sqrt(len(self.w))

    def is_complete(self, n_clusters):
        """Tell whether there are so many centroids, none without samples."""
        return len(self.members) == n_clusters and self.members.all()


def weights_or_ones(sample_weight, n):
    return np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)


def mean_and_spread(X, weight):
    """Return the mean (D,) and the length of the vector of standard deviations."""
    mean = np.average(X, axis=0, weights=weight)
    variances = [np.average((x - m) ** 2, weights=weight) for x, m in zip(X.T, mean, strict=True)]
    return mean, np.sqrt(np.sum(variances))


def classic(X, n_clusters, sample_weight=None, epsilon=0.05, init=None):
    """Train Park's CentNN (2000); return (centers (K, D), labels (N,), epochs).

    With `init` (k, D), k <= n_clusters, it starts from these codewords.
    """
    centers, labels, _, epochs = classic_with_counts(X, n_clusters, sample_weight, epsilon, init)
    return centers, labels, epochs


def classic_with_counts(X, n_clusters, sample_weight=None, epsilon=0.05, init=None):
    """Return (centers, labels, weights of the clusters, epochs)."""
    X = np.asarray(X, dtype=np.float64)
    weight = weights_or_ones(sample_weight, len(X))
    mean, _ = mean_and_spread(X, weight)
    if n_clusters == 1:
        return mean[None, :], np.zeros(len(X), dtype=int), weight.sum(keepdims=True), 0
    if init is None:
        state = WinnerLoser(X, weight, np.column_stack([mean + epsilon, mean - epsilon]))
        state.adopt()
    else:
        state = WinnerLoser(X, weight, np.array(init, np.float64).T.copy())
        state.start_at_means()
    epochs = 1
    while True:
        moved = state.epoch()
        epochs += 1
        if moved:
            continue
        if state.is_complete(n_clusters):
            return state.w.T.copy(), state.labels, state.total, epochs
        state.split(epsilon)


def group(X, n_clusters, n_groups, sample_weight=None):
    """Train Tran's G-CentNN (2026); return (centers (K, D), labels (N,)).

    One group is all samples: its codewords are the result, as with `classic`.
    """
    if n_groups == 1:
        return classic(X, n_clusters, sample_weight)[:2]
    X = np.asarray(X, dtype=np.float64)
    weight = weights_or_ones(sample_weight, len(X))
    centers, counts = [], []
    for g in range(n_groups):
        part = X[g::n_groups]
        k = min(n_clusters, len(np.unique(part, axis=0)))
        part_centers, _, part_counts, _ = classic_with_counts(part, k, weight[g::n_groups])
        centers.append(part_centers)
        counts.append(part_counts)
    centers = np.concatenate(centers)
    k = min(n_clusters, len(np.unique(centers, axis=0)))
    merged, _, _ = classic(centers, k, np.concatenate(counts))
    return classic(X, n_clusters, weight, init=merged)[:2]


def entropy(X, n_clusters, sample_weight=None, epsilon=0.05, theta=2, patience=2):
    """Train Tran's FastCentNN (2026); return (centers (K, D), labels (N,), epochs)."""
    X = np.asarray(X, dtype=np.float64)
    mean, spread = mean_and_spread(X, weights_or_ones(sample_weight, len(X)))
    if n_clusters == 1:
        return mean[None, :], np.zeros(len(X), dtype=int), 0
    floor = max(epsilon * np.sqrt(X.shape[1]), 1e-3 * spread)
    state = WinnerLoser(X, sample_weight, np.column_stack([mean + epsilon, mean - epsilon]))
    state.adopt()
    epochs = 1
    baseline, calm = state.movement, 0
    while True:
        moved = state.epoch()
        epochs += 1
        if state.is_complete(n_clusters) and not moved:
            return state.w.T.copy(), state.labels, epochs
        calm = calm + 1 if state.movement <= theta * baseline else 0
        if not moved or (calm >= patience and len(state.members) < n_clusters):
            baseline = max(state.split(epsilon), state.movement, floor)
            calm = 0


def squared_error(X, labels, sample_weight=None):
    """Return the sum of weight * squared distance of samples to the mean of their cluster."""
    X = np.asarray(X, dtype=np.float64)
    weight = weights_or_ones(sample_weight, len(X))
    total = 0.0
    for j in np.unique(labels):
        part, w = X[labels == j], weight[labels == j]
        total += (w[:, None] * (part - np.average(part, axis=0, weights=w)) ** 2).sum()
    return total


def greatest_fall(X, labels, sample_weight=None):
    """Return by how much the error would fall if the best one sample went to another cluster.

    At most 0 at an optimum of Hartigan's: after the move both centroids are the means again.
    """
    X = np.asarray(X, dtype=np.float64)
    weight = weights_or_ones(sample_weight, len(X))
    k = labels.max() + 1
    total = np.bincount(labels, weight, minlength=k)
    means = np.stack([np.bincount(labels, weight * x, minlength=k) / total for x in X.T])
    greatest = -np.inf
    for x, w, p in zip(X, weight, labels, strict=True):
        if np.count_nonzero(labels == p) == 1:
            continue
        square = squared_distances(x, means)
        rise = w * total / (total + w) * square
        rise[p] = np.inf
        greatest = max(greatest, w * total[p] / (total[p] - w) * square[p] - rise.min())
    return greatest


def least_error(X, n_clusters):
    """Return the least squared error of all partitions into K clusters: for very few samples."""
    labelings = itertools.product(range(n_clusters), repeat=len(X) - 1)
    return min(squared_error(X, np.array([0, *labels])) for labels in labelings)


def optimal_scalar(values, weights, n_clusters):
    """Return the least sum of weight * squared error over all cuts of rising values into K."""
    n = len(values)
    error = np.full((n + 1, n + 1), np.inf)  # of the values from i to j - 1
    for i in range(n):
        for j in range(i + 1, n + 1):
            part, weight = values[i:j], weights[i:j]
            mean = np.average(part, weights=weight)
            error[i, j] = (weight * (part - mean) ** 2).sum()
    least = error[0]  # of the values before j
    for _ in range(n_clusters - 1):
        least = (least[:, None] + error).min(axis=0)
    return least[n]
