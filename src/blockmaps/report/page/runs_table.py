"""The runs as the page lists them: a row a run, after its last epoch."""

from typing import NamedTuple

import pandas as pd

from blockmaps.plan.catalogue import STUDIES
from blockmaps.results import outcome
from blockmaps.results.runs import COLUMNS

# Column → heading, and whether it holds numbers.
SHOWN = {
    "experiment": ("experiment", False),
    "arm": ("arm", False),
    "structure": ("structure", False),
    "seed_index": ("seed", True),
    "budget": ("budget", True),
    "unknowns": ("unknowns", True),
    "hidden": ("|h|", True),
    "hidden_proportion": ("hidden proportion", True),
    "accuracy": ("accuracy, %", True),
    "r2": ("R²", True),
    "loss": ("loss", True),
    "step": ("steps", True),
    "tokens": ("T", True),
    "key": ("variant", False),
}
_DECIMALS = {"hidden_proportion": 3, "accuracy": 2, "r2": 4, "loss": 4}
_ABOUT = {"r2": "1 − loss / mean_loss, of a squared error"}


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
    Heading(heading, numeric, _ABOUT.get(column) or COLUMNS[column].about)
    for column, (heading, numeric) in SHOWN.items()
)


def run_rows(runs: pd.DataFrame) -> list[Run]:
    """Return a row a run, of the test split where it has one, by study and arm."""
    rank = {study: place for place, study in enumerate(STUDIES)}
    scored = outcome.scored(runs)
    one_each = (
        runs.assign(
            r2=scored["score"].where(scored["judged_by"] == outcome.R2.name),
            place=runs["study"].map(rank).fillna(len(rank)),
            other=runs["split"] != "test",
        )
        .sort_values(["place", "experiment", "arm", "structure", "seed_index", "key", "other"])
        .drop_duplicates(["experiment", "key"])
    )
    columns = []
    for name in SHOWN:
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
    cells = zip(*columns, strict=True)
    return [Run(study, own) for study, own in zip(one_each["study"], cells, strict=True)]
