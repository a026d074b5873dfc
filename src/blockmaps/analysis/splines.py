"""A natural cubic spline of an outcome on one variable, its band, and where it is highest."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import interpolate

from blockmaps.analysis.statistics import (
    BOOTSTRAP_OVER_PATTERNS,
    Interval,
    interval_of,
    with_value,
)
from blockmaps.core.fixed import BOOTSTRAP_FROM, LEVEL, SPLINE_DEGREES


def spline_knots(x: np.ndarray, degrees: int = SPLINE_DEGREES) -> np.ndarray:
    """Return the knots of a natural cubic spline: the ends of x, and quantiles evenly between.

    A natural cubic spline on k knots has k free parameters, so `degrees` of freedom beside the
    constant take degrees + 1 knots (R's `ns`, df = degrees). Fewer where quantiles coincide.
    """
    return np.unique(np.quantile(x, np.linspace(0, 1, degrees + 1)))


def spline_basis(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the natural cubic splines that are 1 at one knot and 0 at the others.

    A curve's coefficients are its values at the knots. Beyond the ends the splines go on straight.

    Parameters
    ----------
    x : (n,)
    knots : (k,), increasing, k ≥ 2.

    Returns
    -------
    (n, k)
    """
    cardinal = interpolate.CubicSpline(knots, np.eye(len(knots)), bc_type="natural")
    inside = np.clip(x, knots[0], knots[-1])
    return cardinal(inside) + (x - inside)[:, None] * cardinal(inside, 1)


class SplineFit(NamedTuple):
    """A fitted curve with its pointwise band, and where it is highest.

    Attributes
    ----------
    x, mean, low, high : (grid,), over the range of the data; the band is NaN with too few patterns.
    optimum : the x at which the curve is highest within that range, with its interval.
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    optimum: Interval


def fit_spline(
    outcomes: pd.DataFrame,
    x: str = "x",
    degrees: int = SPLINE_DEGREES,
    grid: int = 201,
    level: float = LEVEL,
    resamples: int = 1999,
    seed: int = 0,
) -> SplineFit:
    """Fit a natural cubic spline of the outcome on a column, each pattern counting the same.

    Least squares over runs, a run weighted by 1 / the number of its pattern's runs; knots are
    quantiles of the patterns' means of x. Band and optimum's interval are percentiles of refits to
    resampled patterns, all runs of a pattern together, the knots staying where they are. There is
    neither with fewer than `BOOTSTRAP_FROM` patterns.

    Parameters
    ----------
    outcomes : the columns of this module, and x.
    degrees : degrees of freedom beside the constant.

    Raises
    ------
    ValueError
        If there are fewer than 2 × (degrees + 1) patterns, or x does not vary over them.
    """
    valued = with_value(outcomes)
    valued = valued[np.isfinite(valued[x].to_numpy(float))]
    codes, names = pd.factorize(valued["pattern"], sort=True)
    patterns = len(names)
    if patterns < 2 * (degrees + 1):
        raise ValueError(f"{patterns} patterns; a spline takes at least {2 * (degrees + 1)}")
    at = valued[x].to_numpy(float)
    runs = np.bincount(codes)
    knots = spline_knots(np.bincount(codes, at) / runs, degrees)
    if len(knots) < 2:
        raise ValueError(f"{x} does not vary over patterns")
    basis, value = spline_basis(at, knots), valued["value"].to_numpy(float)

    # normal equations a pattern, so that a resample is a weighted sum of them
    size = len(knots)
    weighted = basis / runs[codes][:, None]
    gram, moment = np.zeros((patterns, size, size)), np.zeros((patterns, size))
    np.add.at(gram, codes, weighted[:, :, None] * basis[:, None, :])
    np.add.at(moment, codes, weighted * value[:, None])

    def solve(times: np.ndarray) -> np.ndarray:
        # (resamples, patterns) → (resamples, k)
        grams = np.linalg.pinv(np.tensordot(times, gram, 1), hermitian=True)
        return np.einsum("rij,rj->ri", grams, times @ moment)

    points = np.linspace(at.min(), at.max(), grid)
    at_points = spline_basis(points, knots)
    mean = at_points @ solve(np.ones((1, patterns)))[0]
    low = high = np.full(grid, np.nan)
    best = np.full(2, np.nan)
    if patterns >= BOOTSTRAP_FROM:
        generator = np.random.default_rng(seed)
        times = generator.multinomial(patterns, np.full(patterns, 1 / patterns), resamples)
        curves = solve(times.astype(float)) @ at_points.T
        ends = ((1 - level) / 2, (1 + level) / 2)
        low, high = np.quantile(curves, ends, axis=0)
        best = np.quantile(points[curves.argmax(1)], ends)
    place = points[mean.argmax()]
    optimum = interval_of(valued, place, best[0], best[1], BOOTSTRAP_OVER_PATTERNS)
    return SplineFit(points, mean, low, high, optimum)
