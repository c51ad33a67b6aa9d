"""How the model of photo mode is trained, pass by pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from _photo_features import BIT, Trace, halved_largest, known_lanes, magnitudes, predictor_features
from _photo_filter import train_taps
from _photo_model import BIN, N_CLASSES, N_GROUPS, N_PARTS, N_SLOPES, Group, Kind, resource
from _photo_regression import Regression
from _photo_tables import Samples, begin_words, update_dc, update_group
from numpy.typing import NDArray

from centnn.image import _photo

Array = NDArray[Any]

# Passes, counted from 0, after which predictors and contexts are solved for anew; from which stage
# 2 is trained, and codewords have become good enough that an escape means something; and how many
# at the end leave codewords of no use where they are.
REGRESSIONS = (2, 4, 6)
STAGE2_FROM, ESCAPES_FROM = 1, 4
QUIET = 3


@dataclass
class Item:
    """A picture to train on, at a quality."""

    image: Array
    steps: tuple[int, int]


def layout_of(item: Item) -> _photo.Layout:
    """Return the layout of a picture in one band."""
    height, width, n_planes = item.image.shape
    return _photo.Layout(width, height, n_planes, n_planes > 1, item.steps, 4096, [N_GROUPS + 1])


def planes_of(image: Array) -> list[Array]:
    """Return the planes of a picture, grey or in colour."""
    return _photo.to_planes(image, True) if image.shape[2] > 1 else [image[:, :, 0]]


def encode(model: _photo.Model, item: Item, *, may_escape: bool = True) -> tuple[int, list[Trace]]:
    """Return the bytes that a picture takes, and the trace of each plane."""
    encoder = _photo.Encoder(model, layout_of(item), item.image, 1, may_escape)
    scans, traces = encoder.trace()
    return sum(map(len, scans)), [Trace(*arrays) for arrays in traces]


class Trainer:
    """Trains models of luma and chroma on items."""

    def __init__(self, items: list[Item], n_bins: list[list[tuple[int, int]]]) -> None:
        self.items = items
        self.n_bins = n_bins
        self.kinds = [Kind(), Kind()]
        self.model = _photo.Model(resource(self.kinds))

    def run(self, n_passes: int, report: Callable[[int, int, float], None]) -> None:
        """Train; report(pass, bytes, sum of squared errors) is called after each pass."""
        self._begin()
        for number in range(n_passes):
            n_bytes, traces = self._code(may_escape=number >= ESCAPES_FROM)
            report(number, n_bytes, self._error(traces))
            if number in REGRESSIONS:
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
                        may_move=number < n_passes - QUIET,
                        has_stage2=number >= STAGE2_FROM,
                    )
                update_dc(kind, of_kind)
            self.model = _photo.Model(resource(self.kinds))
        n_kinds = 1 + any(item.image.shape[2] > 1 for item in self.items)
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
            scans = _photo.Encoder(self.model, layout, item.image, 1).encode(1)[0]
            for p, plane in enumerate(planes_of(item.image)):
                if (p > 0) == number:
                    pixels, textures = _photo.canvas(self.model, layout, scans, p)
                    yield pixels, textures, plane, item.steps[number]
