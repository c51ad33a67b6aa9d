"""The names and the number of features that an estimator was fitted with, and what X brings.

The wording is scikit-learn's, on which its users' tests and filters of warnings rely.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Names that a message lists at most.
MOST = 5


def names_of(X: Any) -> Array | None:
    """Return the names of the columns of a data frame, (n_features,) object; else None."""
    columns = getattr(X, "columns", None)
    if columns is None or len(columns) == 0:
        return None
    names = np.empty(len(columns), dtype=object)
    names[:] = list(columns)
    kinds = sorted({type(name).__qualname__ for name in names})
    if kinds == ["str"]:
        return names
    if "str" in kinds:
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {kinds} as feature name / column name types. Convert them all to strings, "
            "for example by X.columns = X.columns.astype(str)."
        )
    return None


def check_names(estimator: Any, X: Any) -> None:
    """Raise ValueError if X has other column names than in fit, warn if only one of them has any.

    `estimator` is fitted, with `feature_names_in_` if that was on a data frame.
    """
    fitted, found = getattr(estimator, "feature_names_in_", None), names_of(X)
    who = type(estimator).__name__
    if fitted is None and found is not None:
        _warn(f"X has feature names, but {who} was fitted without feature names")
    elif fitted is not None and found is None:
        _warn(f"X does not have valid feature names, but {who} was fitted with feature names")
    elif fitted is not None and found is not None and not np.array_equal(fitted, found):
        raise ValueError(_difference(set(fitted), set(found)))


def check_count(estimator: Any, X: Array, name: str = "X") -> None:
    """Raise ValueError if X has another number of features than in fit."""
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"{name} has {X.shape[1]} features, but {type(estimator).__name__} "
            f"is expecting {estimator.n_features_in_} features as input"
        )


def _warn(message: str) -> None:
    """Warn whoever called an estimator's method, be it through scikit-learn's wrappers of them."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and _package_of(frame) in ("centnn", "sklearn"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def _package_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _difference(fitted: set[str], found: set[str]) -> str:
    message = "The feature names should match those that were passed during fit.\n"
    if fitted == found:
        return message + "Feature names must be in the same order as they were in fit.\n"
    if found - fitted:
        message += "Feature names unseen at fit time:\n" + _listed(found - fitted)
    if fitted - found:
        message += "Feature names seen at fit time, yet now missing:\n" + _listed(fitted - found)
    return message


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return "".join(f"- {name}\n" for name in ordered[:MOST] + ["..."][: len(ordered) > MOST])
