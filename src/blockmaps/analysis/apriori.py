"""What can be said before training, tested on sizes that took no part in making the rule.

Per size: the recommended pattern less the expected best of ten random ones and less their median
(claim A4), how many random ones match it, and the rank correlation of predicted with measured
accuracy over the random patterns. Over sizes, the unit being the size: the means of these, and the
slope of (balanced − dense) on log(|x|/|y|) (claim A5).
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from blockmaps.analysis.columns import APRIORI
from blockmaps.analysis.regret import (
    COVERED,
    Contest,
    contests,
    difference,
    expected_best,
    jackknife_error,
)
from blockmaps.analysis.statistics import LEVEL, paired_difference
from blockmaps.analysis.summary import PANEL
from blockmaps.designs.recommend import predicted

SEARCHED = 10  # random patterns in claim A4
FEWEST_SIZES = 3
RESAMPLES = 1999
BEST = f"recommended - expected best of {SEARCHED} random"
MEDIAN = "recommended - median random"
MATCH = "random patterns that match the recommended one"
RANK = "rank correlation, predicted and measured"
SLOPE = "slope of balanced - dense on log(|x|/|y|)"
POINTS = "percentage points"
GAIN = "balanced - dense"
GAINS = (("balanced", "dense"), ("recommended", "dense"), ("recommended", "uniform"))
RIVALS = ("density", "hidden", "spectral_radius", "state_scale")

_LABELS = [*PANEL, "initialisation", "inputs", "outputs"]


def rank_correlation(predicted: np.ndarray, measured: np.ndarray) -> tuple[float, float, float]:
    """Return Spearman's ρ and its 95 % interval.

    Fisher's z with the standard error √((1 + ρ²/2) / (n − 3)) of Bonett and Wright (2000). All NaN
    if one side is constant; the bounds with fewer than ten values.
    """
    if len(measured) < 4 or np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return np.nan, np.nan, np.nan
    rho = float(stats.spearmanr(predicted, measured).statistic)
    if len(measured) < 10 or abs(rho) == 1:
        return rho, np.nan, np.nan
    error = np.sqrt((1 + rho**2 / 2) / (len(measured) - 3))
    half = stats.norm.ppf((1 + LEVEL) / 2) * error
    low, high = np.tanh(np.arctanh(rho) + half * np.array([-1, 1]))
    return rho, float(low), float(high)


def median_difference(contest: Contest, seed: int = 0) -> tuple[float, float, float]:
    """Return the recommended mean less the random patterns' median, with its 95 % interval.

    Percentiles of a bootstrap over random patterns, to which the recommended mean's error is added
    as a draw of Student's t.
    """
    runs, rng = contest.recommended, np.random.default_rng(seed)
    value = runs.mean() - np.median(contest.random)
    if len(runs) < 2:
        return float(value), np.nan, np.nan
    medians = np.median(rng.choice(contest.random, (RESAMPLES, len(contest.random))), axis=1)
    noise = rng.standard_t(len(runs) - 1, RESAMPLES) * runs.std(ddof=1) / np.sqrt(len(runs))
    ends = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = np.quantile(runs.mean() + noise - medians, ends)
    return float(value), float(low), float(high)


def matching(contest: Contest) -> tuple[float, float, float]:
    """Return the least N whose expected best reaches the recommended mean, and its bounds.

    The bounds are where the regret's upper and lower bound reach zero. NaN (of the estimate or of
    the upper bound) stands for more than can be told from so many patterns.
    """
    n = len(contest.random)
    found = {"value": np.nan, "low": np.nan, "high": np.nan}
    for N in range(n, 0, -1):
        error = jackknife_error(contest.random, N) if COVERED * n >= N else np.nan
        regret = difference(expected_best(contest.random, N), error, n, contest.recommended)
        for name, reached in (
            ("value", regret.value >= 0),
            ("low", regret.high >= 0),
            ("high", regret.low >= 0),
        ):
            if reached:
                found[name] = float(N)
    return found["value"], found["low"], found["high"]


def _of_contest(contest: Contest) -> list[dict]:
    """Return the rows of one size."""
    n = len(contest.random)
    if n >= SEARCHED:
        error = jackknife_error(contest.random, SEARCHED) if COVERED * n >= SEARCHED else np.nan
        regret = difference(expected_best(contest.random, SEARCHED), error, n, contest.recommended)
        best = (-regret.value, -regret.high, -regret.low)
    else:
        best = (np.nan,) * 3
    patterns = contest.patterns
    expected = predicted(patterns["hidden_proportion"].to_numpy(float))
    rows = [
        (BEST, POINTS, best),
        (MEDIAN, POINTS, median_difference(contest)),
        (MATCH, "patterns", matching(contest)),
        (RANK, "Spearman's ρ", rank_correlation(expected, contest.random)),
    ]
    for name in RIVALS:
        found = rank_correlation(patterns[name].to_numpy(float), contest.random)
        rows.append((f"rank correlation, {name} and measured", "Spearman's ρ", found))
    return [
        contest.labels
        | dict(zip(("statistic", "unit"), row[:2], strict=True))
        | dict(zip(("estimate", "low", "high"), row[2], strict=True))
        | {"n": n, "level": "one size"}
        for row in rows
    ]


def gains(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return differences of arms in percentage points, paired by seed index, by panel."""
    rows = []
    for values, panel in outcomes.groupby([*PANEL, "initialisation"]):
        labels = dict(zip([*PANEL, "initialisation"], values, strict=True))
        labels |= {name: int(panel[name].iloc[0]) for name in ("inputs", "outputs")}
        scaled = panel.assign(value=100 * panel["accuracy_clean"])
        for pair in GAINS:
            sides = [scaled[scaled["arm"] == arm] for arm in pair]
            if any(side.empty for side in sides):
                continue
            gain = paired_difference(*sides)
            found = {"statistic": " - ".join(pair), "unit": POINTS, "level": "one size"}
            found |= {"estimate": gain.mean, "low": gain.low, "high": gain.high, "n": gain.n}
            rows.append(labels | found)
    return pd.DataFrame(rows, columns=list(APRIORI))


