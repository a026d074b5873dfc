"""The choice of each arm's learning rate, by validation accuracy (see `plan.tuning`)."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.plan.tuning import Tuned, by_arm, chosen_by

SPLIT = "validation"

COLUMNS = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "arm": "the arm that the rate is chosen for",
    "budget": "its number of unknowns",
    "learning_rate": "of the recipe's grid",
    "accuracy": "mean validation accuracy at the end, over patterns and seed indices from 1000 on",
    "std": "its standard deviation over them",
    "runs": "how many",
    "chosen": "whether it has the highest mean, of equal ones the lowest rate: the comparison's",
    "at_edge": "whether it is the lowest or the highest of the grid: another might do better",
    "chosen_by": "digest of the variants that the choice is made by",
}


def by_rate(runs: pd.DataFrame, tuned: Iterable[Tuned]) -> pd.DataFrame:
    """Return every arm's validation accuracy at every rate of its grid, the chosen one marked.

    Parameters
    ----------
    runs : rows of the tuning's shards, as training writes them.
    tuned : what their variants are.

    Raises
    ------
    InputError
        If a variant has no validation accuracy.
    """
    last = runs[runs["split"] == SPLIT].sort_values("epoch").groupby("key")["accuracy"].last()
    made = []
    for (experiment, arm, budget), several in by_arm(tuned).items():
        labels = pd.DataFrame(several)
        labels["accuracy"] = labels["key"].map(last)
        if missing := int(labels["accuracy"].isna().sum()):
            raise InputError(
                f"experiments.{experiment}: {missing} runs of the tuning of {arm} have no "
                f"{SPLIT} accuracy"
            )
        grid = labels.groupby("learning_rate")["accuracy"].agg(["mean", "std", "size"])
        best = grid["mean"].idxmax()  # the first, and lowest, of equal ones
        for rate, row in grid.iterrows():
            made.append(
                {
                    "experiment": experiment,
                    "dataset": several[0].dataset,
                    "arm": arm,
                    "budget": budget,
                    "learning_rate": rate,
                    "accuracy": row["mean"],
                    "std": row["std"] if row["size"] > 1 else np.nan,
                    "runs": int(row["size"]),
                    "chosen": rate == best,
                    "at_edge": rate in (grid.index[0], grid.index[-1]),
                    "chosen_by": chosen_by(several),
                }
            )
    return pd.DataFrame(made, columns=list(COLUMNS))
