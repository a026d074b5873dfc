"""Which arms moved between two tables of runs: differences second − first, with intervals.

The outcome is the clean test accuracy after the last epoch, in percentage points; of arms whose
data have no classes the test loss. Runs are paired where they can be:

variant
    A variant's key names its pattern, start, learning rate, seed index and replicate, so runs of
    one key are the same model, and their difference is that of code, data and recipe.
seed index
    Other variants on the same data in the same order: paired by seed index and replicate, where
    both configs are known and have the same root seed and data set.
unpaired
    Welch's t otherwise.

The unit is the pattern in arms that are a sample of patterns (mixed, even …), over whose runs the
mean is taken first; in the others it is the seed index and replicate, over whose patterns it is.
Intervals are Student's t, each 95 % by itself. An arm *moved* where its p value, corrected after
Holm over all arms that have one, is below 5 %.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from blockmaps.analysis.compare.curves import KINDS, RUN
from blockmaps.analysis.statistics import FEWEST_SEEDS, holm, welch
from blockmaps.core.fixed import LEVEL
from blockmaps.plan.needs import SAMPLED_ARMS
from blockmaps.results import outcome

COLUMNS = {
    "experiment": "name under `experiments` in the config",
    "budget": "unknowns that the patterns were made for; 0: for no number of them",
    "initialisation": "how the unknowns start",
    "arm": "group that is compared",
    "iterations": "K; missing where the arm has one number of them",
    "outcome": "accuracy, r2, or loss where neither is known; on the test split, clean",
    "unit": "of the estimate: percentage points, R² or loss",
    "a": "mean of the first folder's runs, in percent, R² or loss",
    "b": "mean of the second folder's runs",
    "estimate": "the second less the first, paired as `by` says",
    "low": "lower bound, 95 %; missing with fewer than three units",
    "high": "upper bound",
    "p": "of no difference, two-sided",
    "p_holm": "corrected over all arms that have a p value",
    "moved": "whether p_holm is below 5 %",
    "by": "variant, seed index, or unpaired",
    "n": "pairs of units; unpaired: units of the smaller side",
    "runs_a": "runs of the first folder",
    "runs_b": "runs of the second folder",
    "shared": "runs of the same variant in both",
    **{f"curves_{kind}": f"shared runs whose learning curves are {kind}" for kind in KINDS},
}
ARM = ["experiment", "budget", "initialisation", "arm", "iterations"]
UNIT = ["seed_index", "replicate"]
BY_VARIANT, BY_SEED, UNPAIRED = "variant", "seed index", "unpaired"


def last(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run: its labels and its test loss and accuracy after its last epoch."""
    test = runs[runs["split"] == "test"]
    final = test.loc[test.groupby(RUN)["epoch"].idxmax()]
    several = final.groupby(ARM[:-1])["iterations"].transform("nunique") > 1
    return final.assign(
        iterations=final["iterations"].where(several).astype("Int64"),
        pattern=final["design"] + " " + final["structure"],
    )


def units(rows: pd.DataFrame, arm: str) -> pd.Series:
    """Return the mean value of every unit of an arm: of a pattern, or of a seed and replicate."""
    name = ["pattern"] if arm in SAMPLED_ARMS else UNIT
    return rows.groupby(name)["value"].mean()


