"""What images may be, and their channels: colours, and alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_PIXELS", "split"]

Array = NDArray[Any]

# Of an image, counting those of its last blocks beyond the edges.
MAX_PIXELS = 2**29


def split(img: Array, dtypes: Sequence[str] = ("uint8", "uint16")) -> tuple[Array, Array | None]:
    """Return an image as (H, W, 1 or 3), and its alpha channel; ValueError if it is none."""
    img = np.asarray(img)
    if img.dtype.name not in dtypes:
        raise ValueError(f"img must be of dtype {' or '.join(dtypes)}, got {img.dtype}")
    if img.ndim not in (2, 3) or img.size == 0 or img.shape[2:] not in ((), (2,), (3,), (4,)):
        raise ValueError(
            "img must have shape (H, W), (H, W, 2), (H, W, 3) or (H, W, 4) without an empty axis, "
            f"got shape {img.shape}"
        )
    img = img.astype(img.dtype.newbyteorder("="), copy=False)
    if img.ndim == 2:
        return img[:, :, None], None
    has_alpha = img.shape[2] in (2, 4)
    return (img[:, :, :-1], img[:, :, -1]) if has_alpha else (img, None)
