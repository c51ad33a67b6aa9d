"""The model of neighbouring codes: fitting it to codes, and what of it a file holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import _borders, _context, _rans
from centnn.image.integers import Reader, Writer

__all__ = ["ContextModel", "Tally", "fit", "fit_to_tallies", "tally"]

Array = NDArray[Any]

MAX_ENTRIES = 1 << 26  # states times codewords that a file may ask for
MAX_PRIOR = 31  # twice the binary logarithm
MAX_GAIN = 96  # four times the binary logarithm
_GAINS = (_context.N_ACTIVITIES, _context.N_BINS)
STEPS = (MAX_STEP := _borders.MAX_STEP_BITS, 6, 5, 4, 3, 2)  # from few tables to many
# What must be saved for each entry of a table that decoding takes the time to compute; and how
# many that may be at most: a block, and for the time and memory that fitting takes.
BITS_PER_ENTRY = 1 / 20
ENTRIES_PER_BLOCK = 20
FITTED_ENTRIES = 1 << 22
ROUNDS = 8
# What is added to counts, so that what was hardly seen changes little.
CAUTION = 2


@dataclass(frozen=True)
class ContextModel:
    """How probable codewords are beside their neighbours."""

    step_bits: int
    """Binary logarithm of the step, in grey levels of 256, by which neighbours are told apart."""
    priors: NDArray[np.uint8]
    """(K,): how frequent each codeword is, as a logarithm; at most MAX_PRIOR."""
    gains: NDArray[np.uint8]
    """(activities, bins): the weight of each bin of distances, as a logarithm."""

    def write(self, writer: Writer) -> None:
        """Append the model to a stream."""
        typical = int(np.median(self.priors))
        writer.write(np.array([self.step_bits, typical]), signs=False)
        writer.write(self.priors.astype(np.int64) - typical, signs=True)
        gains = self.gains.astype(np.int64)
        writer.write(np.diff(gains, axis=1, prepend=MAX_GAIN).ravel(), signs=True)

    @classmethod
    def read(cls, reader: Reader, n_codewords: int) -> ContextModel:
        """Take a model from a stream; ValueError if it cannot be."""
        step_bits, typical = reader.read(1, 2, signs=False)[0]
        priors = typical + reader.read(1, n_codewords, signs=True)[0]
        differences = reader.read(1, int(np.prod(_GAINS)), signs=True).reshape(_GAINS)
        gains = MAX_GAIN + np.cumsum(differences, axis=1)
        if (
            step_bits > MAX_STEP
            or min(priors.min(), gains.min()) < 0
            or priors.max() > MAX_PRIOR
            or gains.max() > MAX_GAIN
        ):
            raise ValueError("data is corrupted: its model of neighbours is out of range")
        return cls(int(step_bits), priors.astype(np.uint8), gains.astype(np.uint8))

    def encode(self, borders: _context.Borders, codes: Array, n_streams: int) -> list[bytes]:
        """Return the streams of a plane (rows, columns) of codes."""
        starts, sizes = self._model(borders).intervals(codes)
        starts, sizes = starts.reshape(codes.shape), sizes.reshape(codes.shape)
        return [
            _rans.encode(starts[lane::n_streams].ravel(), sizes[lane::n_streams].ravel())
            for lane in range(n_streams)
        ]

    def decode(
        self, borders: _context.Borders, streams: Sequence[bytes], shape: tuple[int, int]
    ) -> NDArray[np.uint16]:
        """Return the plane of codes of these streams; ValueError if they are damaged."""
        codes = np.empty(shape, np.uint16)
        self._model(borders).decode(streams, codes)
        return codes

    def choose(
        self,
        borders: _context.Borders,
        candidates: Array,
        distances: Array,
        rate_weight: float,
        codes: NDArray[np.uint16],
    ) -> NDArray[np.uint16]:
        """Return the plane of codes of the least distance + rate_weight * bits, one by one.

        candidates (rows, columns, n) are codes, distances (rows, columns, n) theirs; codes
        (rows, columns) are those so far, on which the neighbours' bits depend.
        """
        chosen = np.array(codes, order="C")
        self._model(borders).choose(candidates, distances, rate_weight, chosen)
        return chosen

    def _model(self, borders: _context.Borders) -> _context.Model:
        return _context.Model(borders, self.step_bits, 2 * self.priors, self.gains)


def check_size(borders: _context.Borders, n_codewords: int, step_bits: int) -> None:
    """Raise ValueError if the model's tables would take too much memory."""
    n_states = _context.n_states(borders, step_bits)
    if n_states * n_codewords > MAX_ENTRIES:
        raise ValueError(
            f"data is corrupted: {n_states} states are too many for {n_codewords} codewords"
        )


