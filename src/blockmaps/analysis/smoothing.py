"""A local mean of an outcome on one variable, its band, and where it is highest."""

import numpy as np
import pandas as pd

from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import (
    BOOTSTRAP_OVER_PATTERNS,
    interval_of,
    with_value,
)
from blockmaps.core.fixed import BOOTSTRAP_FROM, LEVEL

BANDWIDTH = 0.08  # of the kernel, in units of a share
FEWEST = 10  # patterns for a curve
RESAMPLES = 1999


def fit_local_mean(
    outcomes: pd.DataFrame, x: str = "x", bandwidth: float = BANDWIDTH, seed: int = 0
) -> SplineFit:
    """Fit the local mean of patterns' means, weighted by a Gaussian kernel (Nadaraya, Watson).

    Unlike a polynomial or a spline it never leaves the range of the data, so that a step where some
    runs do not start to train makes no peak beside it.

    Parameters
    ----------
    outcomes : see `statistics`, with a column `x`.
    bandwidth : the kernel's standard deviation.

    Returns
    -------
    The curve over the range of x. Band and interval of the optimum are percentiles of a bootstrap
    over patterns, NaN with fewer than `BOOTSTRAP_FROM`.

    Raises
    ------
    ValueError
        If there are fewer than `FEWEST` patterns.
    """
    valued = with_value(outcomes)
    means = valued.groupby("pattern")[[x, "value"]].mean()
    if len(means) < FEWEST:
        raise ValueError(f"{len(means)} patterns; a curve takes {FEWEST}")
    at, value = means[x].to_numpy(float), means["value"].to_numpy(float)
    grid = np.linspace(at.min(), at.max(), 201)
    kernel = np.exp(-0.5 * ((grid[:, None] - at) / bandwidth) ** 2)
    mean = kernel @ value / kernel.sum(1)
    low = high = np.full_like(mean, np.nan)
    bounds = (np.nan, np.nan)
    if len(means) >= BOOTSTRAP_FROM:
        rng = np.random.default_rng(seed)
        times = rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=RESAMPLES)
        weight = times @ kernel.T
        resampled = (times * value) @ kernel.T / np.maximum(weight, 1e-300)
        tails = [50 * (1 - LEVEL), 50 * (1 + LEVEL)]
        low, high = np.percentile(resampled, tails, axis=0)
        bounds = np.percentile(grid[resampled.argmax(1)], tails)
    best = interval_of(valued, grid[mean.argmax()], *bounds, BOOTSTRAP_OVER_PATTERNS)
    return SplineFit(grid, mean, low, high, best)
