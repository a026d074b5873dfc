"""Accuracy by group of sequences; of RAD the pair of transforms, which shows the ceiling.

Some pairs can hardly be told apart (nothing against weak noise): no network can be right on them
more often than chance, and every accuracy over all pairs has its ceiling there.
"""

import numpy as np
import pandas as pd
from scipy import stats

from blockmaps.analysis import divergence
from blockmaps.analysis.statistics import within
from blockmaps.analysis.summary import SHARE
from blockmaps.core.fixed import LEVEL

FEWEST = 3  # seeds for an interval
# Noise of σ = 0.01 against nothing is the pair that the authors' transforms make so.
INSEPARABLE = ("none|noise", "noise|none")

COLUMNS = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "budget": "unknowns that the patterns were made for; 0: for no number of them",
    "arm": "group that is compared",
    "split": "test, test_leaking or validation",
    "others": "transform of the other images (of other data sets: the group)",
    "anomaly": "transform of the one image that differs",
    "mean": "accuracy on these sequences: mean over seed indices of the mean over the arm's runs",
    "low": "lower bound, 95 %, t over seed indices (see `within`); empty with fewer than 3",
    "high": "upper bound",
    "n": "seed indices",
    "runs": "runs",
    "sequences": "sequences of the group in the split",
}


def by_pair(groups: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row an arm, budget, split and group; columns as in `COLUMNS`.

    Parameters
    ----------
    groups : right answers by run and group, with the runs' labels (`runs.collect_groups`).
    runs : the runs table, which says whose answers count (see `divergence.answered`).
    """
    groups = divergence.answered(groups, runs)
    if groups.empty:  # of data without groups
        return pd.DataFrame(columns=list(COLUMNS))
    names = groups["group"].str.partition("|")
    labelled = groups.assign(
        others=names[0], anomaly=names[2], accuracy=groups["right"] / groups["sequences"]
    )
    keys = list(COLUMNS)[:7]
    seeds = (
        labelled.groupby([*keys, "seed_index"])
        .agg(value=("accuracy", "mean"), runs=("key", "nunique"), sequences=("sequences", "first"))
        .reset_index()
    )
    table = (
        seeds.groupby(keys)
        .agg(
            mean=("value", "mean"),
            error=("value", "sem"),
            n=("seed_index", "nunique"),
            runs=("runs", "sum"),
            sequences=("sequences", "first"),
        )
        .reset_index()
    )
    half = stats.t.ppf((1 + LEVEL) / 2, np.maximum(table["n"] - 1, 1)) * table["error"]
    half = half.where(table["n"] >= FEWEST)
    bounds = [within(*one, SHARE) for one in zip(table["mean"], half, strict=True)]
    table["low"], table["high"] = np.array(bounds).reshape(-1, 2).T
    return table[list(COLUMNS)]


def without_inseparable(outcomes: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return outcomes with accuracy on all pairs but the inseparable ones, both protocols.

    Other outcomes, the area under the curve among them, are NaN: answers by pair are known after
    the last epoch alone. Runs without answers by pair, and without an accuracy, are left out.

    Parameters
    ----------
    outcomes : of `analysis.outcomes.run_outcomes`.
    groups : as `by_pair` takes them.
    """
    kept = groups[~groups["group"].isin(INSEPARABLE)]
    counts = kept.groupby(["experiment", "key", "split"])[["right", "sequences"]].sum().unstack()
    run = pd.MultiIndex.from_frame(outcomes[["experiment", "key"]])
    found = outcomes.copy()
    measured = ("accuracy", "logit", "loss", "area", "steps_to_half")
    for protocol, split in (("clean", "test"), ("leaking", "test_leaking")):
        for name in measured:
            found[f"{name}_{protocol}"] = np.nan
        if ("right", split) not in counts:
            continue
        right, n = (counts[name, split].reindex(run).to_numpy() for name in ("right", "sequences"))
        # of a run whose loss is not finite there is none, and what was counted says nothing
        right = np.where(
            np.isfinite(outcomes[f"accuracy_{protocol}"].to_numpy(float)), right, np.nan
        )
        found[f"accuracy_{protocol}"] = right / n
        found[f"logit_{protocol}"] = np.log((right + 0.5) / (n - right + 0.5))
    return found[np.isfinite(found["accuracy_clean"].to_numpy(float))].reset_index(drop=True)
