"""The table of returns: one row a variant and episode that it was scored in."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.results.runs import COLUMNS as RUNS
from blockmaps.results.runs import LABELS, MEASURES, REAL, WHOLE, Column

# What scoring a shard writes.
RETURNS: dict[str, Column] = {
    "experiment": MEASURES["experiment"],
    "key": MEASURES["key"],
    "seed_index": MEASURES["seed_index"],
    "episode": Column(WHOLE, "number of the start state, the same for every model"),
    "return": Column(REAL, "sum of the episode's rewards"),
    "success": Column(WHOLE, "1: the task's goal was reached at some step"),
    "steps": Column(WHOLE, "taken; fewer than the task's where it ends when all is done"),
    "diverged": Column(WHOLE, "1: an action was not finite; the return is what it came to"),
}

# What is said of each variant beside it, taken from its runs.
_OF_RUNS = (
    *("replicate", "hidden", "unknowns"),
    *("hidden_proportion", "hidden_proportion_hh_hx", "hidden_proportion_hh_all"),
)
# The expert's episodes of the data set, of all its splits, as its data file records them.
EXPERT: dict[str, Column] = {
    "expert_return": Column(REAL, "expert's mean return: sampled actions, episodes of all splits"),
    "expert_sd": Column(REAL, "standard deviation of that return between episodes"),
    "expert_success": Column(REAL, "success rate in those episodes; NaN where the data do not say"),
    "expert_episodes": Column(WHOLE, "how many those are"),
}
RETURN_COLUMNS: dict[str, Column] = {
    "experiment": MEASURES["experiment"],
    **LABELS,
    **RETURNS,
    **{name: RUNS[name] for name in _OF_RUNS},
    **EXPERT,
}


def expert_of(about: dict[str, Any]) -> dict[str, float]:
    """Return the columns `EXPERT` from what a data file says that it was made of."""
    expert = about["expert"]
    success = expert["success_rate"]
    return {
        "expert_return": expert["mean_return"],
        "expert_sd": expert["standard_error"] * expert["episodes"] ** 0.5,
        "expert_success": np.nan if success is None else success,
        "expert_episodes": expert["episodes"],
    }


def collect(
    pieces: Iterable[pd.DataFrame], runs: pd.DataFrame, experts: dict[tuple[str, int], dict]
) -> pd.DataFrame:
    """Join the shards' returns with what their variants are.

    Parameters
    ----------
    pieces : the shards' tables; columns as in `RETURNS`.
    runs : the runs table.
    experts : (data set, seed index) → columns as in `EXPERT`.

    Raises
    ------
    InputError
        If a variant of the runs of a data set that is scored has no returns.
    """
    known = runs.drop_duplicates(["experiment", "key"])
    known = known[known["dataset"].isin({dataset for dataset, _ in experts})]
    labels = known[["experiment", "key", *LABELS, *_OF_RUNS]]
    rows = pd.concat(pieces, ignore_index=True).drop_duplicates(["experiment", "key", "episode"])
    if absent := set(known["key"]) - set(rows["key"]):
        raise InputError(
            f"{len(absent)} variants have no returns, {min(absent)} among them; score their shards"
        )
    joined = labels.merge(rows, on=["experiment", "key"])
    expert = pd.DataFrame(
        [{"dataset": name, "seed_index": seed} | own for (name, seed), own in experts.items()]
    )
    joined = joined.merge(expert, on=["dataset", "seed_index"])
    order = ["experiment", "design", "budget", "structure", "seed_index", "key", "episode"]
    return joined.sort_values(order, ignore_index=True)[list(RETURN_COLUMNS)]


# What runs are compared within.
PANEL = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "budget": "unknowns that the patterns were made for",
}


def by_run(returns: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run: return, success, share, diverged, episodes, and what it is.

    Beside these columns the table has those of returns that do not change over episodes, and
    `pattern`, its structure's name, with the design where two designs share one.
    """
    keys = ["experiment", "key"]
    of_episodes = ["episode", "return", "success", "steps", "diverged"]
    runs = returns.drop_duplicates(keys).drop(columns=of_episodes).set_index(keys)
    grouped = returns.groupby(keys)
    runs = runs.join(grouped[["return", "success"]].mean())
    runs["diverged"] = grouped["diverged"].max() > 0
    runs["episodes"] = grouped.size()
    runs["share"] = runs["return"] / runs["expert_return"]
    named = [*PANEL, "arm", "structure"]
    runs = runs.reset_index()
    several = runs.groupby(named)["design"].transform("nunique") > 1
    runs["pattern"] = runs["structure"].where(~several, runs["structure"] + " " + runs["design"])
    return runs.sort_values([*named, "design", "seed_index", "key"], ignore_index=True)
