"""The oracle of `partial_fit`: the rules of `centnn/_mini_batch.py` as they read, one by one."""

import numpy as np
from reference import squared_distances

SLICE, GROWTH, EVIDENCE = 1024, 1.1, 2
CHEAPER, ENOUGH_OF_STREAM, ENOUGH_OF_CLUSTER = 0.35, 16, 12
ALONE = 1e-6


def square(x, y):
    """Return the squared distance of two points, added up in the order of components."""
    return np.cumsum((x - y) ** 2)[-1]


class Mean:
    """The mean of samples that come and go."""

    def __init__(self, place, weight=0.0):
        self.place, self.weight = np.array(place, np.float64), weight

    def add(self, x, weight):
        self.weight += weight
        rate = weight / self.weight
        self.place = x.copy() if rate == 1 else self.place + (x - self.place) * rate

    def is_alone(self, weight):
        return self.weight - weight <= ALONE * self.weight

    def remove(self, x, weight):
        self.weight -= weight
        self.place = self.place + (x - self.place) * (-weight / self.weight)


class Cluster:
    """A centroid and its two halves."""

    def __init__(self, centroid):
        self.centroid = centroid
        self.forget()

    def forget(self):
        self.halves = [Mean(np.zeros_like(self.centroid.place)) for _ in range(2)]
        self.rise = self.seen = self.age = 0.0

    def note(self, x, weight, rival):
        own, other = square(x, self.centroid.place), square(x, rival.centroid.place)
        self.rise += weight * (other - own)
        self.seen += 1

    def join(self, x, weight):
        first, second = self.halves
        if first.weight == 0:
            side = 0
        elif second.weight == 0:
            side = int(square(x, first.place) > 0)
        else:
            side = int(square(x, second.place) < square(x, first.place))
        self.halves[side].add(x, weight)
        return side

    def leave(self, x, weight, side):
        if self.halves[side].is_alone(weight):
            self.halves[side].weight = 0.0
        else:
            self.halves[side].remove(x, weight)

    def change_sides(self, x, weight, side):
        own, other = self.halves[side], self.halves[1 - side]
        if other.weight == 0 or square(x, other.place) >= square(x, own.place):
            return side
        self.leave(x, weight, side)
        other.add(x, weight)
        return 1 - side

    def gain(self):
        a, b = self.halves
        if a.weight == 0 or b.weight == 0:
            return 0.0
        return a.weight * b.weight / (a.weight + b.weight) * square(a.place, b.place)

    def divide(self, other):
        """Give the second half to another cluster, keep the first."""
        first, second = self.halves
        part = self.centroid.weight / (first.weight + second.weight)
        self.centroid = Mean(first.place, first.weight * part)
        other.centroid = Mean(second.place, second.weight * part)
        self.forget()
        other.forget()


