"""What a mean hides: interquartile means, performance profiles, restricted means.

As Agarwal et al. recommend for few runs (arXiv:2108.13264, rliable): the interquartile mean, the
mean of the middle half of the runs, and the performance profile, the share of runs whose accuracy
is above a threshold, for every threshold.

Their stratified bootstrap over runs cannot reach beyond the smallest and the largest of them, which
with four runs lie on both sides of a median in only 7 of 8 cases. So there is an interval of an
interquartile mean only for a sample of at least 20 patterns, over these; and a profile's share has
that of Clopper and Pearson, with the number of patterns, or of seeds of a fixed arm, as the number
of trials.
"""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from blockmaps.analysis.columns import PROFILES, ROBUST, STEPS
from blockmaps.analysis.outcomes import PROTOCOLS, half_way
from blockmaps.analysis.summary import PANEL
from blockmaps.core.fixed import BOOTSTRAP_FROM, LEVEL
from blockmaps.plan.needs import SAMPLED_ARMS
from blockmaps.results import outcome

RESAMPLES = 1999
THRESHOLDS = np.arange(0.05, 1.0, 0.05).round(2)
TRIM = 0.25


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half: a quarter of the values cut at each end, rounded down."""
    return float(stats.trim_mean(values, TRIM))


def interquartile_interval(means: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentiles of a bootstrap over patterns; NaN with fewer than 20.

    Parameters
    ----------
    means : (patterns,) each pattern's mean over its runs.
    """
    if len(means) < BOOTSTRAP_FROM:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    resampled = rng.choice(means, (RESAMPLES, len(means)))
    ends = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = np.quantile(stats.trim_mean(resampled, TRIM, axis=1), ends)
    return float(low), float(high)


def restricted_mean(steps: np.ndarray, reached: np.ndarray, horizon: float) -> tuple[float, float]:
    """Return the mean of steps, restricted to a horizon, and its standard error.

    The area under the survival curve of Kaplan and Meier up to the horizon, with Greenwood's
    variance Σ_i A_i² d_i / (r_i (r_i − d_i)), A_i the area beyond the i-th time, d_i events of r_i
    at risk.

    Parameters
    ----------
    steps : (runs,) of the event, or of the censoring.
    reached : (runs,) whether it is the event's.
    """
    curve = SurvfuncRight(steps, reached.astype(int))
    inside = curve.surv_times < horizon
    times = np.concatenate([[0.0], curve.surv_times[inside], [horizon]])
    survival = np.concatenate([[1.0], curve.surv_prob[inside]])
    pieces = survival * np.diff(times)
    beyond = pieces[::-1].cumsum()[::-1][1:]
    events, risk = curve.n_events[inside], curve.n_risk[inside]
    left = risk - events
    parts = np.divide(beyond**2 * events, risk * left, out=np.zeros(len(left)), where=left > 0)
    return float(pieces.sum()), float(np.sqrt(parts.sum()))


def _arms(outcomes: pd.DataFrame, column: str):
    """Yield labels, runs, and the means of the patterns, by panel, arm and protocol."""
    for labels, panel in outcomes.groupby([*PANEL, "arm"]):
        for protocol in PROTOCOLS:
            values = panel.rename(columns={f"{column}_{protocol}": "value"})
            values = values[np.isfinite(values["value"].to_numpy(float))]
            if len(values):
                named = dict(zip([*PANEL, "arm"], labels, strict=True)) | {"protocol": protocol}
                sizes = {"patterns": values["pattern"].nunique(), "n": len(values)}
                yield named, values, sizes


def interquartile_means(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the interquartile mean of every arm; columns as in `ROBUST`."""
    rows = []
    for labels, values, sizes in _arms(outcomes, "accuracy"):
        low = high = np.nan
        middle = interquartile_mean(values["value"].to_numpy(float))
        if labels["arm"] in SAMPLED_ARMS:
            means = values.groupby("pattern")["value"].mean().to_numpy()
            middle = interquartile_mean(means)
            low, high = interquartile_interval(means)
        found = {"interquartile_mean": middle, "low": low, "high": high}
        rows.append(labels | found | {"mean": values["value"].mean()} | sizes)
    return pd.DataFrame(rows, columns=list(ROBUST))


def profiles(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the share of runs above every threshold, by arm; columns as in `PROFILES`.

    Of a sample of patterns it is the mean over patterns of the share of their runs, which scatters
    no more than a share of as many trials.
    """
    rows = []
    for labels, values, sizes in _arms(outcomes, "accuracy"):
        sampled = labels["arm"] in SAMPLED_ARMS
        trials = sizes["patterns"] if sampled else values["seed_index"].nunique()
        codes, _ = pd.factorize(values["pattern" if sampled else "seed_index"])
        above = values["value"].to_numpy(float)[:, None] > THRESHOLDS
        of_unit = np.zeros((codes.max() + 1, len(THRESHOLDS)))
        np.add.at(of_unit, codes, above)
        shares = (of_unit / np.bincount(codes)[:, None]).mean(0)
        bounds = proportion_confint(shares * trials, trials, 1 - LEVEL, method="beta")
        for threshold, share, low, high in zip(THRESHOLDS, shares, *bounds, strict=True):
            found = {"threshold": threshold, "share": share, "low": low, "high": high}
            rows.append(labels | found | {"trials": trials} | sizes)
    return pd.DataFrame(rows, columns=list(PROFILES))


def steps_to_half(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the restricted mean of steps to half way, by arm; columns as in `STEPS`.

    The standard error takes runs as independent; comparisons between arms are in `comparisons`.
    """
    rows = []
    for labels, values, sizes in _arms(outcomes, "steps_to_half"):
        reached = values[f"reached_{labels['protocol']}"].to_numpy(bool)
        horizon = float(values["steps"].max())
        mean, error = restricted_mean(values["value"].to_numpy(float), reached, horizon)
        found = {
            "threshold": float(half_way(outcome.of(values).chance(values["outputs"].iloc[0]))),
            "horizon": horizon,
            "restricted_mean": mean,
            "error": error,
            "reached": int(reached.sum()),
        }
        rows.append(labels | found | sizes)
    return pd.DataFrame(rows, columns=list(STEPS))