@dataclass(frozen=True)
class Tally:
    """How often codewords occur in states."""

    entries: NDArray[np.int64]
    """Those that do, in order: state * number of codewords + codeword."""
    counts: NDArray[np.int64]
    """How often."""
    n_blocks: int
    """Blocks in all."""

    def __add__(self, other: Tally) -> Tally:
        """Return that of both."""
        entries, places = np.unique(
            np.concatenate([self.entries, other.entries]), return_inverse=True
        )
        counts = np.zeros(len(entries), np.int64)
        np.add.at(counts, places.ravel(), np.concatenate([self.counts, other.counts]))
        return Tally(entries, counts, self.n_blocks + other.n_blocks)


def tally(
    borders: _context.Borders, codes: NDArray[np.uint16], n_codewords: int, step_bits: int
) -> Tally:
    """Return how often codewords occur in the states of a plane (rows, columns) of codes."""
    states = _bare_model(borders, n_codewords, step_bits).states(codes)
    entries = states.ravel().astype(np.int64) * n_codewords + codes.ravel()
    found, counts = np.unique(entries, return_counts=True)
    return Tally(found, counts, codes.size)


def fit(
    borders: _context.Borders, planes: Sequence[NDArray[np.uint16]], n_codewords: int
) -> ContextModel:
    """Fit a model to planes (rows, columns) of codes: the one of those tried that is worth most."""

    def of_planes(step_bits: int) -> Tally:
        first, *others = (tally(borders, codes, n_codewords, step_bits) for codes in planes)
        return sum(others, first)

    return fit_to_tallies(borders, of_planes, n_codewords)


def fit_to_tallies(
    borders: _context.Borders, tally_of: Callable[[int], Tally], n_codewords: int
) -> ContextModel:
    """Fit a model to codes of which `tally_of` tells what there is with a step.

    Small steps need more tables, which take their time to compute.
    """
    best, least = None, np.inf
    for step_bits in STEPS:
        if _context.n_states(borders, step_bits) * n_codewords > MAX_ENTRIES:
            break
        found = tally_of(step_bits)
        counts = _Counts(_bare_model(borders, n_codewords, step_bits), found, n_codewords)
        if best is not None and counts.n_entries > min(
            ENTRIES_PER_BLOCK * found.n_blocks, FITTED_ENTRIES
        ):
            break
        model, bits = counts.fit(step_bits)
        cost = bits + BITS_PER_ENTRY * counts.n_entries
        if cost > least:
            break
        best, least = model, cost
    assert best is not None
    return best


def _bare_model(borders: _context.Borders, n_codewords: int, step_bits: int) -> _context.Model:
    """Return a model that knows states, and nothing of how probable codewords are."""
    no_gains = np.zeros(_GAINS, np.uint8)
    return _context.Model(borders, step_bits, np.zeros(n_codewords, np.uint8), no_gains)


