"""The recommended pattern against the best of N random ones, N = 1, 2, … (claim A4).

A pattern's value is the mean over its runs. The expected best of N of n random patterns, drawn
without replacement, is exact: with the values in ascending order v_1 ≤ … ≤ v_n

    E_N = Σ_i C(i − 1, N − 1) / C(n, N) v_i

the unbiased estimate of the expected best of N further ones. Regret is E_N less the mean of the
recommended pattern. Its interval is Student's t with the variance of a jackknife over random
patterns and that of the recommended pattern's seeds, degrees of freedom after Welch and
Satterthwaite. It covers for N up to two fifths of n (tests/analysis/test_regret.py); beyond there
is none.

Two further numbers stand beside E_N, from single runs: the best of N that a search *reports*, the
largest of N test accuracies, which is partly luck; and what its *choice* is worth, measured by a
run of the same pattern with another seed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import gammaln

from blockmaps.analysis.columns import REGRET
from blockmaps.analysis.summary import PANEL, with_families
from blockmaps.core.fixed import LEVEL
from blockmaps.plan.needs import FEWEST_PATTERNS

MOST = 50
COVERED = 0.4  # share of the patterns up to which N has an interval


def best_weights(n: int, N: int) -> np.ndarray:
    """Return the weights of n ascending values whose sum is the expected best of N: (n,)."""
    i = np.arange(1, n + 1)
    chosen = np.where(i >= N, gammaln(i) - gammaln(np.maximum(i - N, 0) + 1), -np.inf)
    return np.exp(chosen - gammaln(N) - (gammaln(n + 1) - gammaln(N + 1) - gammaln(n - N + 1)))


def expected_best(values: np.ndarray, N: int) -> float:
    """Return the expected largest of N of the values, drawn without replacement."""
    return float(np.sort(values) @ best_weights(len(values), N))


def chosen_best(chosen_by: np.ndarray, measured: np.ndarray, N: int) -> float:
    """Return the expected `measured` of the pattern that is best of N by `chosen_by`."""
    order = np.argsort(chosen_by, kind="stable")
    return float(measured[order] @ best_weights(len(measured), N))


def jackknife_error(values: np.ndarray, N: int) -> float:
    """Return the standard error of the expected best of N, a jackknife over the values.

    NaN if N is as many as there are.
    """
    n = len(values)
    if n <= N:
        return np.nan
    ordered, weights = np.sort(values), best_weights(n - 1, N)
    # without v_i the values below keep their weight and those above take the one before
    whole = np.concatenate([[0.0], np.cumsum(ordered[:-1] * weights)])
    above = np.concatenate([np.cumsum((ordered[1:] * weights)[::-1])[::-1], [0.0]])
    left_out = whole + above
    return float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))


class Difference(NamedTuple):
    """A difference with its 95 % interval; the bounds are NaN where there is none."""

    value: float
    low: float
    high: float


def difference(best: float, error: float, patterns: int, recommended: np.ndarray) -> Difference:
    """Return best − mean(recommended), with Welch's interval.

    Parameters
    ----------
    best, error : the expected best and its standard error, from so many patterns.
    recommended : (runs,)
    """
    value = best - recommended.mean()
    if len(recommended) < 2 or not np.isfinite(error):
        return Difference(value, np.nan, np.nan)
    parts = np.array([error**2, recommended.var(ddof=1) / len(recommended)])
    if parts.sum() == 0:
        return Difference(value, value, value)
    degrees = parts.sum() ** 2 / (parts**2 / [patterns - 1, len(recommended) - 1]).sum()
    half = stats.t.ppf((1 + LEVEL) / 2, degrees) * np.sqrt(parts.sum())
    return Difference(value, value - half, value + half)


class Contest(NamedTuple):
    """One panel's random patterns and recommended runs, in percentage points.

    Attributes
    ----------
    labels : the panel, and |x|, |y|, the initialisation.
    random : (patterns,) means over runs.
    by_seed : (patterns, seeds) single runs; patterns that lack one are left out.
    recommended : (runs,)
    patterns : a row a random pattern, with what was known before training, ordered as `random`.
    """

    labels: dict
    random: np.ndarray
    by_seed: np.ndarray
    recommended: np.ndarray
    patterns: pd.DataFrame


def contests(
    outcomes: pd.DataFrame, arm: str = "recommended", value: str = "accuracy_clean"
) -> Iterator[Contest]:
    """Yield every panel that has a contestant and at least ten random patterns.

    Parameters
    ----------
    arm : what is held against them, in the place of the recommended pattern.
    value : the outcome's column, a share.
    """
    valued = outcomes[outcomes[value].notna()]
    for values, panel in valued.groupby([*PANEL, "initialisation"]):
        arms = with_families(panel)
        random = panel[panel["arm"] == "random"]
        if random["pattern"].nunique() < FEWEST_PATTERNS or arm not in arms:
            continue
        recommended = arms[arm][value].to_numpy(float)
        by_seed = random.pivot(index="pattern", columns="seed_index", values=value)
        labels = dict(zip([*PANEL, "initialisation"], values, strict=True))
        labels |= {name: int(panel[name].iloc[0]) for name in ("inputs", "outputs", "steps")}
        means = random.groupby("pattern").mean(numeric_only=True)
        yield Contest(
            labels,
            100 * means[value].to_numpy(float),
            100 * by_seed.dropna().to_numpy(float),
            100 * recommended,
            means,
        )


def regrets(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the regret against N of every panel; columns as in `REGRET`."""
    rows = []
    for contest in contests(outcomes):
        n = len(contest.random)
        for N in range(1, min(n, MOST) + 1):
            best = expected_best(contest.random, N)
            error = jackknife_error(contest.random, N) if COVERED * n >= N else np.nan
            regret = difference(best, error, n, contest.recommended)
            rows.append(
                {
                    **contest.labels,
                    "N": N,
                    "best": best,
                    "recommended": contest.recommended.mean(),
                    "regret": regret.value,
                    "low": regret.low,
                    "high": regret.high,
                    **_single_runs(contest.by_seed, N),
                    "patterns": n,
                    "seeds": contest.by_seed.shape[1],
                    "n": len(contest.recommended),
                }
            )
    return pd.DataFrame(rows, columns=list(REGRET))


def _single_runs(by_seed: np.ndarray, N: int) -> dict[str, float]:
    """Return what a search of N single runs reports, and what its choice is worth."""
    patterns, seeds = by_seed.shape
    if patterns < N or seeds < 2:
        return {"reported": np.nan, "chosen": np.nan}
    reported = np.mean([expected_best(column, N) for column in by_seed.T])
    others = (by_seed.sum(1, keepdims=True) - by_seed) / (seeds - 1)
    chosen = np.mean([chosen_best(by_seed[:, k], others[:, k], N) for k in range(seeds)])
    return {"reported": float(reported), "chosen": float(chosen)}
