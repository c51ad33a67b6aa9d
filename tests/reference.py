"""The oracle: the algorithms as their definitions read, slow and obvious, in NumPy only.

Codebooks are kept as columns, (D, K), so that a sum over axis 0 adds dimension after dimension,
in the order in which the compiled code does.
"""

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


def classic(X, n_clusters, sample_weight=None, epsilon=0.05):
    """Train Park's CentNN (2000); return (centers (K, D), labels (N,), epochs).

    Where a new centroid wins no sample (the article is silent on it), it is put on the sample
    farthest from its centroid in the cluster with the largest error.
    """
    X = np.asarray(X, dtype=np.float64)
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    mean = np.average(X, axis=0, weights=weight)
    labels = np.zeros(len(X), dtype=int)
    if n_clusters == 1:
        return mean[None, :], labels, 0

    w = np.column_stack([mean + epsilon, mean - epsilon])
    total = np.zeros(2)  # weight of each centroid's samples
    members = np.zeros(2, dtype=int)
    for i, x in enumerate(X):
        j = labels[i] = squared_distances(x, w).argmin()
        total[j] += weight[i]
        members[j] += 1
        w[:, j] += (x - w[:, j]) * weight[i] / total[j]

    epochs = 1
    while True:
        moved = False
        for i, x in enumerate(X):
            p = labels[i]
            j = squared_distances(x, w).argmin()
            if j != p and members[p] > 1:
                w[:, j] += (x - w[:, j]) * weight[i] / (total[j] + weight[i])
                w[:, p] -= (x - w[:, p]) * weight[i] / (total[p] - weight[i])
                total[j] += weight[i]
                total[p] -= weight[i]
                members[j] += 1
                members[p] -= 1
                labels[i] = j
                moved = True
        epochs += 1
        if moved:
            continue

        empty = members[-1] == 0
        if len(members) == n_clusters and not empty:
            return w.T.copy(), labels, epochs
        distance = np.sqrt([squared_distances(x, w)[p] for x, p in zip(X, labels, strict=True)])
        error = np.bincount(labels, weights=weight * distance, minlength=len(members))
        worst = error.argmax()
        if empty:
            w[:, -1] = X[np.where(labels == worst, distance, -1).argmax()]
        else:
            w = np.column_stack([w, w[:, worst] + epsilon])
            total = np.append(total, 0)
            members = np.append(members, 0)


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
