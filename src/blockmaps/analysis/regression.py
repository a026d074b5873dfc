"""Least squares in which a pattern is the unit: R², its cross-validation, and their intervals.

Runs of one pattern are no independent evidence, so a pattern is left out whole. With hat matrix
H = X X⁺ and in-sample residuals e, the residuals of pattern g predicted from all other patterns are
(I − H_gg)⁻¹ e_g (the leave-one-out identity, by blocks), so that no refit is needed.

Of a larger model and a smaller one inside it, with sums of squares S₁ and S₀ over patterns,

    R² = 1 − S₁ / S₀

from in-sample residuals, each S divided by its degrees of freedom (adjusted), or from residuals of
patterns that were left out (cross-validated). If the smaller model is the mean, or a mean of each
group, that is R²; otherwise it is the partial R² of what the larger one adds. Cross-validated, R²
estimates what a fit to *this many* patterns predicts of further ones; with no effect it is a little
below zero. Adjusted, it estimates the share of variance that the best such curve explains; its
degrees of freedom are the runs', so that it is a little high where patterns scatter more than the
seeds of one pattern.

Intervals are of a jackknife over patterns on log(1 − R²), Student's t with patterns − 1 degrees of
freedom. Percentiles of a bootstrap over patterns, the residuals staying as they are, stand beside
them from `statistics.BOOTSTRAP_FROM` patterns on; with that few they are too narrow
(tests/analysis/test_regression.py measures both).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats

from blockmaps.analysis.statistics import BOOTSTRAP_FROM, LEVEL

RESAMPLES = 1999
NOTHING = np.nan, np.nan
# Below this share of the smaller model's residuals a pattern's block of I − H is singular.
SINGULAR = 1e-9


class Share(NamedTuple):
    """An R², or a partial one, with its intervals (NaN where there is none)."""

    value: float
    low: float
    high: float
    bootstrap_low: float
    bootstrap_high: float


class Fit(NamedTuple):
    """Sums of squared residuals by pattern, and the model's degrees of freedom.

    Attributes
    ----------
    inside, outside : (patterns,) in sample, and each pattern predicted from the others; outside is
        NaN of a pattern without which the model cannot be fitted.
    rank : of the design matrix.
    runs : number of runs.
    """

    inside: np.ndarray
    outside: np.ndarray
    rank: int
    runs: int


def fit(value: np.ndarray, X: np.ndarray, codes: np.ndarray) -> Fit:
    """Fit by least squares.

    Parameters
    ----------
    value : (runs,)
    X : (runs, columns) the constant included.
    codes : (runs,) a pattern's number, 0 to patterns − 1, for every run.
    """
    scaled = X / np.maximum(np.abs(X).max(0), 1e-300)
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    basis = left[:, sizes > sizes.max() * 1e-10]
    residual = value - basis @ (basis.T @ value)
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    outside = np.full(len(counts), np.nan)
    for size in np.unique(counts):  # blocks of one size together
        own = np.flatnonzero(counts == size)
        rows = order[np.isin(codes[order], own)].reshape(len(own), size)
        blocks = np.eye(size) - basis[rows] @ basis[rows].transpose(0, 2, 1)
        solvable = np.linalg.eigvalsh(blocks).min(1) > SINGULAR
        rows, blocks = rows[solvable], blocks[solvable]
        predicted = np.linalg.solve(blocks, residual[rows][..., None])
        outside[own[solvable]] = (predicted**2).sum((1, 2))
    return Fit(np.bincount(codes, residual**2), outside, basis.shape[1], len(value))


@cache
def _resamples(patterns: int, seed: int) -> np.ndarray:
    """Return how often each resample holds each pattern: (resamples, patterns)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(patterns, np.full(patterns, 1 / patterns), RESAMPLES).astype(float)


def _share(large: np.ndarray, small: np.ndarray, factor: float = 1.0, seed: int = 0) -> Share:
    """Return 1 − factor ΣS₁/ΣS₀ over patterns, with both intervals."""
    patterns = len(large)
    total, base = large.sum(), small.sum()
    if not (np.isfinite(total) and base > 0 and total > 0):
        return Share(np.nan, *NOTHING, *NOTHING)
    log_ratio = np.log(factor * total / base)
    left_out = np.log(np.maximum(total - large, 1e-300)) - np.log(np.maximum(base - small, 1e-300))
    error = np.sqrt((patterns - 1) / patterns * ((left_out - left_out.mean()) ** 2).sum())
    half = stats.t.ppf((1 + LEVEL) / 2, patterns - 1) * error
    bounds = 1 - np.exp(log_ratio + half), 1 - np.exp(log_ratio - half)
    percentiles = NOTHING
    if patterns >= BOOTSTRAP_FROM:
        times = _resamples(patterns, seed)
        ratios = (times @ large) / (times @ small)
        percentiles = np.quantile(1 - factor * ratios, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Share(float(1 - np.exp(log_ratio)), *map(float, bounds), *map(float, percentiles))


def adjusted(large: Fit, small: Fit) -> Share:
    """Return the (partial) R² in sample, adjusted for degrees of freedom.

    NaN where runs are no more than the larger model's columns.
    """
    degrees = large.runs - large.rank
    if degrees < 1:
        return Share(np.nan, *NOTHING, *NOTHING)
    return _share(large.inside, small.inside, (small.runs - small.rank) / degrees)


def in_sample(large: Fit, small: Fit) -> float:
    """Return the plain (partial) R² in sample."""
    base = small.inside.sum()
    return float(1 - large.inside.sum() / base) if base > 0 else np.nan


def cross_validated(large: Fit, small: Fit) -> Share:
    """Return the (partial) R² of patterns predicted from the others."""
    return _share(large.outside, small.outside)
