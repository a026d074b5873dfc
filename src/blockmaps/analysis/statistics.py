"""Intervals for means, differences and curves, and what each of them takes as its unit.

Every function takes *outcomes*: a table with a row a run and the columns

    pattern      a label; runs of one pattern differ in their seed index (and so in their mask)
    seed_index   arms are paired by it: same data, same order
    value        the outcome; a run without a value (NaN) is left out

A pattern is either *fixed*, named before the experiment (dense, uniform, balanced), and then its
seeds are the sample; or one of a *sample* of patterns (mixed, even), and then the patterns are, and
runs are averaged within them first: two seeds of one pattern are not two patterns.

What an interval for a mean does not cover: runs of one seed index share their data, so an effect of
the data set that is common to all patterns does not shrink with the number of patterns, and the
degrees of freedom count it as if it did. A paired difference cancels it: compare arms by that.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.95
# From this many patterns on they are resampled (config/claims.yaml, `bootstrap_from_patterns`).
BOOTSTRAP_FROM = 20
RESAMPLES = 9999
FEWEST_PAIRS = 3
SAMPLED_ARMS = ("random", "grid", "mixed", "even")

POOLED_T = "pooled t"
T_OVER_PATTERNS = "t over patterns"
BOOTSTRAP_OVER_PATTERNS = "bootstrap over patterns"
PAIRED_T = "paired t"


class Interval(NamedTuple):
    """An estimate with its interval.

    Attributes
    ----------
    mean : the estimate, in the outcome's unit.
    low, high : the interval's bounds; NaN where the data allow none.
    n : values that the estimate is made from: runs, or pairs for a paired difference.
    patterns, seeds : how many different ones those are.
    method : how the bounds were found.
    """

    mean: float
    low: float
    high: float
    n: int
    patterns: int
    seeds: int
    method: str


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


def interval_of(outcomes: pd.DataFrame, mean: float, low: float, high: float, method: str):
    """Return an interval with its numbers of runs, patterns and seeds."""
    count = (outcomes[name].nunique() for name in ("pattern", "seed_index"))
    bounds = float(mean), float(low), float(high)
    return Interval(*bounds, len(outcomes), *count, method)


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


def fixed_variance(outcomes: pd.DataFrame) -> Pooled:
    """Return the pooled variance of the fixed arms' runs; of all runs where they have no two seeds.

    A sample of patterns holds some that do not train at all in some seeds. They scatter ten times
    as much as the arms that are compared, and say nothing of these.

    Parameters
    ----------
    outcomes : with a column `arm` beside the others.
    """
    fixed = pooled_variance(outcomes[~outcomes["arm"].isin(SAMPLED_ARMS)])
    return fixed if fixed.degrees else pooled_variance(outcomes)


def pooled_t_interval(
    outcomes: pd.DataFrame, pooled: Pooled | None = None, level: float = LEVEL
) -> Interval:
    """Return the mean of the means of k fixed patterns with few seeds, with its t interval.

    v̄ ± t(df) s √(Σ_i 1/n_i) / k, with s² and df = Σ(n_i − 1) of the pooled variance. With one
    pattern and its own variance that is the usual t interval.

    Parameters
    ----------
    outcomes : runs of the pattern, or of the patterns of an arm, each of which counts the same.
    pooled : the variance, from all patterns of the experiment and budget; that of these runs if not
        given.

    Returns
    -------
    Bounds are NaN where df is 0, all patterns having one seed: one run says nothing of scatter.
    """
    pooled = pooled_variance(outcomes) if pooled is None else pooled
    valued = with_value(outcomes)
    means, runs = _pattern_means(valued)
    mean = means.mean() if len(means) else np.nan
    half = np.nan
    if pooled.degrees and len(means):
        error = np.sqrt(pooled.variance * (1 / runs).sum()) / len(means)
        half = stats.t.ppf((1 + level) / 2, pooled.degrees) * error
    return interval_of(valued, mean, mean - half, mean + half, POOLED_T)


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


def arm_interval(arm: str, outcomes: pd.DataFrame, pooled: Pooled) -> Interval:
    """Return an arm's mean with the interval that suits it: over patterns if it samples them."""
    if arm in SAMPLED_ARMS:
        return pattern_interval(outcomes)
    return pooled_t_interval(outcomes, pooled)


def paired_difference(first: pd.DataFrame, second: pd.DataFrame, level: float = LEVEL) -> Interval:
    """Return the mean of first − second, paired by seed index, with its t(n − 1) interval.

    Within a seed index the mean over the arm's patterns is taken first, so that n is the number of
    seed indices, however many patterns the arms have. Only seed indices at which every pattern of
    both arms has a value count: otherwise the difference would mix in which patterns are missing.

    Returns
    -------
    n is the number of pairs. All is NaN without any; the bounds are with fewer than `FEWEST_PAIRS`:
    t(1) has so long a tail that two pairs give a huge interval, or by luck a tiny one.
    """
    sides = []
    for outcomes in (first, second):
        valued = with_value(outcomes)
        by_seed = valued.groupby(["seed_index", "pattern"])["value"].mean().unstack()
        sides.append(by_seed.dropna().mean(axis=1))
    differences = (sides[0] - sides[1]).dropna().to_numpy()
    n = len(differences)
    mean = differences.mean() if n else np.nan
    half = np.nan
    if n >= FEWEST_PAIRS:
        half = stats.t.ppf((1 + level) / 2, n - 1) * stats.sem(differences)
    patterns = with_value(first)["pattern"].nunique() + with_value(second)["pattern"].nunique()
    return Interval(float(mean), float(mean - half), float(mean + half), n, patterns, n, PAIRED_T)