class MiniBatch:
    """Clusters of a stream, learnt one batch after the other."""

    def __init__(self, n_features, dtype=np.float64, init=None, weights=None):
        init = [np.zeros(n_features)] if init is None else init
        weights = np.zeros(len(init)) if weights is None else weights
        self.clusters = [Cluster(Mean(w, n)) for w, n in zip(init, weights, strict=True)]
        self.dtype = dtype
        self.n_samples = 0
        self.weight = float(np.sum(weights))

    def centers(self):
        return np.array([c.centroid.place for c in self.clusters]).astype(self.dtype)

    def nearest_two(self, X):
        """Return the two nearest of each sample, with the centroids as they are now."""
        if len(self.clusters) == 1:
            return np.zeros((len(X), 2), int)
        columns = self.centers().astype(np.float64).T.copy()
        distances = np.array([squared_distances(x, columns) for x in X])
        return np.argsort(distances, axis=1, kind="stable")[:, :2]

    def learn(self, X, n_clusters, sample_weight=None):
        X = np.asarray(X, np.float64)
        weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        X, weight = X[weight > 0], weight[weight > 0]
        self.fade(weight.sum())
        self.n_samples += len(X)
        limit = min(n_clusters, max(1, self.n_samples // EVIDENCE))
        self.cluster_of, self.side_of = np.zeros(len(X), int), np.zeros(len(X), int)
        self.take_in(X, weight)
        self.settle(X, weight)
        while len(self.clusters) < limit and self.grow(limit):
            self.settle(X, weight)
        for c in self.clusters:
            c.age += len(X)
        self.relocate()

    def fade(self, weight):
        part = self.weight / (self.weight + weight)
        self.weight += weight
        for c in self.clusters:
            for mean in (c.centroid, *c.halves):
                mean.weight *= part
            c.rise, c.seen, c.age = c.rise * part, c.seen * part, c.age * part

    def in_slices(self, X):
        """Yield each sample's number, its nearest centroid and the next, searched in slices."""
        for start in range(0, len(X), SLICE):
            codes = self.nearest_two(X[start : start + SLICE])
            for i, (j, rival) in enumerate(codes, start):
                yield i, j, rival

    def take_in(self, X, weight):
        for i, j, rival in self.in_slices(X):
            winner = self.clusters[j]
            winner.note(X[i], weight[i], self.clusters[rival])
            winner.centroid.add(X[i], weight[i])
            self.cluster_of[i], self.side_of[i] = j, winner.join(X[i], weight[i])

    def settle(self, X, weight):
        for i, j, rival in self.in_slices(X):
            x, w, p, side = X[i], weight[i], self.cluster_of[i], self.side_of[i]
            loser, best = self.clusters[p], self.winner(x, w, p, (j, rival))
            if best != p:
                loser.centroid.remove(x, w)
                if side >= 0:
                    loser.leave(x, w, side)
                winner = self.clusters[best]
                winner.centroid.add(x, w)
                self.cluster_of[i], self.side_of[i] = best, winner.join(x, w)
            elif side < 0:
                self.side_of[i] = loser.join(x, w)
            else:
                self.side_of[i] = loser.change_sides(x, w, side)
            if side < 0:
                self.clusters[best].note(x, w, self.clusters[rival if best == j else j])

    def winner(self, x, weight, p, nearest):
        """Return which cluster's error x adds least to: p, which has it, or one of the nearest."""
        own = self.clusters[p].centroid
        if own.is_alone(weight):
            return p
        costs = {p: square(x, own.place) * (own.weight / (own.weight - weight))}
        for j in nearest:
            c = self.clusters[j].centroid
            if j != p:
                costs[j] = square(x, c.place) * (c.weight / (c.weight + weight))
        return min(costs, key=costs.get)

    def grow(self, limit):
        k = len(self.clusters)
        gains = np.zeros(k)
        for j, c in enumerate(self.clusters):
            if c.gain() > 0:
                gains[j] = c.gain() * c.centroid.weight / sum(half.weight for half in c.halves)
        n = min(limit - k, max(1, int(k * (GROWTH - 1))), np.count_nonzero(gains))
        for new, j in enumerate(np.argsort(-gains, kind="stable")[:n], k):
            self.clusters.append(Cluster(Mean(np.zeros_like(self.clusters[0].centroid.place))))
            self.clusters[j].divide(self.clusters[new])
            its = self.cluster_of == j
            self.cluster_of[its & (self.side_of == 1)] = new
            self.side_of[its] = -1
        return n > 0

    def relocate(self):
        many = ENOUGH_OF_STREAM * len(self.clusters)
        costs = np.array([c.rise / c.age if c.age >= many else np.inf for c in self.clusters])
        gains = np.array(
            [c.gain() / c.age if c.seen >= ENOUGH_OF_CLUSTER else 0 for c in self.clusters]
        )
        dearest = np.argsort(-gains, kind="stable").tolist()
        done = set()
        for i in np.argsort(costs, kind="stable").tolist():
            free = [j for j in dearest if j not in done]
            if not free or i == free[0] or not costs[i] < CHEAPER * gains[free[0]]:
                return
            centroid, j = self.clusters[i].centroid, free[0]
            away = [square(centroid.place, c.centroid.place) for c in self.clusters]
            away[i] = np.inf
            heir = int(np.argmin(away))
            if i in done or heir in done:
                continue
            to = self.clusters[heir].centroid
            weight = centroid.weight + to.weight
            to.place = to.place + (centroid.place - to.place) * (centroid.weight / weight)
            to.weight = weight
            self.clusters[j].divide(self.clusters[i])
            done |= {i, j, heir}