def compare(
    first: pd.DataFrame, second: pd.DataFrame, kinds: pd.DataFrame, same_data: dict[str, bool]
) -> pd.DataFrame:
    """Return a row for every arm that both tables have; columns as in `COLUMNS`.

    Parameters
    ----------
    first, second : runs tables.
    kinds : of the runs' learning curves, as `curves` returns them.
    same_data : whether an experiment's seed index stands for the same data and order in both.
    """
    sides = [dict(tuple(last(table).groupby(ARM, dropna=False))) for table in (first, second)]
    named = [{_named(labels): rows for labels, rows in side.items()} for side in sides]
    rows = []
    for labels in named[0]:
        if labels in named[1]:
            pair = named[0][labels], named[1][labels]
            experiment, arm = labels[0], labels[3]
            found = _moved(*pair, arm, same_data.get(experiment, False))
            keys = sorted(set(pair[0]["key"]) & set(pair[1]["key"]))
            own = kinds.reindex([(experiment, key) for key in keys])["kind"]
            found |= {f"curves_{kind}": int((own == kind).sum()) for kind in KINDS}
            rows.append(dict(zip(ARM, labels, strict=True)) | found | {"shared": len(keys)})
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in _CORRECTED])
    table["iterations"] = table["iterations"].astype("Int64")
    table["p_holm"] = holm(table["p"])
    table["moved"] = table["p_holm"] < 1 - LEVEL
    return table.sort_values(ARM, ignore_index=True)[list(COLUMNS)]


_CORRECTED = ("p_holm", "moved")


def _named(labels: tuple) -> tuple:
    """Make labels that are equal where they mean the same: NaN is not equal to itself."""
    return tuple(None if pd.isna(one) else one for one in labels)


def _moved(first: pd.DataFrame, second: pd.DataFrame, arm: str, same_data: bool) -> dict[str, Any]:
    """Return the difference of one arm's runs, with its interval and p value."""
    pair = [outcome.scored(side) for side in (first, second)]
    judged = {outcome.of(side) for side in pair}
    name, unit = "loss", "loss"  # where a folder does not say the error of the mean's answer
    if len(judged) == 1 and all(side["score"].notna().any() for side in pair):
        (one,) = judged
        name, unit = one.name, one.unit
        pair = [side.assign(value=one.scale * side["score"]) for side in pair]
    else:
        pair = [side.assign(value=side["loss"]) for side in pair]
    pair = [side[np.isfinite(side["value"].to_numpy(float))] for side in pair]
    found = {
        "outcome": name,
        "unit": unit,
        "a": pair[0]["value"].mean(),
        "b": pair[1]["value"].mean(),
        "runs_a": len(first),
        "runs_b": len(second),
    }
    labels = ["pattern", *UNIT]
    shared = pair[1].merge(pair[0][["key", "value"]], on="key", suffixes=("", "_a"))
    differences = shared[labels].assign(value=shared["value"] - shared["value_a"])
    by_variant = units(differences, arm)
    each = [units(side, arm) for side in pair]
    by_seed = (each[1] - each[0]).dropna() if same_data else by_variant[:0]
    if len(by_variant) >= FEWEST_SEEDS or (len(by_variant) and len(by_seed) < FEWEST_SEEDS):
        return found | {"by": BY_VARIANT} | paired(by_variant.to_numpy())
    if len(by_seed) >= FEWEST_SEEDS:
        return found | {"by": BY_SEED} | paired(by_seed.to_numpy())
    return found | {"by": UNPAIRED} | unpaired(*(side.to_numpy() for side in each))


def paired(differences: np.ndarray) -> dict[str, Any]:
    """Return the mean of differences, (n,), with its t interval and p value.

    Where all are equal there is no scatter to go by: if they are zero the interval is zero, and
    else it is missing, and p is the sign test's, 2 · 2⁻ⁿ.
    """
    n, estimate = len(differences), float(differences.mean()) if len(differences) else np.nan
    low = high = p = np.nan
    if n >= FEWEST_SEEDS and np.ptp(differences) > 0:
        test = stats.ttest_1samp(differences, 0.0)
        (low, high), p = test.confidence_interval(LEVEL), test.pvalue
    elif n >= FEWEST_SEEDS and estimate == 0:
        low, high, p = 0.0, 0.0, 1.0
    elif n >= FEWEST_SEEDS:
        p = 2.0 ** (1 - n)
    return {"estimate": estimate, "low": float(low), "high": float(high), "p": float(p), "n": n}


def unpaired(first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    """Return the difference of means, second − first, with Welch's t interval and p value."""
    found = welch([second, first])
    numbers = {name: getattr(found, name) for name in ("low", "high", "p", "n")}
    return {"estimate": found.mean} | numbers
