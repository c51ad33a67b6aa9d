"""What is told about a training while it runs, and kept of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Callback = Callable[[int, int, float], bool | None]


class Monitor:
    """Keeps the history of a training, reports it, and asks the callback whether to go on."""

    def __init__(self, callback: Callback | None, verbose: int, n_values: float) -> None:
        self.callback = callback
        self.verbose = verbose
        self.n_values = n_values  # the squared error divided by this is the distortion
        self.within = 0.0  # the squared error of samples from what stands for them in training
        self.history: list[tuple[int, float]] = []
        self.stopped = False

    def __call__(self, epoch: int, n_codewords: int, error: float) -> bool:
        """Take note of an epoch; return True to stop."""
        distortion = (self.within + max(error, 0.0)) / self.n_values
        if self.verbose and (not self.history or self.history[-1][0] != n_codewords):
            print(f"epoch {epoch}: {n_codewords} codewords, distortion {distortion:.6g}")
        self.history.append((n_codewords, distortion))
        if self.callback is not None:
            self.stopped = bool(self.callback(epoch, n_codewords, distortion))
        return self.stopped

    def next(self, n_codewords: int, error: float) -> bool:
        """Take note of the epoch after the last one; return True to stop."""
        return self(len(self.history) + 1, n_codewords, error)

    def table(self) -> NDArray[np.float64]:
        """Return the history as an array (epochs, 2)."""
        return np.array(self.history, dtype=np.float64).reshape(-1, 2)
