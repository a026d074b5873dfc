"""The runs as the page lists them: a row a run, after its last epoch."""

from typing import NamedTuple

import pandas as pd

from blockmaps.runs import COLUMNS

# Column → heading, and whether it holds numbers. What an older table lacks is left empty.
SHOWN = {
    "experiment": ("experiment", False),
    "arm": ("arm", False),
    "structure": ("structure", False),
    "budget": ("budget", True),
    "seed_index": ("seed", True),
    "hidden": ("|h|", True),
    "unknowns": ("unknowns", True),
    "hidden_proportion": ("hidden proportion", True),
    "tokens": ("steps T", True),
    "accuracy": ("test accuracy, %", True),
    "loss": ("test loss", True),
    "step": ("optimiser steps", True),
    "key": ("variant", False),
}
_DECIMALS = {"hidden_proportion": 3, "accuracy": 2, "loss": 4}


class Heading(NamedTuple):
    """A column's heading."""

    name: str
    numeric: bool
    about: str


class Run(NamedTuple):
    """A run: its study, and its cells as text."""

    study: str
    cells: tuple[str, ...]


HEADINGS = tuple(
    Heading(heading, numeric, COLUMNS[column].about) for column, (heading, numeric) in SHOWN.items()
)


def run_rows(runs: pd.DataFrame) -> list[Run]:
    """Return a row a run, of the test split where it has one, in the table's order."""
    order = runs["split"].eq("test").map({True: 0, False: 1})
    one_each = (
        runs.assign(order=order)
        .sort_values(["experiment", "arm", "structure", "seed_index", "key", "order"])
        .drop_duplicates(["experiment", "key"])
    )
    columns = []
    for name in SHOWN:
        if name not in one_each:
            columns.append([""] * len(one_each))
            continue
        values = one_each[name]
        if name == "accuracy":
            values = 100 * values
        digits = _DECIMALS.get(name)
        columns.append(
            [
                "" if pd.isna(value) else str(value) if digits is None else f"{value:.{digits}f}"
                for value in values.tolist()
            ]
        )
    studies = one_each["study"] if "study" in one_each else ["proportion"] * len(one_each)
    return [
        Run(study, cells) for study, cells in zip(studies, zip(*columns, strict=True), strict=True)
    ]
