"""What estimators derive from: scikit-learn's base classes, or a stand-in where it is missing.

`Estimator` is for those that cluster, `Parameters` for others.

Importing this module imports scikit-learn, which takes a second: the package does so only when an
estimator is asked for.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Estimator", "NotFittedError", "Parameters"]


class StandIn:
    """Options by name and a repr that shows them, as scikit-learn's estimators have."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's options by name.

        Parameters
        ----------
        deep : bool, default True
            Ignored: no option is an estimator.

        Returns
        -------
        dict
            The options.
        """
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params: Any) -> Self:
        """Set options by name.

        Parameters
        ----------
        **params : dict
            Options of the constructor.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no option of such a name.
        """
        valid = list(self._defaults())
        for name, value in params.items():
            if name not in valid:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self}. "
                    f"Valid parameters are: {valid}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Return the call that makes such an estimator, without options at their defaults."""
        defaults = self._defaults()
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name])
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        parameters = inspect.signature(cls).parameters
        return {name: parameters[name].default for name in sorted(parameters)}


if TYPE_CHECKING:
    Estimator = StandIn
    Parameters = StandIn

    class NotFittedError(ValueError, AttributeError):
        """Raised when an estimator is used before it is fitted."""

else:
    try:
        from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
        from sklearn.exceptions import NotFittedError
    except ImportError:
        Estimator = Parameters = StandIn

        class NotFittedError(ValueError, AttributeError):
            """Raised when an estimator is used before it is fitted."""

    else:
        Parameters = BaseEstimator

        class Estimator(TransformerMixin, ClusterMixin, BaseEstimator):
            """Clusters, and maps samples to their distances to the centroids."""
