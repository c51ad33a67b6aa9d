"""Training on samples that are read piece by piece, in memory that does not grow with them.

Samples fill a block. If it holds them all, training is that on an array. Else each block is cut in
parts, the parts are summarised, and the last stages follow; `_summary` has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn import _source, _summary
from centnn._error import total
from centnn._monitor import Monitor
from centnn._options import Options
from centnn._source import Source
from centnn._summary import Moments, Summary
from centnn._training import Training, train

Array = NDArray[Any]
Floats = NDArray[np.float64]
Part = tuple[Array, Floats | None]

# Options that other values than these need an array for.
OF_STREAMS = {"algorithm": "local", "init": None, "fixed": None, "rate_weight": 0}

# Bytes that a block takes while it is trained on: the samples, a copy of them and 24 bytes each.
BLOCK = 1 << 28
ROW = 24

# Parts of a block; each has at least so many times more samples than its summary has codewords.
PARTS = 16
REDUCTION = 4

# Summaries are merged where there would be more codewords than those of so many.
SUMMARIES = 16


@dataclass(frozen=True)
class Sizes:
    """How much is read, summarised and kept at a time."""

    block: int
    """Samples of a block."""
    part: int
    """Samples of a part."""
    summary: int
    """Codewords of a part's summary."""


def choose_sizes(n_clusters: int, n_features: int, dtype: np.dtype[Any]) -> Sizes:
    """Return sizes for samples of such a kind: whatever their number."""
    summary = _summary.summary_size(n_clusters, SUMMARIES)
    copied = np.dtype(np.float32) if dtype == np.float16 else dtype
    in_memory = BLOCK // (n_features * (dtype.itemsize + copied.itemsize) + ROW)
    part = max(in_memory // PARTS, REDUCTION * summary)
    return Sizes(max(in_memory // part, 1) * part, part, summary)


class Stream:
    """A source, read in blocks with the weights of their samples."""

    def __init__(self, source: Source, weights: Floats | None, sizes: Sizes) -> None:
        self.n_samples = 0  # that have been read, in this pass
        self._source = source
        self._weights = weights
        self._sizes = sizes

    def blocks(self) -> Iterator[tuple[Part, bool]]:
        """Yield each block and whether it is the last; its memory is used for the next one."""
        self.n_samples = 0
        for samples, is_last in _source.blocks(self._source, self._sizes.block):
            start, self.n_samples = self.n_samples, self.n_samples + len(samples)
            weights = None if self._weights is None else self._weights[start : self.n_samples]
            yield (samples, weights), is_last

    def parts(self, blocks: Iterable[Part]) -> Iterator[Part]:
        """Yield the parts of blocks, without samples of weight 0."""
        for samples, weights in blocks:
            for start in range(0, len(samples), self._sizes.part):
                rows = slice(start, start + self._sizes.part)
                if weights is None:
                    yield samples[rows], None
                elif (used := weights[rows] > 0).any():
                    yield samples[rows][used], weights[rows][used]


class Summaries:
    """Summaries of the parts so far; neighbours are merged where there get too many."""

    def __init__(self, size: int, n_threads: int) -> None:
        self._size = size
        self._n_threads = n_threads
        self._summaries: list[Summary] = []
        self._n_parts: list[int] = []  # that each stands for

    def add(self, samples: Array, weights: Floats | None) -> None:
        """Summarise one more part."""
        summary = _summary.summarize(samples, self._size, weights, self._n_threads)
        self._summaries.append(summary)
        self._n_parts.append(1)
        while len(self._summaries) > 1 and self.n_codewords() > SUMMARIES * self._size:
            self._merge()

    def n_codewords(self) -> int:
        """Return how many codewords there are in all."""
        return sum(len(summary.counts) for summary in self._summaries)

    def error(self) -> float:
        """Return the squared error of all samples so far."""
        return total(summary.error for summary in self._summaries)

    def union(self) -> Summary:
        """Return all in one."""
        return _summary.union(self._summaries)

    def _merge(self) -> None:
        """Merge the two neighbours that stand for the fewest parts: none is merged often."""
        pairs = [a + b for a, b in zip(self._n_parts, self._n_parts[1:], strict=False)]
        i = pairs.index(min(pairs))
        both = slice(i, i + 2)
        merged = _summary.merge(self._summaries[both], self._size, self._n_threads)
        self._summaries[both] = [merged]
        self._n_parts[both] = [pairs[i]]


def needs_array(options: Mapping[str, Any]) -> str | None:
    """Return the name of an option that asks for what streams do not have, if there is one."""
    for name, value in OF_STREAMS.items():
        given = options[name]
        if given is not None if value is None else not (np.isscalar(given) and given == value):
            return name
    return None


def fit(
    source: Source, weights: Floats | None, options: Options, sizes: Sizes | None = None
) -> Training:
    """Train on the samples of a source, with weights (N,), at least 0, or None for weights of 1."""
    _check(source, options)
    sizes = sizes or choose_sizes(options.n_clusters, source.shape[1], source.dtype)
    stream = Stream(source, weights, sizes)
    blocks = stream.blocks()
    first, is_all = next(blocks)
    if is_all:
        return train(*first, options)
    monitor = Monitor(options.callback, options.verbose, 0)
    parts = stream.parts(chain([first], (block for block, _ in blocks)))
    summary = _summarize(parts, sizes.summary, options.n_threads, monitor)
    if monitor.stopped:
        least = _summary.merge([summary], options.n_clusters, options.n_threads)
        trained = least.codewords, least.counts, least.error
    else:
        trained = _summary.train(summary, options, monitor, stream.n_samples)
    if not monitor.stopped:
        find = partial(_moments, stream, stream.n_samples, options.n_threads)
        trained = _summary.refine(find, summary, trained, options.n_passes, monitor)
    centers, counts, error = trained
    history = monitor.table()
    return Training(centers, None, counts, error, len(history), history)


def _check(source: Source, options: Options) -> None:
    """Raise ValueError for options that do not go together with a source."""
    name = needs_array(vars(options))
    if name is not None:
        raise ValueError(
            f"{name} must be {OF_STREAMS[name]!r} where X is not an array in memory, "
            f"got {getattr(options, name)}"
        )
    if options.n_passes and not source.can_restart:
        raise ValueError(
            "X must be something that can be read n_passes + 1 times, such as a list of arrays or "
            "a function that returns an iterator, or n_passes must be 0, "
            f"got an iterator and n_passes={options.n_passes}"
        )


def _summarize(parts: Iterable[Part], size: int, n_threads: int, monitor: Monitor) -> Summary:
    """Read all parts, or until the monitor is stopped; return their summary."""
    summaries = Summaries(size, n_threads)
    for samples, weights in parts:
        summaries.add(samples, weights)
        weight = len(samples) if weights is None else float(weights.sum())
        monitor.n_values += weight * samples.shape[1]
        if monitor.next(summaries.n_codewords(), summaries.error()):
            break
    return summaries.union()


def _moments(stream: Stream, n_samples: int, n_threads: int, centers: Array) -> Moments:
    """Return the moments of all samples, of which there must be as many as before."""
    found = Moments(np.zeros(centers.shape), np.zeros(len(centers)), 0.0)
    for (samples, weights), _ in stream.blocks():
        found += _summary.moments(samples, centers, weights, n_threads)
    if stream.n_samples != n_samples:
        raise ValueError(
            "X must have the same samples each time that it is read, "
            f"got {n_samples} at first and then {stream.n_samples}"
        )
    return found
