"""Intervals for means, differences and curves, and what each of them takes as its unit.

Every function takes *outcomes*: a table with a row a run and the columns

    arm          the group that is compared
    pattern      a label; runs of one pattern differ in their seed index (and so in their mask)
    seed_index   which data order, and which data where these are drawn anew
    value        the outcome; a run without a value (NaN) is left out

An arm is either *fixed*, named before the experiment (dense, uniform, balanced), and then its seed
indices are the sample, over whose patterns the mean is taken first; or it is a *sample* of patterns
(mixed, even), and then these are, over whose runs it is: two seeds of one pattern are not two.

A difference between arms has one interval, `difference`, everywhere: Welch's t over the units of
each arm (config/claims.yaml, `rules.amended`). Arms scatter differently, by a factor of up to
fifty, so that no variance is pooled over them; and they are not paired by seed index, although arms
of one seed index share data and order: what these have in common is too little to be worth half of
the few degrees of freedom.

What an interval for a mean does not cover: runs of one data set share it, so an effect of the data
set that is common to all patterns does not shrink with their number.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from blockmaps.core.fixed import BOOTSTRAP_FROM, LEVEL
from blockmaps.plan.needs import SAMPLED_ARMS

RESAMPLES = 9999
FEWEST_SEEDS = 3

POOLED_T = "pooled t"
T_OVER_SEEDS = "t over seed indices"
T_OVER_PATTERNS = "t over patterns"
BOOTSTRAP_OVER_PATTERNS = "bootstrap over patterns"
WELCH = "Welch's t"
TOO_FEW = f"none: fewer than {FEWEST_SEEDS} units of an arm"
ALIKE = "none: all units of every arm alike"


class Interval(NamedTuple):
    """An estimate with its interval.

    Attributes
    ----------
    mean : the estimate, in the outcome's unit.
    low, high : the interval's bounds; NaN where the data allow none.
    n : values that the estimate is made from: runs, or a difference's units of its smaller arm.
    patterns, seeds : how many different ones those are.
    method : how the bounds were found, or why there are none.
    degrees, p : of freedom, and two-sided of no difference; NaN where it is no Student's t.
    """

    mean: float
    low: float
    high: float
    n: int
    patterns: int
    seeds: int
    method: str
    degrees: float = np.nan
    p: float = np.nan


class Pooled(NamedTuple):
    """A variance between seeds within patterns, and its degrees of freedom."""

    variance: float
    degrees: int


def with_value(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that have a finite value."""
    return outcomes[np.isfinite(outcomes["value"].to_numpy(float))]


