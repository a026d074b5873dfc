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
freedom. From `fixed.BOOTSTRAP_FROM` patterns on there is a bootstrap over patterns that fits
both models again to every resample: a pattern is left out with all its copies, and the quantiles of
log(1 − R²) are moved so that their median is the estimate's, since a resample holds fewer different
patterns, from which less can be predicted (tests/analysis/test_regression.py measures what both
cover; the bootstrap is wide where a curve hangs on few patterns).
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from blockmaps.core.fixed import BOOTSTRAP_FROM, LEVEL

RESAMPLES = 999
RIDGE = 1e-9  # of the trace: keeps a resample that lacks a stretch of the curve solvable
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
    basis, value, codes : (runs, rank) of the design matrix's columns, (runs,) and (runs,), from
        which a resample is fitted.
    """

    inside: np.ndarray
    outside: np.ndarray
    rank: int
    runs: int
    basis: np.ndarray
    value: np.ndarray
    codes: np.ndarray


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
    inside = np.bincount(codes, residual**2)
    return Fit(inside, outside, basis.shape[1], len(value), basis, value, codes)


def refitted(model: Fit, times: np.ndarray) -> np.ndarray:
    """Return Σ over patterns of squared residuals predicted from the others, of each resample.

    Parameters
    ----------
    times : (resamples, patterns) how often a resample holds each pattern. A pattern is left out
        with all its copies.
    """
    X, v = model.basis, model.value
    own = np.zeros((times.shape[1], X.shape[1], X.shape[1])), np.zeros((times.shape[1], X.shape[1]))
    np.add.at(own[0], model.codes, X[:, :, None] * X[:, None, :])
    np.add.at(own[1], model.codes, X * v[:, None])
    gram = np.tensordot(times, own[0], 1)[:, None] - times[:, :, None, None] * own[0]
    moment = (times @ own[1])[:, None] - times[:, :, None] * own[1]
    ridge = RIDGE * np.trace(gram, axis1=-2, axis2=-1)[..., None, None] * np.eye(gram.shape[-1])
    slopes = np.linalg.solve(gram + ridge, moment[..., None])[..., 0]
    squares = (
        np.bincount(model.codes, v**2)
        - 2 * np.einsum("rpk,pk->rp", slopes, own[1])
        + np.einsum("rpk,pkl,rpl->rp", slopes, own[0], slopes)
    )
    return (times * squares).sum(1)


def refitting_interval(large: Fit, small: Fit, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the cross-validated R² by the bootstrap that fits again."""
    patterns = len(large.outside)
    whole = large.outside.sum() / small.outside.sum()
    if patterns < BOOTSTRAP_FROM or not (np.isfinite(whole) and whole > 0):
        return NOTHING
    times = np.random.default_rng(seed).multinomial(
        patterns, np.full(patterns, 1 / patterns), RESAMPLES
    )
    ratios = np.log(refitted(large, times) / refitted(small, times))
    ends = np.quantile(ratios, ((1 + LEVEL) / 2, (1 - LEVEL) / 2))
    low, high = 1 - whole * np.exp(ends - np.median(ratios))
    return float(low), float(high)


def _share(large: np.ndarray, small: np.ndarray, factor: float = 1.0) -> Share:
    """Return 1 − factor ΣS₁/ΣS₀ over patterns, with the jackknife's interval."""
    patterns = len(large)
    total, base = large.sum(), small.sum()
    if not (np.isfinite(total) and base > 0 and total > 0):
        return Share(np.nan, *NOTHING, *NOTHING)
    log_ratio = np.log(factor * total / base)
    left_out = np.log(np.maximum(total - large, 1e-300)) - np.log(np.maximum(base - small, 1e-300))
    error = np.sqrt((patterns - 1) / patterns * ((left_out - left_out.mean()) ** 2).sum())
    half = stats.t.ppf((1 + LEVEL) / 2, patterns - 1) * error
    value, low, high = (float(1 - np.exp(log_ratio + away)) for away in (0.0, half, -half))
    return Share(value, low, high, *NOTHING)


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


def cross_validated(large: Fit, small: Fit, bootstrap: bool = False) -> Share:
    """Return the (partial) R² of patterns predicted from the others.

    Parameters
    ----------
    bootstrap : find that interval too, which takes a tenth of a second.
    """
    found = _share(large.outside, small.outside)
    if not bootstrap:
        return found
    low, high = refitting_interval(large, small)
    return found._replace(bootstrap_low=low, bootstrap_high=high)
