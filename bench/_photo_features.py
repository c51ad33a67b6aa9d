"""What the encoder of photo mode saw, and what of it predicts: as csrc/photo sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from _photo_model import LANES, N_GROUPS, N_NEIGHBOURS, Group, Kind
from numpy.typing import NDArray

Array = NDArray[Any]

UNIT = 16  # coefficients are in sixteenths of s
BIT = UNIT * UNIT  # what a bit is worth in squared error


@dataclass
class Trace:
    """What the encoder saw and chose in a plane."""

    wanted: Array
    residuals: Array
    decoded: Array
    chosen: Array


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
    return np.concatenate([earlier, own, earlier, earlier, earlier, lanes < 8])


def halved_largest(m: Array, shape: tuple[int, ...]) -> Array:
    """Return the largest magnitudes of luma at the blocks of chroma."""
    rows, columns = shape[:2]
    return m.reshape(rows, m.shape[0] // rows, columns, m.shape[1] // columns, -1).max(axis=(1, 3))