class _Counts:
    """How often each codeword occurs in each state."""

    def __init__(self, model: _context.Model, found: Tally, n_codewords: int) -> None:
        self.model = model
        self.n_codewords = n_codewords
        states, codes = np.divmod(found.entries, n_codewords)
        self.states, places = np.unique(states.astype(np.int32), return_inverse=True)
        self.n_entries = len(self.states) * n_codewords
        self.entries = places.ravel() * n_codewords + codes
        self.times = found.counts

    def fit(self, step_bits: int) -> tuple[ContextModel, float]:
        """Return the model of the highest likelihood, and the bits of the codes with it."""
        counts = np.zeros((len(self.states), self.n_codewords), np.int64)
        counts.flat[self.entries] = self.times
        visits = counts.sum(axis=1)
        priors = _Feature([np.broadcast_to(np.arange(self.n_codewords), counts.shape)], counts)
        gains = _Feature(list(self._gains_of_entries()), counts)
        priors.logs = np.log2(priors.seen + 0.5)

        # Scale priors and gains in turns, until as much is expected of each as was seen.
        for _ in range(ROUNDS):
            for feature in (gains, priors):
                expected = np.exp2(priors.of_entries() + gains.of_entries())
                expected *= (visits / expected.sum(axis=1))[:, None]
                feature.scale(expected)

        priors.logs = np.rint(2 * (priors.logs - priors.logs.max()) + MAX_PRIOR).clip(0, MAX_PRIOR)
        rounded = _rounded_gains(gains)
        found = ContextModel(step_bits, priors.logs.astype(np.uint8), rounded)
        priors.logs = priors.logs / 2
        gains.logs = rounded.ravel() / _context.LOG_OCTAVE
        chosen = np.exp2(priors.of_entries() + gains.of_entries())
        chosen /= chosen.sum(axis=1)[:, None]
        seen = counts > 0
        return found, -float(counts[seen] @ np.log2(chosen[seen] + 2.0**-20))

    def _gains_of_entries(self) -> Array:
        """Return which gain each entry has, for either side: by activity and bin."""
        first_gains = self.states % _context.N_ACTIVITIES * _context.N_BINS
        return np.asarray(self.model.bins(self.states) + first_gains[:, None])


class _Feature:
    """Something that entries have in common, which makes all their weights larger or smaller."""

    def __init__(self, places: list[Array], counts: Array) -> None:
        """Note which numbers of the feature each entry has; `counts` is how often it occurs."""
        self._places = places
        self._n = max(int(each.max()) + 1 for each in places)
        self.seen = self._sums(counts)
        self.logs = np.zeros(self._n)

    def of_entries(self) -> Array:
        """Return the logarithm of what each entry's weight is multiplied by."""
        return np.asarray(sum(self.logs[each] for each in self._places))

    def scale(self, expected: Array) -> None:
        """Have as much expected of each number of the feature as was seen."""
        ratios = (self.seen + CAUTION) / (self._sums(expected) + CAUTION)
        self.logs += np.log2(ratios) / len(self._places)

    def _sums(self, of_entries: Array) -> Array:
        """Add up what there is of the entries with each number."""
        weights = of_entries.ravel()
        return np.asarray(
            sum(np.bincount(each.ravel(), weights, minlength=self._n) for each in self._places)
        )


def _rounded_gains(feature: _Feature) -> NDArray[np.uint8]:
    logs = np.zeros(_GAINS)
    seen = np.zeros(_GAINS)
    logs.flat[: len(feature.logs)] = feature.logs
    seen.flat[: len(feature.seen)] = feature.seen
    gains = np.rint(_context.LOG_OCTAVE * (logs - logs[seen > 0].max()) + MAX_GAIN)
    gains = gains.clip(0, MAX_GAIN)
    # A bin that no codeword was in is as the one before it, which costs the fewest bits.
    for row, unused in zip(gains, (logs == 0) & (seen == 0), strict=True):
        last = MAX_GAIN
        for i, is_unused in enumerate(unused):
            row[i] = last if is_unused else row[i]
            last = row[i]
    return np.asarray(gains, np.uint8)
