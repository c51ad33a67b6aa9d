"""How the model of photo mode is trained: what is counted, averaged and solved in each pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from _photo_model import (
    BIN,
    LANES,
    N_CELLS,
    N_CLASSES,
    N_DC_CLASSES,
    N_FEATURES,
    N_GROUPS,
    N_NEIGHBOURS,
    N_PARTS,
    N_SLOPES,
    N_TAPS,
    N_TEXTURES,
    TAP_LIMIT,
    Group,
    Kind,
    resource,
    smoothed,
)
from numpy.typing import NDArray
from scipy.optimize import nnls

from centnn.codebook import fit_codebook
from centnn.image import _photo

Array = NDArray[Any]

UNIT = 16  # coefficients are in sixteenths of s
BIT = UNIT * UNIT  # what a bit is worth in squared error
N_SAMPLES = 60  # of a codeword, when codebooks begin
LEAST_USES = 3  # of a codeword, or it is moved
CELL_LEAST = 0.9  # error a coefficient, in units of s squared, from which stage 2 pays
NOESC = 4
ESCAPE_USES = 0.5  # pretended, of the escape


@dataclass
class Item:
    """A picture to train on, at a quality."""

    planes: list[Array]
    steps: tuple[int, int]


@dataclass
class Trace:
    """What the encoder saw and chose in a plane."""

    wanted: Array
    residuals: Array
    decoded: Array
    chosen: Array


def layout_of(item: Item) -> _photo.Layout:
    """Return the layout of a picture in one band."""
    height, width = item.planes[0].shape
    n_planes = len(item.planes)
    return _photo.Layout(width, height, n_planes, n_planes > 1, item.steps, 4096, [N_GROUPS + 1])


def encode(model: _photo.Model, item: Item, *, may_escape: bool = True) -> tuple[int, list[Trace]]:
    """Return the bytes that a picture takes, and the trace of each plane."""
    encoder = _photo.Encoder(model, layout_of(item), item.planes, 1, may_escape)
    scans, traces = encoder.trace()
    return sum(map(len, scans)), [Trace(*arrays) for arrays in traces]


# ---- features, as csrc/photo/plane.c sees them


def magnitudes(trace: Trace, kind: Kind) -> Array:
    """Return the magnitudes (rows, columns, groups) of the codewords chosen."""
    result = np.zeros((*trace.chosen.shape[:2], N_GROUPS), np.float32)
    for g, group in enumerate(kind.groups):
        if len(group.words[0]):
            result[..., g] = group.magnitudes()[trace.chosen[..., g, 0]]
        else:  # at the very beginning
            part = trace.decoded[..., group.first : group.first + group.dim].astype(np.float32)
            result[..., g] = np.rint(np.linalg.norm(part, axis=2) / 2).clip(0, 255)
    return result


def shifted(array: Array, down: int, right: int, *, edge: bool = False) -> Array:
    """Return what lies so far down and right of each place; 0 or the edge beyond edges."""
    pad = [(2, 2), (2, 2)] + [(0, 0)] * (array.ndim - 2)
    padded = np.pad(array, pad, mode="edge" if edge else "constant")
    rows, columns = array.shape[:2]
    return padded[2 + down : 2 + down + rows, 2 + right : 2 + right + columns]


# Groups back, blocks down and right of each magnitude that a context depends on.
AROUND = [(0, -1), (-1, 0), (0, 1), (1, 0)]
PLACES = [
    *[(0, *to) for to in ((0, -1), (0, -2), (-1, 0), (-1, -1), (-1, 1), (-2, 0))],
    *[(1, *to) for to in ((0, 0), *AROUND, (-1, -1), (-1, 1), (1, -1), (1, 1))],
    *[(2, *to) for to in ((0, 0), *AROUND)],
    *[(3, *to) for to in ((0, 0), (0, 1), (1, 0))],
    *[(n, 0, 0) for n in range(4, 10)],
]


def context_features(m: Array, decoded: Array, guides: list[Array]) -> list[Array]:
    """Return the features (blocks, N_FEATURES) of the magnitude of each group."""
    places = sorted({tuple(to) for _, *to in PLACES})
    moved = {place: shifted(m, *place).reshape(-1, N_GROUPS).astype(np.float32) for place in places}
    dc = decoded[..., 0].astype(np.int32)
    around = [shifted(dc, *to, edge=True) for to in AROUND]
    activity = np.minimum(sum(np.abs(dc - other) for other in around) >> 4, 255).ravel()
    nothing = np.zeros(len(activity), np.float32)
    result = []
    for g in range(N_GROUPS):
        near = [moved[tuple(to)][:, g - n] if g >= n else nothing for n, *to in PLACES]
        others = [*[guide[..., g].ravel() for guide in guides], *[nothing] * (2 - len(guides))]
        result.append(np.stack([*near, *others, activity], axis=1).astype(np.float32))
    return result


def predictor_features(decoded: Array) -> NDArray[np.float32]:
    """Return what may predict a group: (blocks, N_NEIGHBOURS * LANES)."""
    low = decoded[..., :LANES] * (np.arange(LANES) > 0)
    dc = decoded[..., 0].astype(np.int32)
    differences = np.zeros(low.shape, np.int32)
    places = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y]
    for lane, place in enumerate(places):
        differences[..., lane] = shifted(dc, *place, edge=True) - dc
    parts = [*(shifted(low, *to) for to in ((0, -1), (-1, 0), (0, 1), (1, 0))), low, differences]
    return np.concatenate(parts, axis=2).reshape(-1, N_NEIGHBOURS * LANES).astype(np.float32)


def known_lanes(group: Group) -> NDArray[np.bool_]:
    """Return which of those features are known when a group is coded."""
    lanes = np.arange(LANES)
    own = (lanes > 0) & (lanes < group.first + group.dim)
    earlier = (lanes > 0) & (lanes < group.first)
    return np.concatenate([own, own, earlier, earlier, earlier, lanes < 8])


# ---- least squares


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


# ---- codebooks and tables


@dataclass
class Samples:
    """The residuals of a group in all blocks, and what they were coded by."""

    residuals: Array
    words: list[Array]
    classes: Array
    slopes: Array
    cells: Array

    @classmethod
    def of(cls, traces: list[Trace], g: int, group: Group) -> Samples:
        """Gather what there is of a group."""
        place = slice(group.first, group.first + group.dim)
        residuals = np.concatenate([t.residuals[..., place].reshape(-1, group.dim) for t in traces])
        chosen = np.concatenate([t.chosen[..., g, :].reshape(-1, 4) for t in traces]).astype(int)
        return cls(
            residuals,
            [chosen[:, 0], chosen[:, 1]],
            chosen[:, 2] // N_SLOPES,
            chosen[:, 2] % N_SLOPES,
            chosen[:, 3],
        )


def begin_words(residuals: Array, n_words: int) -> Array:
    """Train a first codebook on vectors that are no noise: entropy-constrained CentNN."""
    large = residuals[np.linalg.norm(residuals, axis=1) > 1.5 * UNIT]
    if not len(large):  # of too few pictures
        large = 2 * UNIT * np.eye(residuals.shape[1])
    step = max(1, len(large) // (N_SAMPLES * n_words))
    large = large[::step].astype(np.float32)
    n = min(n_words, len(np.unique(large, axis=0)))
    book = fit_codebook(large, n, rate_weight=float(BIT), effort="fast")
    return fill(book.centers.astype(float), n_words)


def fill(words: Array, n_words: int) -> Array:
    """Return n_words codewords: these, then the first of them a little larger, and so on."""
    rounds = [words * 1.1**i for i in range(-(-n_words // max(len(words), 1)))]
    return np.concatenate(rounds)[:n_words]


def means(vectors: Array, numbers: Array, words: Array) -> tuple[Array, Array]:
    """Return the means of the vectors of each number, from 1 on, and their counts."""
    counts = np.bincount(numbers, minlength=len(words) + 1)[1:]
    sums = np.stack(
        [np.bincount(numbers, column, minlength=len(words) + 1)[1:] for column in vectors.T], axis=1
    )
    used = counts > 0
    result = words.copy()
    result[used] = sums[used] / counts[used, None]
    return result, counts


def move_unused(words: Array, counts: Array, errors: Array) -> None:
    """Put codewords of no use beside those with the largest errors."""
    dead = np.flatnonzero(counts < LEAST_USES)
    large = np.argsort(-errors, kind="stable")[: len(dead)]
    signs = np.where(np.arange(words.shape[1]) % 2, 1, -1)
    for to, from_ in zip(dead, large, strict=False):
        words[to] = words[from_] * 1.02 + 0.3 * UNIT * signs * (1 if to % 2 else -1)


def first_words(group: Group) -> Array:
    """Return the codewords of stage 1, the zero codeword first, as the resource has them."""
    return np.vstack([np.zeros((1, group.dim)), np.rint(group.words[0])])


def update_stage1(group: Group, samples: Samples, *, may_move: bool) -> None:
    """Replace codewords of stage 1 by the means of what they code."""
    words, numbers = group.words[0], samples.words[0].copy()
    numbers[numbers == len(words)] = 0  # the escape is no codeword
    second = np.vstack([np.zeros((1, group.dim)), np.rint(group.words[1])])[samples.words[1]]
    vectors = samples.residuals - np.where(first_words(group)[numbers] < 0, -second, second)
    found, counts = means(vectors, numbers, words)
    counts[-1] = LEAST_USES
    if may_move:
        table = np.vstack([np.zeros((1, group.dim)), words])
        off = ((vectors - table[numbers]) ** 2).sum(axis=1)
        errors = np.bincount(numbers, off, minlength=len(words) + 1)[1:]
        move_unused(found[:-1], counts[:-1], errors[:-1])
    found[-1] = 0
    group.words[0] = found


def update_cells(group: Group, samples: Samples, n_words2: int) -> None:
    """Sort codewords of stage 1 by the error that they leave."""
    if not n_words2:
        return
    words = np.vstack([np.zeros((1, group.dim)), group.words[0]])
    off = ((samples.residuals - words[samples.words[0]]) ** 2).sum(axis=1) / (group.dim * BIT)
    counts = np.bincount(samples.words[0], minlength=len(words))
    error = np.bincount(samples.words[0], off, minlength=len(words)) / np.maximum(counts, 1)
    octaves = 1 + np.floor(np.log2(np.maximum(error, CELL_LEAST) / CELL_LEAST))
    group.cells = np.where(error < CELL_LEAST, 0, octaves.clip(1, N_CELLS - 1)).astype(int)[1:]
    group.cells[-1] = 0


def update_stage2(group: Group, samples: Samples, n_words2: int) -> None:
    """Train stage 2 on what stage 1 leaves, or replace its codewords by means."""
    if not n_words2:
        return
    cells = np.concatenate([[0], group.cells])[samples.words[0]]
    words = first_words(group)[samples.words[0]][cells > 0]
    rests = (samples.residuals[cells > 0] - words) * np.where(words < 0, -1, 1)
    if not len(group.words[1]):
        group.words[1] = begin_words(rests, n_words2)
    else:
        group.words[1], _ = means(rests, samples.words[1][cells > 0], group.words[1])


def renumber(group: Group, samples: Samples, stage: int) -> None:
    """Sort codewords by the mean class of their contexts, so that bins are alike."""
    n = len(group.words[stage])
    if not n:
        return
    numbers = samples.words[stage]
    height = samples.classes if stage == 0 else samples.cells
    counts = np.bincount(numbers, minlength=n + 1)[1:]
    sums = np.bincount(numbers, height, minlength=n + 1)[1:]
    norms = np.linalg.norm(group.words[stage], axis=1)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), N_CLASSES)
    if stage == 0:
        mean[-1] = np.inf  # the escape stays the last
    order = np.lexsort((norms, mean))
    places = np.concatenate([[0], 1 + np.argsort(order)])
    group.words[stage] = group.words[stage][order]
    samples.words[stage] = places[numbers]
    if stage == 0:
        group.cells = group.cells[order] if len(group.cells) else np.zeros(n, int)


def count(shape: tuple[int, ...], *indices: Array) -> Array:
    """Return how often each combination of indices occurs."""
    places = np.ravel_multi_index(indices, shape)
    return np.bincount(places, minlength=int(np.prod(shape))).reshape(shape).astype(float)


def update_tables(group: Group, samples: Samples) -> None:
    """Count symbols in their contexts."""
    words, words2 = samples.words
    bins = (words + BIN - 1) // BIN
    contexts = samples.classes * N_SLOPES + samples.slopes
    group.bins = smoothed(count((N_CLASSES * N_SLOPES, BIN), contexts, bins), 40)
    n_bins = len(group.words[0]) // BIN
    inside = (words - 1) % BIN
    used = bins > 0
    by_class = count((n_bins, N_CLASSES), bins[used] - 1, samples.classes[used]) + 1e-9
    shares = np.cumsum(by_class, axis=1) / by_class.sum(axis=1, keepdims=True)
    group.cuts = np.stack(
        [(shares < part / N_PARTS).sum(axis=1) + 1 for part in range(1, N_PARTS)], axis=1
    ).clip(0, N_CLASSES)
    parts = (samples.classes[:, None] >= group.cuts[np.maximum(bins - 1, 0)]).sum(axis=1)
    group.in_bin = np.zeros((N_SLOPES, N_PARTS, n_bins, BIN))
    for bin_ in range(n_bins):
        of = bins == bin_ + 1
        counts = count((N_SLOPES, N_PARTS, BIN), samples.slopes[of], parts[of], inside[of])
        if bin_ == n_bins - 1:
            counts[..., -1] += ESCAPE_USES
        group.in_bin[:, :, bin_] = smoothed(counts, 20)
    n_bins2 = len(group.words[1]) // BIN
    if n_bins2 and not words2.any():  # stage 2 has just begun
        group.bins2 = np.tile(
            [0.5] + [0.5 / n_bins2] * n_bins2 + [0] * (15 - n_bins2), (N_CELLS, 1)
        )
        group.in_bin2 = np.ones((n_bins2, BIN))
    elif n_bins2:
        refined = samples.cells > 0
        bins2 = (words2[refined] + BIN - 1) // BIN
        group.bins2 = smoothed(count((N_CELLS, BIN), samples.cells[refined], bins2), 40)
        used = bins2 > 0
        inside = (words2[refined][used] - 1) % BIN
        group.in_bin2 = count((n_bins2, BIN), bins2[used] - 1, inside) + 0.5


def update_group(
    group: Group, samples: Samples, n_words2: int, *, may_move: bool, has_stage2: bool
) -> None:
    """Do all that follows from what a pass chose."""
    update_stage1(group, samples, may_move=may_move)
    update_cells(group, samples, n_words2 if has_stage2 else 0)
    samples.cells = np.concatenate([[0], group.cells])[samples.words[0]]
    update_stage2(group, samples, n_words2 if has_stage2 else 0)
    samples.words[1] = np.where(samples.cells > 0, samples.words[1], 0)
    for stage in range(2):
        renumber(group, samples, stage)
    update_tables(group, samples)


def update_dc(kind: Kind, traces: list[Trace]) -> None:
    """Count the symbols of first coefficients."""
    chosen = np.concatenate([t.chosen[..., N_GROUPS, :].reshape(-1, 4) for t in traces]).astype(int)
    kind.dc = smoothed(count((N_DC_CLASSES, 16), chosen[:, 1], chosen[:, 0]) + 0.01, 20)


# ---- the last filter


def train_taps(kind: Kind, data: Iterator[tuple[Array, Array, Array, int]]) -> None:
    """Train the last filter on (canvas, textures, original, step) of planes: least squares.

    Weights are shared by places in the block that mirrors and turns take to each other.
    """
    products = np.zeros((N_TEXTURES, 8, 8, N_TAPS, N_TAPS))
    moments = np.zeros((N_TEXTURES, 8, 8, N_TAPS))
    for pixels, textures, original, step in data:
        height, width = original.shape
        pixels = pixels[:height, :width].astype(np.int32)
        limit = step >> 4
        taps = np.stack(
            [
                (shifted(pixels, *to, edge=True) - pixels).clip(-limit, limit)
                for to in ((-1, 0), (0, -1), (0, 1), (1, 0))
            ],
            axis=2,
        ).astype(np.float64)
        error = 8.0 * original - (pixels + 1024)
        # In units of s, so that all qualities count.
        taps, error = taps / step, error / step
        for y in range(min(8, height)):
            for x in range(min(8, width)):
                there, off = taps[y::8, x::8], error[y::8, x::8]
                textures_there = textures[: there.shape[0], : there.shape[1]]
                for t in range(N_TEXTURES):
                    part = there[textures_there == t]
                    products[t, y, x] += part.T @ part
                    moments[t, y, x] += part.T @ off[textures_there == t]
    products, moments = symmetric(products, moments)
    solved = np.linalg.solve(products + 1e-3 * np.eye(N_TAPS), moments[..., None])[..., 0]
    kind.taps = np.rint(solved * 64).clip(-TAP_LIMIT, TAP_LIMIT).transpose(0, 1, 3, 2)


def symmetric(products: Array, moments: Array) -> tuple[Array, Array]:
    """Sum what mirrors and turns take to each other; taps are above, left, right, below."""
    for axis, order in ((1, [3, 1, 2, 0]), (2, [0, 2, 1, 3])):
        moments = moments + np.flip(moments, axis)[..., order]
        products = products + np.flip(products, axis)[..., order, :][..., order]
    order = [1, 0, 3, 2]
    moments = moments + moments.swapaxes(1, 2)[..., order]
    products = products + products.swapaxes(1, 2)[..., order, :][..., order]
    return products, moments


# ---- the passes


class Trainer:
    """Trains models of luma and chroma on items."""

    def __init__(self, items: list[Item], n_bins: list[list[tuple[int, int]]]) -> None:
        self.items = items
        self.n_bins = n_bins
        self.kinds = [Kind(), Kind()]
        self.model = _photo.Model(resource(self.kinds))

    def run(self, n_passes: int, report: Any) -> None:
        """Train."""
        self._begin()
        for number in range(n_passes):
            n_bytes, traces = self._code(may_escape=number >= NOESC)
            report(number, n_bytes, self._error(traces))
            if number in (2, 4, 6):
                self._regress(traces)
            for kind, of_kind, n_bins in zip(
                self.kinds, self._by_kind(traces), self.n_bins, strict=True
            ):
                if not of_kind:
                    continue
                for g, group in enumerate(kind.groups):
                    update_group(
                        group,
                        Samples.of(of_kind, g, group),
                        n_bins[g][1] * BIN,
                        may_move=number < n_passes - 3,
                        has_stage2=number >= 1,
                    )
                update_dc(kind, of_kind)
            self.model = _photo.Model(resource(self.kinds))
        n_kinds = 1 + any(len(item.planes) > 1 for item in self.items)
        for number, kind in enumerate(self.kinds[:n_kinds]):
            train_taps(kind, self._canvases(number))
        self.model = _photo.Model(resource(self.kinds))

    def _begin(self) -> None:
        """Predictors, contexts and codebooks from coefficients rounded to zero where small."""
        _, traces = self._code()
        for of_item in traces:
            for trace in of_item:
                size = np.abs(trace.wanted)
                rounded = np.sign(trace.wanted) * np.floor(size / 41.6 + 0.35) * 41.6
                trace.decoded[..., 1:] = np.rint(rounded)[..., 1:]
                trace.residuals = trace.wanted
        self._regress(traces)
        for kind, of_kind, n_bins in zip(
            self.kinds, self._by_kind(traces), self.n_bins, strict=True
        ):
            for g, group in enumerate(kind.groups):
                if not of_kind:
                    continue
                rests = np.concatenate([self._unpredicted(g, group, trace) for trace in of_kind])
                group.words[0] = begin_words(rests, n_bins[g][0] * BIN)
                group.words[0] = group.words[0][np.argsort(np.linalg.norm(group.words[0], axis=1))]
                group.words[0][-1] = 0
                group.cells = np.zeros(len(group.words[0]), int)
                group.in_bin = np.ones((N_SLOPES, N_PARTS, n_bins[g][0], BIN))
                group.cuts = np.full((n_bins[g][0], 2), N_CLASSES)
                group.bins = np.ones((N_CLASSES * N_SLOPES, BIN)) / 64
                group.bins[:, 0] = 1
        self.model = _photo.Model(resource(self.kinds))

    @staticmethod
    def _unpredicted(g: int, group: Group, trace: Trace) -> Array:
        place = slice(group.first, group.first + group.dim)
        wanted = trace.wanted[..., place].reshape(-1, group.dim)
        features = predictor_features(trace.decoded) * known_lanes(group)
        return np.rint(wanted - features @ group.predictors.reshape(group.dim, -1).T)

    def _code(self, *, may_escape: bool = False) -> tuple[int, list[list[Trace]]]:
        coded = [encode(self.model, item, may_escape=may_escape) for item in self.items]
        return sum(n for n, _ in coded), [traces for _, traces in coded]

    @staticmethod
    def _by_kind(traces: list[list[Trace]]) -> list[list[Trace]]:
        luma = [of_item[0] for of_item in traces]
        return [luma, [trace for of_item in traces for trace in of_item[1:]]]

    @staticmethod
    def _error(traces: list[list[Trace]]) -> float:
        """Return the sum of squared errors of all coefficients, in units of s squared."""
        total = 0.0
        for of_item in traces:
            for trace in of_item:
                off = trace.wanted.astype(np.int32) - trace.decoded
                total += float((off.astype(np.float64) ** 2).sum()) / BIT
        return total

    def _regress(self, traces: list[list[Trace]]) -> None:
        regressions = [Regression(kind) for kind in self.kinds]
        for of_item in traces:
            m = [magnitudes(trace, self.kinds[p > 0]) for p, trace in enumerate(of_item)]
            for p, trace in enumerate(of_item):
                guides: list[Array] = []
                if p > 0:
                    guides.append(halved_largest(m[0], m[1].shape))
                if p > 1:
                    guides.append(m[1])
                regressions[p > 0].add(trace, m[p], guides)
        for regression in regressions:
            regression.solve()

    def _canvases(self, number: int) -> Iterator[tuple[Array, Array, Array, int]]:
        for item in self.items:
            layout = layout_of(item)
            scans = _photo.Encoder(self.model, layout, item.planes, 1).encode(1)[0]
            for p, plane in enumerate(item.planes):
                if (p > 0) == number:
                    pixels, textures = _photo.canvas(self.model, layout, scans, p)
                    yield pixels, textures, plane, item.steps[number]


def halved_largest(m: Array, shape: tuple[int, ...]) -> Array:
    """Return the largest magnitudes of luma at the blocks of chroma."""
    rows, columns = shape[:2]
    return m.reshape(rows, m.shape[0] // rows, columns, m.shape[1] // columns, -1).max(axis=(1, 3))
