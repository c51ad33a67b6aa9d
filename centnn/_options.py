"""The options of a training, validated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centnn import _validation
from centnn._monitor import Callback

ALGORITHMS = ("local", "classic", "entropy", "group")
EFFORTS = ("fast", "balanced", "best")


@dataclass(frozen=True)
class Options:
    """What `fit_codebook` and `CentNN` let one choose; `fit_codebook` says what it means."""

    n_clusters: int
    algorithm: str
    effort: str
    init: NDArray[np.float64] | None
    fixed: NDArray[np.float64] | None
    rate_weight: float
    n_threads: int
    callback: Callback | None
    verbose: int
    n_passes: int = 0


def precision_of(
    samples: np.dtype[np.generic], algorithm: str = "local"
) -> type[np.float32 | np.float64]:
    """Return the type of the codebook that is trained on samples of a type."""
    algorithm = _validation.one_of(algorithm, "algorithm", ALGORITHMS)
    return np.float32 if algorithm == "local" and samples != np.float64 else np.float64


def validated(
    n_features: int,
    precision: type[np.float32 | np.float64] = np.float64,
    *,
    n_clusters: int,
    algorithm: str,
    effort: str,
    init: ArrayLike | None,
    fixed: ArrayLike | None,
    rate_weight: float,
    n_threads: int | None,
    callback: Callback | None,
    verbose: int,
    n_passes: int = 0,
) -> Options:
    """Return the options, or raise ValueError for one that does not fit samples of n_features.

    `init` and `fixed` are rounded to the precision, which is that of the codebook.
    """
    n_clusters = _validation.integer(n_clusters, "n_clusters", 1)
    shape = (n_clusters, n_features)
    options = Options(
        n_clusters,
        _validation.one_of(algorithm, "algorithm", ALGORITHMS),
        _validation.one_of(effort, "effort", EFFORTS),
        None if init is None else _validation.initial_centers(init, shape, precision),
        None if fixed is None else _validation.fixed_centers(fixed, shape, precision),
        _validation.non_negative(rate_weight, "rate_weight"),
        _validation.thread_count(n_threads),
        _validation.function_or_none(callback, "callback"),
        _validation.verbosity(verbose),
        _validation.integer(n_passes, "n_passes", 0),
    )
    _check_together(options)
    return options


def _check_together(options: Options) -> None:
    """Raise ValueError for options that exclude each other."""
    if options.init is not None and options.algorithm not in ("local", "classic"):
        raise ValueError(
            "init must be None unless algorithm is 'local' or 'classic', "
            f"got algorithm={options.algorithm!r}"
        )
    if options.algorithm != "local":
        if options.fixed is not None:
            raise ValueError(
                f"fixed must be None unless algorithm is 'local', got {options.algorithm!r}"
            )
        if options.rate_weight:
            raise ValueError(
                "rate_weight must be 0 unless algorithm is 'local', "
                f"got {options.rate_weight!r} with {options.algorithm!r}"
            )
    given = {"init": options.init is not None, "rate_weight": options.rate_weight > 0}
    if options.fixed is not None and any(given.values()):
        others = " and ".join(name for name, is_given in given.items() if is_given)
        raise ValueError(
            f"fixed must be None where init or rate_weight is given, got fixed and {others}"
        )
