"""Claim A3: mean returns of policies on Adroit Hammer, dense less uniform."""

from collections.abc import Iterator
from dataclasses import replace

from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import (
    FAN_IN,
    LEAKING,
    NO_TRANSFORMS,
    OF_RAD,
    SECONDARY,
    SEPARABLE,
    Rows,
    chosen,
    completed,
    statistics,
)
from blockmaps.claims.scales import FAN_IN as FAN_IN_START
from blockmaps.claims.scales import starts_as_the_paper
from blockmaps.claims.tests import Test
from blockmaps.core.fixed import HAMMER_BUDGETS

TABLE = "tables/return_differences.csv"
DIFFERENCE = "dense - uniform"
OUTCOME = "share"  # the return as a share of the expert's mean return, the test's unit
ARM = "dense"  # whose start is the experiment's
KEYS = ["experiment", "dataset", "budget", "difference", "outcome"]
TASK = "hammer"
REASONS = OF_RAD | {
    LEAKING: "returns are of episodes, which nothing is trained on",
    SECONDARY: "returns have no curve: policies are scored after training",
    SEPARABLE: NO_TRANSFORMS,
}


def _shares(rows: Rows) -> tuple[Statistic, ...]:
    """Return the difference of every budget as a share of the expert's mean return.

    The test names one difference: at both budgets it has to meet a threshold that is of all.
    """
    return tuple(
        replace(one, at=f"at {int(budget):,} unknowns")
        for budget, row in rows.groupby("budget")
        for one in statistics(row, DIFFERENCE, TABLE, KEYS, ("mean", "low", "high", "n"))
    )


def on_hammer(folder: Tables, test: Test) -> Iterator[Finding]:
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
        budgets = tuple(sorted(int(budget) for budget in rows["budget"]))
        lacking = " and ".join(f"{one:,}" for one in HAMMER_BUDGETS if one not in budgets)
        words = " and ".join(f"{budget:,}" for budget in budgets)
        first = begun.loc[rows["experiment"].iloc[0]]
        scale = Scale(
            f"{dataset}, {words} unknowns",
            str(dataset),
            inputs=int(first["inputs"]),
            outputs=int(first["outputs"]),
            budgets=budgets,
            initialisation=str(rows["initialisation"].iloc[0]),
        )
        yield Finding(
            "A3",
            scale,
            _shares(rows),
            sensitivity=completed(
                [Alternative(FAN_IN, _shares(chosen(fan_in, dataset=dataset)))], REASONS
            ),
            n_of="seed indices an arm",
            missing=f"no runs at {lacking} unknowns" if lacking else None,
        )
