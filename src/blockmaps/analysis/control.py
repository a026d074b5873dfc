"""Tables of policies' returns: by structure, and differences between arms.

A run's return is its mean over the episodes that it was scored in, its success the share of them
that reach the goal. The unit of an interval is the run of a seed index: episodes of one model say
nothing of how another training would have ended. Intervals are conditional on the start states,
which all models have in common: they say nothing of how other start states would have done.
"""

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np
import pandas as pd

from blockmaps.analysis.explain import PROPORTIONS, YH, columns
from blockmaps.analysis.regression import cross_validated, fit
from blockmaps.analysis.statistics import (
    ALIKE,
    FEWEST_SEEDS,
    TOO_FEW,
    Interval,
    difference,
    pooled_t_interval,
)
from blockmaps.analysis.summary import SHARE
from blockmaps.core.fixed import SESOI
from blockmaps.plan.needs import FEWEST_PATTERNS, against_cells
from blockmaps.results.returns import PANEL, by_run

STUDY = "control"
# An interval is from a structure's own variance, whatever the number of seed indices: a structure
# that learns nothing has hardly any, and one that sometimes does has much, so that none is pooled.
OWN = "t, own variance"
EXPLANATIONS = (PROPORTIONS[0], YH)

_ESTIMATE = {
    "low": "lower bound, 95 %; empty where all runs are alike or seed indices fewer than three",
    "high": "upper bound",
    "n": "runs",
    "seeds": "seed indices",
    "episodes": "of every run",
    "diverged": "runs that gave an action that is not finite; they count as they are",
    "method": "of the interval",
}
_EXPERT = {
    "expert": "the same of the data set's episodes, all splits; the expert's actions are sampled",
    "expert_error": "its standard error over those episodes",
    "expert_episodes": "how many those are",
}
COLUMNS = {
    "returns": {
        **PANEL,
        "arm": "group that is compared",
        "structure": "the pattern's name within its design: 00 to 17 …",
        "hidden": "|h|",
        "unknowns": "mean realised unknowns",
        "hidden_proportion": "mean realised hidden proportion",
        "outcome": "return: mean over the episodes; success: share of them that reach the goal",
        "mean": "mean over the runs",
        "sd": "standard deviation between runs",
        **_ESTIMATE,
        **_EXPERT,
    },
    "return_differences": {
        **PANEL,
        "difference": "what is compared, in the claims' words: dense - uniform …",
        "outcome": "return, success, or share: return as a share of the expert's mean return",
        "mean": "difference of means over the seed indices, the first less the second",
        **_ESTIMATE,
        "degrees": "degrees of freedom",
        "n": "seed indices of the smaller arm",
        "diverged": "runs of both arms that gave an action that is not finite; they count",
        "smallest_of_interest": "smallest difference of interest, 5 % of the expert's mean return",
        "expert_return": "expert's mean return: sampled actions, episodes of all splits",
    },
    "return_explained": {
        **PANEL,
        "explanation": "hidden_proportion; unknowns_yh = n_yh, the unknowns from h to y",
        "given": "none, or the other: then the partial R² of what is added to it",
        "form": "linear; natural cubic spline, 4 degrees of freedom",
        "cv_r2": "R² of structures' mean returns predicted from the others",
        "low": "its lower bound, 95 %, jackknife over structures",
        "high": "its upper bound",
        "patterns": "structures, the unit; cells left out",
        "n": "runs",
    },
}


def _panels(returns: pd.DataFrame) -> Iterator[tuple[dict, pd.DataFrame]]:
    for labels, panel in by_run(returns).groupby(list(PANEL)):
        yield dict(zip(PANEL, labels, strict=True)), panel


def _interval(values: pd.DataFrame, ends: tuple[float, float] | None) -> Interval:
    """Return a structure's mean with its interval, within the ends of a share."""
    if values["value"].nunique() == 1 and len(values) > 1:
        # a variance of zero would make an interval of no width: it is one of too few runs
        found = pooled_t_interval(values)
        return found._replace(low=np.nan, high=np.nan, method=ALIKE)
    found = pooled_t_interval(values, ends=ends)
    if found.seeds < FEWEST_SEEDS:
        return found._replace(low=np.nan, high=np.nan, method=TOO_FEW)
    return found._replace(method=OWN)