def slope(gained: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the slope of balanced − dense on log(|x|/|y|), its 95 % t interval, and the sizes.

    A size, one |x| and |y|, is one point, the mean over its budgets. NaN with fewer than three.
    """
    own = gained[gained["statistic"] == GAIN]
    sizes = own.groupby(["inputs", "outputs"])["estimate"].mean().dropna().reset_index()
    x = np.log(sizes["inputs"] / sizes["outputs"]).to_numpy(float)
    if len(sizes) < FEWEST_SIZES or np.ptp(x) == 0:
        return np.nan, np.nan, np.nan, len(sizes)
    fitted = sm.OLS(sizes["estimate"].to_numpy(float), sm.add_constant(x)).fit()
    low, high = fitted.conf_int(1 - LEVEL)[1]
    return float(fitted.params[1]), float(low), float(high), len(sizes)


def _over_sizes(rows: pd.DataFrame) -> list[dict]:
    """Return the mean of each statistic over sizes, with t over these."""
    found = []
    for (scheme, statistic, unit), group in rows.groupby(
        ["initialisation", "statistic", "unit"], sort=False
    ):
        values = group.groupby(["inputs", "outputs"])["estimate"].mean().dropna().to_numpy(float)
        if statistic == MATCH or len(values) < FEWEST_SIZES:
            continue
        low, high = stats.t.interval(
            LEVEL, len(values) - 1, values.mean(), max(stats.sem(values), 1e-300)
        )
        found.append(
            {"initialisation": scheme, "statistic": statistic, "unit": unit, "n": len(values)}
            | {"level": "all sizes", "estimate": values.mean(), "low": low, "high": high}
        )
    return found


def apriori(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return all of it; columns as in `APRIORI`. Of rows over all sizes the panel is empty."""
    rows = [row for contest in contests(outcomes) for row in _of_contest(contest)]
    gained = gains(outcomes)
    table = pd.DataFrame(rows, columns=list(APRIORI))
    table = pd.concat([part for part in (table, gained) if len(part)] or [table])
    over = _over_sizes(table)
    for scheme, group in gained.groupby("initialisation"):
        value, low, high, sizes = slope(group)
        if np.isfinite(value):
            over.append(
                {"initialisation": scheme, "statistic": SLOPE, "level": "all sizes", "n": sizes}
                | {"unit": f"{POINTS} per unit", "estimate": value, "low": low, "high": high}
            )
    whole = [table, pd.DataFrame(over, columns=list(APRIORI))]
    return pd.concat([part for part in whole if len(part)] or whole, ignore_index=True)
