"""Where accuracy is highest on the hidden proportion, by panel, design and curve."""

import numpy as np
import pandas as pd

from blockmaps.analysis.columns import OPTIMUM
from blockmaps.analysis.explain import PROPORTIONS, cases, usable
from blockmaps.analysis.smoothing import fit_local_mean
from blockmaps.analysis.splines import SplineFit, fit_spline

OUTCOMES = ("logit_clean", "loss_clean", "logit_leaking")
RESAMPLES = 999


def curves(runs: pd.DataFrame, proportion: str) -> dict[str, SplineFit]:
    """Return the fitted curves by name, those that there are enough patterns for.

    The spline is claim A2's; the local mean, of the primary definition only, never leaves the range
    of the data, so that a cliff beside a plateau makes no peak.

    Parameters
    ----------
    runs : columns pattern, seed_index, value and the proportion.
    """
    found = {}
    try:
        found["spline"] = fit_spline(runs, proportion, resamples=RESAMPLES)
        if proportion == PROPORTIONS[0]:
            found["local mean"] = fit_local_mean(runs, proportion)
    except ValueError:
        pass  # too few patterns, or none that differ
    return found


def optima(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return where each curve on the hidden proportion is highest; columns as in `OPTIMUM`.

    Parameters
    ----------
    outcomes : of `outcomes.run_outcomes`.
    """
    rows = []
    for sample, labels, value, _ in cases(outcomes, OUTCOMES):
        sign = -1 if labels["outcome"].startswith("loss") else 1
        for proportion in PROPORTIONS:
            if not usable(sample, proportion):
                continue
            runs = sample.runs.assign(value=sign * value)
            for curve, found in curves(runs, proportion).items():
                best, first, last = found.optimum, found.x[0], found.x[-1]
                step = found.x[1] - found.x[0]
                half = np.interp(0.5, found.x, found.mean) if first <= 0.5 <= last else np.nan
                rows.append(
                    {
                        **labels,
                        "explanation": proportion,
                        "curve": curve,
                        "first": first,
                        "last": last,
                        "optimum": best.mean,
                        "low": best.low,
                        "high": best.high,
                        "interior": bool(best.low > first + step and best.high < last - step),
                        "best": sign * found.mean.max(),
                        "at_half": sign * half,
                    }
                )
    return pd.DataFrame(rows, columns=list(OPTIMUM))