def by_structure(returns: pd.DataFrame) -> pd.DataFrame:
    """Return a row a structure and outcome; columns as in `COLUMNS`."""
    rows = []
    for labels, panel in _panels(returns):
        for outcome, expert in (("return", "expert_return"), ("success", "expert_success")):
            values = panel.assign(value=panel[outcome])
            for (arm, pattern), group in values.groupby(["arm", "pattern"]):
                found = _interval(group, SHARE if outcome == "success" else None)
                rows.append(
                    {
                        **labels,
                        "arm": arm,
                        "structure": pattern,
                        "hidden": int(group["hidden"].iloc[0]),
                        "unknowns": group["unknowns"].mean(),
                        "hidden_proportion": group["hidden_proportion"].mean(),
                        "outcome": outcome,
                        "mean": found.mean,
                        "sd": group["value"].std(),
                        "low": found.low,
                        "high": found.high,
                        **_counts(group, found),
                        "expert": group[expert].mean(),
                        "expert_error": _expert_error(group.iloc[0], outcome),
                        "expert_episodes": int(group["expert_episodes"].iloc[0]),
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS["returns"]))


def differences(returns: pd.DataFrame) -> pd.DataFrame:
    """Return differences between arms with Welch's interval; columns as in `COLUMNS`.

    A description: verdicts come from the claims ledger.
    """
    rows = []
    for labels, panel in _panels(returns):
        arms = dict(tuple(panel.groupby("arm")))
        for first, second in against_cells(arms):
            if first not in arms or second not in arms:
                continue
            both = pd.concat([arms[first], arms[second]])
            least = SESOI * both["expert_return"].mean()
            for outcome in ("return", "share", "success"):
                one, other = (
                    arms[name].assign(value=arms[name][outcome]) for name in (first, second)
                )
                ends = (-1.0, 1.0) if outcome == "success" else None
                found = difference(one, other, ends=ends)
                rows.append(
                    {
                        **labels,
                        "difference": f"{first} - {second}",
                        "outcome": outcome,
                        "mean": found.mean,
                        "low": found.low,
                        "high": found.high,
                        "degrees": found.degrees,
                        **_counts(both, found),
                        "smallest_of_interest": {"return": least, "share": SESOI}.get(outcome),
                        "expert_return": least / SESOI,
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS["return_differences"]))


def explained(returns: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return what the hidden proportion and n_yh explain of return; columns as in `COLUMNS`.

    Parameters
    ----------
    runs : the runs table, for n_yh.
    """
    rows, known = [], runs.drop_duplicates("key").set_index("key")["unknowns_yh"]
    for labels, panel in _panels(returns):
        own = panel[panel["hidden_proportion"].notna()]
        own = own.assign(unknowns_yh=own["key"].map(known).astype(float))
        codes, names = pd.factorize(own["pattern"], sort=True)
        if len(names) < FEWEST_PATTERNS:
            continue
        value, one = own["return"].to_numpy(float), np.ones((len(own), 1))
        for form, (name, other) in product(("linear", "spline"), permutations(EXPLANATIONS)):
            x, rival = (columns(own[of].to_numpy(float), form, codes) for of in (name, other))
            for given, base in (("none", one), (other, np.hstack([one, rival]))):
                small, large = (fit(value, X, codes) for X in (base, np.hstack([base, x])))
                found = cross_validated(large, small)
                rows.append(
                    {**labels, "explanation": name, "given": given, "form": form}
                    | {"cv_r2": found.value, "low": found.low, "high": found.high}
                    | {"patterns": len(names), "n": len(own)}
                )
    return pd.DataFrame(rows, columns=list(COLUMNS["return_explained"]))


def _expert_error(run: pd.Series, outcome: str) -> float:
    """Return the standard error of the expert's mean return or success rate."""
    p = run["expert_success"]
    sd = np.sqrt(p * (1 - p)) if outcome == "success" else run["expert_sd"]
    return sd / np.sqrt(run["expert_episodes"])


def _counts(group: pd.DataFrame, found: Interval) -> dict:
    return {
        "n": found.n,
        "seeds": found.seeds,
        "episodes": int(group["episodes"].min()),
        "diverged": int(group["diverged"].sum()),
        "method": found.method,
    }
