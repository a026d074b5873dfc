"""Claim A3: mean returns of policies on Adroit Hammer, dense less uniform."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import (
    COVARIATE,
    DEFINITIONS,
    FAN_IN,
    LEAKING,
    NO_RUNS,
    NO_TRANSFORMS,
    NOT_READ,
    ONE_SHARE,
    SECONDARY,
    SEPARABLE,
    chosen,
    completed,
    few_pairs,
    statistic,
)
from blockmaps.claims.scales import FAN_IN as FAN_IN_START
from blockmaps.claims.scales import HAMMER_BUDGETS, starts_as_the_paper

TABLE = "tables/return_differences.csv"
DIFFERENCE = "dense - uniform"
OUTCOME = "share"  # the return as a share of the expert's mean return, the test's unit
ARM = "dense"  # whose start is the experiment's
KEYS = ["experiment", "dataset", "budget", "difference", "outcome"]
TASK = "hammer"
REASONS = {
    DEFINITIONS: NOT_READ,
    LEAKING: "returns are of episodes, which nothing is trained on",
    FAN_IN: NO_RUNS,
    SECONDARY: "returns have no curve: policies are scored after training",
    SEPARABLE: NO_TRANSFORMS,
    COVARIATE: ONE_SHARE,
}


def _shares(rows: pd.DataFrame) -> tuple[Statistic, ...]:
    """Return the difference of every budget as a share of the expert's mean return.

    The test names one difference: at both budgets it has to meet a threshold that is of all.
    """
    found = []
    for _, row in rows.sort_values("budget").iterrows():
        columns = ("mean", "low", "high", "n")
        one = statistic(DIFFERENCE, row, TABLE, KEYS, columns, degrees=row["n"] - 1)
        found.append(replace(one, at=f"at {int(row['budget']):,} unknowns"))
    return tuple(found)


def _missing(rows: pd.DataFrame) -> str | None:
    """Return why there can be no verdict: budgets that are not there, or too few seeds."""
    lacking = sorted(set(HAMMER_BUDGETS) - {int(one) for one in rows["budget"]})
    if lacking:
        return f"no runs at {' and '.join(f'{budget:,}' for budget in lacking)} unknowns"
    return few_pairs(_shares(rows))


def on_hammer(folder: Tables) -> Iterator[Finding]:
    """Find A3: at both numbers of unknowns together."""
    table = chosen(folder.table("return_differences"), difference=DIFFERENCE, outcome=OUTCOME)
    if table.empty or folder.runs is None:
        return
    begun = chosen(folder.runs, arm=ARM).drop_duplicates("experiment").set_index("experiment")
    table = table.assign(initialisation=table["experiment"].map(begun["initialisation"]))
    table = table[table["dataset"].str.contains(TASK, regex=False)]
    table = table[table["budget"].isin(HAMMER_BUDGETS)]
    starts = table["initialisation"].astype(str)
    fan_in = table[starts.str.contains(FAN_IN_START, regex=False)]
    own = table[[starts_as_the_paper("A3", one) for one in starts]]
    # one experiment a budget, the first by name: others may repeat its runs
    own = own.sort_values("experiment").drop_duplicates(["dataset", "budget"])
    for dataset, rows in own.groupby("dataset"):
        found = []
        if len(others := chosen(fan_in, dataset=dataset)):
            found.append(Alternative(FAN_IN, _shares(others)))
        budgets = " and ".join(f"{int(budget):,}" for budget in sorted(rows["budget"]))
        scale = Scale(
            f"{dataset}, {budgets} unknowns",
            str(dataset),
            inputs=int(begun.loc[rows["experiment"].iloc[0], "inputs"]),
            outputs=int(begun.loc[rows["experiment"].iloc[0], "outputs"]),
            budgets=tuple(sorted(int(budget) for budget in rows["budget"])),
            initialisation=str(rows["initialisation"].iloc[0]),
        )
        yield Finding(
            "A3",
            scale,
            _shares(rows),
            sensitivity=completed(found, REASONS),
            n_of="pairs of seeds",
            missing=_missing(rows),
        )
