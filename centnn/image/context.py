"""The model of neighbouring codes: fitting it to codes, and what of it a file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn.image import _context, _rans
from centnn.image.integers import Reader, Writer

__all__ = ["ContextModel", "fit"]

Array = NDArray[Any]

MAX_ENTRIES = 1 << 24  # states times codewords that a file may ask for
MAX_PRIOR = 31  # twice the binary logarithm
MAX_GAIN = 127  # four times the binary logarithm
STEPS = (2, 3, 4, 5, 6, MAX_STEP := _context.MAX_STEP_BITS)
# Entries of tables a block that decoding may take the time to compute.
ENTRIES_PER_BLOCK = 5
ROUNDS = 6


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
        writer.write(np.array([self.step_bits, typical]), signed=False)
        writer.write(self.priors.astype(np.int64) - typical, signed=True)
        gains = self.gains.astype(np.int64)
        writer.write(np.diff(gains, axis=1, prepend=MAX_GAIN).ravel(), signed=True)

    @classmethod
    def read(cls, reader: Reader, n_codewords: int) -> ContextModel:
        """Take a model from a stream; ValueError if it cannot be."""
        step_bits, typical = reader.read(2, signed=False)
        priors = typical + reader.read(n_codewords, signed=True)
        shape = (_context.N_ACTIVITIES, _context.N_BINS)
        gains = MAX_GAIN + np.cumsum(
            reader.read(shape[0] * shape[1], signed=True).reshape(shape), axis=1
        )
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
        self, borders: _context.Borders, candidates: Array, distances: Array, rate_weight: float
    ) -> NDArray[np.uint16]:
        """Return the plane of codes of the least distance + rate_weight * bits, one by one.

        candidates (rows, columns, n) are codes, distances (rows, columns, n) theirs.
        """
        codes = np.empty(candidates.shape[:2], np.uint16)
        self._model(borders).choose(candidates, distances, rate_weight, codes)
        return codes

    def _model(self, borders: _context.Borders) -> _context.Model:
        return _context.Model(borders, self.step_bits, 2 * self.priors, self.gains)


def check_size(n_channels: int, n_codewords: int, step_bits: int) -> None:
    """Raise ValueError if the model's tables would take too much memory."""
    if _context.n_states(n_channels, step_bits) * n_codewords > MAX_ENTRIES:
        raise ValueError(
            f"data is corrupted: {n_codewords} codewords of {n_channels} channels are too many "
            f"for a step of {1 << step_bits}"
        )


def fit(
    borders: _context.Borders, planes: Sequence[NDArray[np.uint16]], n_codewords: int
) -> ContextModel:
    """Fit a model to planes (rows, columns) of codes: the one of those tried that codes them best.

    Small steps need more tables; those that would take long to decode are left out.
    """
    best, least = None, np.inf
    n_blocks = sum(codes.size for codes in planes)
    for step_bits in STEPS:
        if _context.n_states(borders.n_channels, step_bits) * n_codewords > MAX_ENTRIES:
            continue
        counts = _Counts(borders, planes, n_codewords, step_bits)
        if counts.n_entries > ENTRIES_PER_BLOCK * n_blocks and step_bits < MAX_STEP:
            continue
        model, bits = counts.fit()
        if bits < least:
            best, least = model, bits
    assert best is not None
    return best


class _Counts:
    """How often each codeword occurs in each state."""

    def __init__(
        self,
        borders: _context.Borders,
        planes: Sequence[NDArray[np.uint16]],
        n_codewords: int,
        step_bits: int,
    ) -> None:
        self.step_bits = step_bits
        self.n_codewords = n_codewords
        no_gains = np.zeros((_context.N_ACTIVITIES, _context.N_BINS), np.uint8)
        self.model = _context.Model(borders, step_bits, np.zeros(n_codewords, np.uint8), no_gains)
        states = np.concatenate([self.model.states(codes).ravel() for codes in planes])
        codes = np.concatenate([codes.ravel() for codes in planes])
        self.states, places = np.unique(states, return_inverse=True)
        self.n_entries = len(self.states) * n_codewords
        self.entries = places.ravel() * n_codewords + codes

    def fit(self) -> tuple[ContextModel, float]:
        """Return the model of the highest likelihood, and the bits of the codes with it."""
        counts = np.bincount(self.entries, minlength=self.n_entries)
        counts = counts.reshape(-1, self.n_codewords)
        # Which gain an entry has: by the state's activity and the distance's bin.
        first_gains = self.states % _context.N_ACTIVITIES * _context.N_BINS
        place = self.model.bins(self.states) + first_gains[:, None]
        n_gains = _context.N_ACTIVITIES * _context.N_BINS
        place = place.ravel()
        seen_priors = counts.sum(axis=0)
        seen_gains = np.bincount(place, weights=counts.ravel(), minlength=n_gains)
        visits = counts.sum(axis=1)

        log_priors, log_gains = np.log2(seen_priors + 0.5), np.zeros(n_gains)

        def weights() -> NDArray[np.float64]:
            return np.asarray(np.exp2(log_priors + log_gains[place].reshape(counts.shape)))

        # Scale priors and gains in turns, until as much is expected of each as was seen.
        for _ in range(ROUNDS):
            expected = weights()
            expected *= (visits / expected.sum(axis=1))[:, None]
            sums = np.bincount(place, weights=expected.ravel(), minlength=n_gains)
            log_gains += np.log2((seen_gains + 0.5) / (sums + 0.5))
            expected = weights()
            expected *= (visits / expected.sum(axis=1))[:, None]
            log_priors += np.log2((seen_priors + 0.5) / (expected.sum(axis=0) + 0.5))

        priors = np.rint(2 * (log_priors - log_priors.max()) + MAX_PRIOR).clip(0, MAX_PRIOR)
        gains = self._rounded_gains(log_gains, seen_gains)
        found = ContextModel(self.step_bits, priors.astype(np.uint8), gains)
        chosen = np.exp2(priors / 2 + gains.ravel()[place].reshape(counts.shape) / 4)
        chosen /= chosen.sum(axis=1)[:, None]
        seen = counts > 0
        return found, -float(counts[seen] @ np.log2(chosen[seen] + 2.0**-20))

    @staticmethod
    def _rounded_gains(log_gains: Array, seen: Array) -> NDArray[np.uint8]:
        shape = (_context.N_ACTIVITIES, _context.N_BINS)
        gains = np.rint(4 * (log_gains - log_gains[seen > 0].max()) + MAX_GAIN)
        gains = gains.clip(0, MAX_GAIN).reshape(shape)
        # A bin that no codeword was in is as the one before it, which costs the fewest bits.
        unused = (log_gains == 0).reshape(shape) & (seen == 0).reshape(shape)
        for row, row_unused in zip(gains, unused, strict=True):
            last = MAX_GAIN
            for i, is_unused in enumerate(row_unused):
                row[i] = last if is_unused else row[i]
                last = row[i]
        return np.asarray(gains, np.uint8)
