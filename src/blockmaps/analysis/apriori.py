"""What can be said before training, tested on sizes that took no part in making the rule.

Per size: the recommended pattern less the expected best of ten random ones, less their median and
less the rule without the proportion, the same of the rule's other controls (claim A4), how many
random ones match it, and the rank correlation of predicted with measured accuracy over the random
patterns. Over sizes, the unit being the size: the means of these, and slopes of differences between
arms on log(|x|/|y|) (claim A5). Sizes are put together that were trained for as many steps. One at
which an arm did not learn is no part of a slope.
"""

from typing import Any

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
from blockmaps.analysis.statistics import arm_interval
from blockmaps.analysis.statistics import difference as between
from blockmaps.analysis.summary import PANEL, POINTS, SHARE, with_families
from blockmaps.core.fixed import LEVEL, NOT_LEARNT, SEARCHED
from blockmaps.designs.kinds.design import WITHOUT_PROPORTION
from blockmaps.designs.recommend import predicted
from blockmaps.plan.needs import CONTESTANTS as ARMS
from blockmaps.plan.needs import GAINS

FEWEST_SIZES = 3
RESAMPLES = 1999
RANDOM_BEST, RANDOM_MEDIAN = f"expected best of {SEARCHED} random", "median random"
CONTROL = "rule without the proportion"
# What is held against the random patterns, by what the claims call it: the rule and its controls.
CONTESTANTS = {CONTROL if arm == WITHOUT_PROPORTION else arm: arm for arm in ARMS}
MATCH = "random patterns that match the recommended one"
RHO = "Spearman's ρ"
VALUE = "accuracy_clean"
IN_POINTS = "percentage points"
ON_RATIO, ON_INPUTS, ON_OUTPUTS = "log(|x|/|y|)", "log|x|", "log|y|"
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


def learnt(outcomes: pd.DataFrame) -> bool:
    """Return whether an arm left chance: its mean accuracy's upper bound is above the margin.

    The margin is a share of the way from chance to 100 %. An arm without an interval has left it.

    Parameters
    ----------
    outcomes : the arm's runs.
    """
    chance = 1 / outcomes["outputs"].iloc[0]
    high = arm_interval(outcomes.assign(value=outcomes[VALUE]), ends=SHARE).high
    return not high < chance + NOT_LEARNT * (1 - chance)


def _against_random(contest: Contest) -> dict[str, tuple[float, float, float]]:
    """Return a contestant less the expected best of ten and less the median random pattern."""
    n, best = len(contest.random), (np.nan,) * 3
    if n >= SEARCHED:
        error = jackknife_error(contest.random, SEARCHED) if COVERED * n >= SEARCHED else np.nan
        regret = difference(expected_best(contest.random, SEARCHED), error, n, contest.recommended)
        best = (-regret.value, -regret.high, -regret.low)
    return {RANDOM_BEST: best, RANDOM_MEDIAN: median_difference(contest)}


def _of_contest(name: str, contest: Contest) -> list[dict]:
    """Return the rows of one contestant at one size."""
    rows = [
        (f"{name} - {other}", IN_POINTS, found) for other, found in _against_random(contest).items()
    ]
    if name == "recommended":
        patterns = contest.patterns
        expected = predicted(patterns["hidden_proportion"].to_numpy(float))
        known = {"predicted": expected}
        known |= {rival: patterns[rival].to_numpy(float) for rival in RIVALS}
        rows.append((MATCH, "patterns", matching(contest)))
        rows += [
            (f"rank correlation, {what} and measured", RHO, rank_correlation(x, contest.random))
            for what, x in known.items()
        ]
    return [
        contest.labels
        | dict(zip(("statistic", "unit"), row[:2], strict=True))
        | dict(zip(("estimate", "low", "high"), row[2], strict=True))
        | {"n": len(contest.random), "level": "one size", "learnt": True}
        for row in rows
    ]


def _difference(pair: tuple[str, str]) -> str:
    return " - ".join(CONTROL if arm == WITHOUT_PROPORTION else arm for arm in pair)


