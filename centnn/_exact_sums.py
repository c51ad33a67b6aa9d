"""Moments that add up to the same bits in any order: their parts are rounded to one unit first.

Where each term is a whole number of units and no sum has more than 2**53 of them, float64 adds
without rounding, so that neither order nor grouping matters. (One bin of the reproducible sums of
Demmel and Nguyen, "Fast reproducible floating-point summation", ARITH 2013.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._summary import Moments

__all__ = ["Units"]

# Of a sum beyond its unit: one fewer than float64 has, as terms may be rounded up.
BITS = 52


@dataclass(frozen=True)
class Units:
    """The units of sums, counts and error: powers of 2, of which these are the exponents."""

    sums: int
    counts: int
    error: int

    @classmethod
    def of(cls, weight: float, largest: float, n_features: int) -> Units:
        """Return units for samples of this weight, of this largest absolute value.

        Whole numbers whose sums are below 2**BITS stay as they are.
        """
        of_weight, of_value = math.frexp(weight)[1], math.frexp(largest)[1]
        # No difference between a sample and a mean of samples is above twice the largest value; and
        # where codewords went farther than to the mean, the sum is below the one before.
        of_distance = math.frexp(4.0 * n_features)[1] + 2 * of_value
        return cls(of_weight + of_value - BITS, of_weight - BITS, of_weight + of_distance - BITS)

    def rounded(self, found: Moments) -> Moments:
        """Return moments in whole numbers of units."""
        return Moments(
            _rounded(found.sums, self.sums),
            _rounded(found.counts, self.counts),
            float(_rounded(found.error, self.error)),
        )


def _rounded(values: Any, unit: int) -> NDArray[np.float64]:
    return np.asarray(np.ldexp(np.rint(np.ldexp(values, -unit)), unit))