def _pattern_means(outcomes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of the patterns and their numbers of runs, both (patterns,)."""
    groups = outcomes.groupby("pattern", sort=True)["value"]
    return groups.mean().to_numpy(), groups.size().to_numpy()


def interval_of(
    outcomes: pd.DataFrame, mean: float, low: float, high: float, method: str
) -> Interval:
    """Return an interval with its numbers of runs, patterns and seeds."""
    patterns, seeds = (outcomes[name].nunique() for name in ("pattern", "seed_index"))
    bounds = float(mean), float(low), float(high)
    return Interval(*bounds, len(outcomes), patterns, seeds, method)


def pooled_variance(outcomes: pd.DataFrame) -> Pooled:
    """Return the variance of runs about their pattern's mean, pooled over all patterns.

    With n_i runs of pattern i: s² = Σ_i Σ_j (v_ij − v̄_i)² / Σ_i (n_i − 1). It takes seeds to
    scatter equally in all patterns, which is why it is pooled within one experiment, budget and
    outcome only. NaN where no pattern has two runs.
    """
    valued = with_value(outcomes)
    _, runs = _pattern_means(valued)
    degrees = int((runs - 1).sum())
    if degrees == 0:
        return Pooled(np.nan, 0)
    residuals = valued["value"] - valued.groupby("pattern")["value"].transform("mean")
    return Pooled(float((residuals**2).sum() / degrees), degrees)


def pooled_t_half(pooled: Pooled, runs: np.ndarray | float, level: float = LEVEL) -> np.ndarray:
    """Return half the width of the t intervals of means of so many runs: t(df) s / √n.

    NaN where nothing is known of the scatter, or there is no run.
    """
    runs = np.asarray(runs, float)
    if not pooled.degrees:
        return np.full(runs.shape, np.nan)
    error = np.sqrt(pooled.variance / np.where(runs > 0, runs, np.nan))
    return stats.t.ppf((1 + level) / 2, pooled.degrees) * error


def pooled_t_interval(
    outcomes: pd.DataFrame,
    pooled: Pooled | None = None,
    level: float = LEVEL,
    ends: tuple[float, float] | None = None,
) -> Interval:
    """Return the mean of the means of k fixed patterns with few seeds, with its t interval.

    v̄ ± t(df) s √(Σ_i 1/n_i) / k, with s² and df = Σ(n_i − 1) of the pooled variance. With one
    pattern and its own variance that is the usual t interval.

    Parameters
    ----------
    outcomes : runs of the pattern, or of the patterns of an arm, each of which counts the same.
    pooled : the variance, from all patterns of the experiment and budget; that of these runs if not
        given.
    ends : of the outcome's range, if it has one: bounds stay in it (see `within`).

    Returns
    -------
    Bounds are NaN where df is 0, all patterns having one seed: one run says nothing of scatter.
    """
    pooled = pooled_variance(outcomes) if pooled is None else pooled
    valued = with_value(outcomes)
    means, runs = _pattern_means(valued)
    mean = means.mean() if len(means) else np.nan
    half = np.nan
    if len(means):
        half = float(pooled_t_half(pooled, 1 / (1 / runs).sum(), level)) / len(means)
    low, high = (mean - half, mean + half) if ends is None else within(mean, half, ends)
    return interval_of(valued, mean, low, high, POOLED_T)


def pattern_interval(
    outcomes: pd.DataFrame, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return the mean over a sample of patterns, with an interval whose unit is the pattern.

    Runs are averaged within patterns. From `BOOTSTRAP_FROM` patterns on the bounds are those of a
    bias-corrected and accelerated bootstrap of the patterns' means, from a generator of its own, so
    that a table has one interval; with fewer they are t(patterns − 1). NaN for one pattern.
    """
    valued = with_value(outcomes)
    means, _ = _pattern_means(valued)
    mean = means.mean() if len(means) else np.nan
    low = high = np.nan
    method = BOOTSTRAP_OVER_PATTERNS if len(means) >= BOOTSTRAP_FROM else T_OVER_PATTERNS
    if len(means) > 1 and np.ptp(means) == 0:
        low = high = mean  # every resample is this one; the acceleration would be 0 / 0
    elif method == BOOTSTRAP_OVER_PATTERNS:
        low, high = stats.bootstrap(
            (means,),
            np.mean,
            n_resamples=resamples,
            confidence_level=level,
            rng=np.random.default_rng(seed),
        ).confidence_interval  # its default method is BCa
    elif len(means) > 1:
        low, high = stats.t.interval(level, len(means) - 1, mean, stats.sem(means))
    return interval_of(valued, mean, low, high, method)


def units(outcomes: pd.DataFrame) -> np.ndarray:
    """Return the values of an arm's units: (units,).

    Of a sample of patterns each pattern's mean over its runs; of a fixed arm each seed index's mean
    over the arm's patterns, of seed indices at which all of them have a value: otherwise the mean
    would mix in which patterns are missing.
    """
    valued = with_value(outcomes[["seed_index", "pattern", "value"]])
    table = valued.groupby(["seed_index", "pattern"])["value"].mean().unstack()
    if len(outcomes) and outcomes["arm"].iloc[0] in SAMPLED_ARMS:
        return table.mean(axis=0).to_numpy(float)
    return table.dropna().mean(axis=1).to_numpy(float)


def within(mean: float, half: float, ends: tuple[float, float]) -> tuple[float, float]:
    """Return mean ± half, or where that leaves the range of a share, the interval on the logit.

    There the standard error is divided by the logit's slope, m (1 − m) on a range from 0 to 1, and
    the bounds are taken back. A mean at an end has no logit: its interval is cut off there.

    Parameters
    ----------
    ends : smallest and largest possible value.
    """
    low, high = mean - half, mean + half
    first, last = ends
    if np.isnan(half) or (first <= low and high <= last):
        return low, high
    share = (mean - first) / (last - first)
    if not 0 < share < 1:
        return max(low, first), min(high, last)
    width = half / (last - first) / (share * (1 - share))
    bounds = expit(logit(share) + np.array([-width, width]))
    return tuple(first + (last - first) * bounds)


def arm_interval(
    outcomes: pd.DataFrame, level: float = LEVEL, ends: tuple[float, float] | None = None
) -> Interval:
    """Return an arm's mean with its interval: over patterns if it is a sample of these.

    Of a fixed arm it is Student's t over seed indices, with the arm's own variance; NaN with fewer
    than `FEWEST_SEEDS`.

    Parameters
    ----------
    ends : of the outcome's range, if it has one: bounds stay in it.
    """
    if len(outcomes) and outcomes["arm"].iloc[0] in SAMPLED_ARMS:
        found = pattern_interval(outcomes, level)
    else:
        values, valued = units(outcomes), with_value(outcomes)
        mean = values.mean() if len(values) else valued["value"].mean()
        half, method = np.nan, TOO_FEW
        if len(values) >= FEWEST_SEEDS:
            half = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
            method = T_OVER_SEEDS
        found = interval_of(valued, mean, mean - half, mean + half, method)
    if ends is None or found.method == BOOTSTRAP_OVER_PATTERNS:  # its resamples are in the range
        return found
    low, high = within(found.mean, found.high - found.mean, ends)
    return found._replace(low=float(low), high=float(high))


def welch(
    sides: Sequence[np.ndarray], weights: Sequence[float] = (1, -1), level: float = LEVEL
) -> Interval:
    """Return Σ_i w_i v̄_i of several samples, with Welch's t interval.

    The squared standard error is Σ_i w_i² s_i² / n_i, degrees of freedom are after Satterthwaite.
    With two samples and the weights 1 and −1 it is Welch's test of a difference.

    Parameters
    ----------
    sides : values of the units of each sample.

    Returns
    -------
    `n` and `seeds` count the units of the smallest sample. There are no bounds if it has fewer than
    `FEWEST_SEEDS`: t(1) has so long a tail that they are huge, or by luck tiny. Nor if no sample
    varies.
    """
    n = min(map(len, sides))
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0, 0, 0, TOO_FEW)
    estimate = float(sum(w * side.mean() for w, side in zip(weights, sides, strict=True)))
    if n < FEWEST_SEEDS:
        return Interval(estimate, np.nan, np.nan, n, 0, n, TOO_FEW)
    parts = np.array(
        [w**2 * side.var(ddof=1) / len(side) for w, side in zip(weights, sides, strict=True)]
    )
    if all(np.ptp(side) == 0 for side in sides):
        return Interval(estimate, np.nan, np.nan, n, 0, n, ALIKE)
    degrees = parts.sum() ** 2 / sum(
        part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True)
    )
    error = np.sqrt(parts.sum())
    half = float(stats.t.ppf((1 + level) / 2, degrees) * error)
    p = float(2 * stats.t.sf(abs(estimate) / error, degrees))
    bounds = estimate - half, estimate + half
    return Interval(estimate, *bounds, n, 0, n, WELCH, float(degrees), p)


def difference(
    first: pd.DataFrame,
    second: pd.DataFrame,
    level: float = LEVEL,
    ends: tuple[float, float] | None = None,
) -> Interval:
    """Return first − second, two arms, with Welch's t interval: the one of every difference.

    `patterns` counts those of both arms.

    Parameters
    ----------
    ends : of the difference's range, if it has one: −1 and 1 of shares.
    """
    found = welch([units(first), units(second)], level=level)
    patterns = with_value(first)["pattern"].nunique() + with_value(second)["pattern"].nunique()
    if ends is not None:
        low, high = within(found.mean, found.high - found.mean, ends)
        found = found._replace(low=float(low), high=float(high))
    return found._replace(patterns=patterns)


def holm(p: pd.Series) -> np.ndarray:
    """Return Holm's adjusted p values; NaN where there is none.

    With m values in ascending order, p̃_i = max over j ≤ i of (m − j + 1) p_j, at most 1. It is
    statsmodels' `multipletests`, which collects garbage at every call, a fifth of a second each.
    """
    values = p.to_numpy(float)
    found = np.full(len(values), np.nan)
    order = np.argsort(values)[: np.isfinite(values).sum()]  # NaN sorts last
    steps = np.arange(len(order), 0, -1) * values[order]
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found
