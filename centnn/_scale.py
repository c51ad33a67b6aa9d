"""Numbers whose squares leave the range of float64: powers of 2 that bring them back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Where a codebook's largest number is from 2**-256 to 2**256, squared distances of any row x order
# codewords c as they would with exponents without limits. If one overflows, then a number of x is
# beyond 2**500 (D is at most 2**20): its units are larger than 2**440, so that x - c is x there for
# all c, and beside its square the other terms are nothing: all distances are equal. If a term
# underflows, |x - c| is below 2**-511: codewords for which it does so differ by less than 2**-510,
# which is 2**-254 times the largest number at most.
MOST = 256

# Squares of numbers below 2**SUMMED have finite sums: 2**60 of them are enough for anyone.
SUMMED = 480

# A smaller sum of squares may be one of which some, or all, have underflowed.
TINY = 2.0**-800


def largest(array: Array) -> float:
    """Return the largest absolute value."""
    return max(float(array.max()), -float(array.min()))


def exponent_of(array: Array) -> int:
    """Return the e for which the largest absolute value is from 2**(e - 1) to 2**e; 0 for 0."""
    return math.frexp(largest(array))[1]


def excess(array: Array, most: int = MOST) -> int:
    """Return the e for which array * 2**-e has its largest value nearest to 2**-most to 2**most."""
    exponent = exponent_of(array)
    return exponent - max(-most, min(exponent, most))


def times_power(number: float, exponent: int) -> float:
    """Return number * 2**exponent, infinity where it is too large for a float."""
    with np.errstate(over="ignore"):
        return float(np.ldexp(number, exponent))


def norms(rows: Array) -> NDArray[np.float64]:
    """Return the Euclidean lengths of rows (n, D), summed up in order of D."""
    exponents = np.frexp(np.abs(rows).max(axis=1))[1]
    total = np.zeros(len(rows))
    for column in rows.T:
        total += np.square(np.ldexp(column, -exponents))
    with np.errstate(over="ignore"):
        return np.ldexp(np.sqrt(total), exponents)