def gains(outcomes: pd.DataFrame, value: str = VALUE) -> pd.DataFrame:
    """Return differences of arms in percentage points by panel, and whether both arms learnt."""
    rows = []
    known = outcomes[outcomes[value].notna()]
    for values, panel in known.groupby([*PANEL, "initialisation"]):
        labels = dict(zip([*PANEL, "initialisation"], values, strict=True))
        labels |= {name: int(panel[name].iloc[0]) for name in ("inputs", "outputs", "steps")}
        arms = with_families(panel)
        for pair in GAINS:
            if not set(pair) <= set(arms):
                continue
            own, other = (arms[arm].assign(value=100 * arms[arm][value]) for arm in pair)
            gain = between(own, other, ends=POINTS)
            found: dict[str, Any] = {"statistic": _difference(pair), "unit": IN_POINTS}
            found |= {"level": "one size", "estimate": gain.mean, "low": gain.low}
            found |= {"high": gain.high, "n": gain.n}
            rows.append(labels | found | {"learnt": all(learnt(arms[arm]) for arm in pair)})
    return pd.DataFrame(rows, columns=list(APRIORI))


def slopes(gained: pd.DataFrame) -> list[dict]:
    """Return the slopes of one difference over sizes, each with its 95 % t interval.

    On log(|x|/|y|); and where |x| and |y| are crossed, on the logarithm of each, given the other. A
    size, one |x| and |y|, is one point, the mean over its budgets. None with fewer than three.
    """
    sizes = gained.groupby(["inputs", "outputs"])["estimate"].mean().dropna().reset_index()
    logs = np.log(sizes[["inputs", "outputs"]].to_numpy(float))
    ratio = logs[:, :1] - logs[:, 1:]
    forms = {ON_RATIO: (ratio, 1)}
    if len(sizes) > FEWEST_SIZES and len(sizes) == np.prod([sizes[n].nunique() for n in sizes][:2]):
        forms |= {ON_INPUTS: (logs, 1), ON_OUTPUTS: (logs, 2)}
    rows = []
    for on, (x, place) in forms.items():
        if len(sizes) < FEWEST_SIZES or np.ptp(x[:, place - 1]) == 0:
            continue
        fitted = sm.OLS(sizes["estimate"].to_numpy(float), sm.add_constant(x)).fit()
        if fitted.df_resid < 1:
            continue
        low, high = fitted.conf_int(1 - LEVEL)[place]
        rows.append(
            {"statistic": f"slope of {gained['statistic'].iloc[0]} on {on}", "n": len(sizes)}
            | {"unit": f"{IN_POINTS} per unit", "estimate": float(fitted.params[place])}
            | {"low": float(low), "high": float(high), "degrees": float(fitted.df_resid)}
        )
    return rows


def _size(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(list(zip(rows["inputs"], rows["outputs"], strict=True)), rows.index)


def _over_sizes(rows: pd.DataFrame) -> list[dict]:
    """Return the mean of each statistic over sizes, with t over these, and slopes."""
    found = []
    for (scheme, steps, statistic, unit), group in rows.groupby(
        ["initialisation", "steps", "statistic", "unit"], sort=False
    ):
        labels = {"initialisation": scheme, "steps": steps, "level": "all sizes"}
        if statistic in map(_difference, GAINS):
            able = group[~_size(group).isin(_size(group[~group["learnt"].astype(bool)]))]
            found += [labels | row for row in (slopes(able) if len(able) else ())]
        values = group.groupby(["inputs", "outputs"])["estimate"].mean().dropna().to_numpy(float)
        if statistic == MATCH or len(values) < FEWEST_SIZES:
            continue
        low, high = stats.t.interval(
            LEVEL, len(values) - 1, values.mean(), max(stats.sem(values), 1e-300)
        )
        row = {"statistic": statistic, "unit": unit, "n": len(values), "degrees": len(values) - 1}
        found.append(labels | row | {"estimate": values.mean(), "low": low, "high": high})
    return found


def apriori(outcomes: pd.DataFrame, value: str = VALUE) -> pd.DataFrame:
    """Return all of it; columns as in `APRIORI`. Of rows over all sizes the panel is empty.

    Parameters
    ----------
    value : the outcome's column, a share.
    """
    rows = [
        row
        for name, arm in CONTESTANTS.items()
        for contest in contests(outcomes, arm, value)
        for row in _of_contest(name, contest)
    ]
    parts = [pd.DataFrame(rows, columns=list(APRIORI)), gains(outcomes, value)]
    table = pd.concat([part for part in parts if len(part)] or parts)
    whole = [table, pd.DataFrame(_over_sizes(table), columns=list(APRIORI))]
    return pd.concat([part for part in whole if len(part)] or whole, ignore_index=True)
