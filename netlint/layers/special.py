"""The error function, which the array API standard does not have."""

from __future__ import annotations

import math

from netlint.layers.layer import Array, doubled, namespace

SEAM = 2.0
"""Where the series ends and the continued fraction begins."""
TERMS = 36
"""Terms of the Taylor series, which then is exact to double precision below the seam."""
DEPTH = 60
"""Levels of the continued fraction, which then is exact to double precision above it."""


def erf(x: Array) -> Array:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, in the precision of x.

    Near 0 the series 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!! is summed (Abramowitz & Stegun 7.1.6), whose terms
    are all of one sign; elsewhere the complement is a continued fraction (7.1.14).
    """
    xp = namespace(x)
    wide = doubled(x)
    return xp.astype(xp.where(xp.abs(wide) < SEAM, _series(wide), _complement(wide)), x.dtype)


def _series(x: Array) -> Array:
    xp = namespace(x)
    square = xp.where(xp.abs(x) < SEAM, x * x, 0 * x)
    total = 0 * square
    for n in range(TERMS, 0, -1):
        total = (1 + total) * (2 * square / (2 * n + 1))
    return (2 / math.sqrt(math.pi)) * xp.exp(-square) * x * (1 + total)


def _complement(x: Array) -> Array:
    """sign(x) (1 - erfc(|x|)), with erfc(x) = exp(-x^2) / sqrt(pi) * 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...))))."""
    xp = namespace(x)
    size = xp.abs(x)
    fraction = size
    for n in range(DEPTH, 0, -1):
        fraction = size + (n / 2) / fraction
    return xp.sign(x) * (1 - xp.exp(-size * size) / (math.sqrt(math.pi) * fraction))
