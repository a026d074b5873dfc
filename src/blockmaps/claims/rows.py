"""Statistics from rows of tables, and the sensitivity analyses that every claim lists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from blockmaps.analysis.statistics import FEWEST_PAIRS, LEVEL
from blockmaps.analysis.summary import PANEL
from blockmaps.claims import scales
from blockmaps.claims.findings import NO_NUMBER, Alternative, Statistic

# In the words of `rules.sensitivity` of config/claims.yaml.
DEFINITIONS = "the other definitions of the hidden proportion"
LEAKING = "the paper's leaking protocol"
FAN_IN = "fan-in-scaled initialisation"
SECONDARY = "the secondary outcome"
SEPARABLE = "without the nearly inseparable transform pairs"
COVARIATE = "n_yx/N as a covariate"
# Why there is none.
NO_RUNS = "no such runs here"
NO_GROUPS = "no answers by pair of transforms are kept here"
NO_TRANSFORMS = "the data have no pairs of transforms"
NOT_READ = "the statistic does not read the hidden proportion"
ONE_SHARE = "an arm has one share n_yx/N, which cannot be told from the arm"
ALIKE = {LEAKING: NO_RUNS, FAN_IN: NO_RUNS, SECONDARY: NO_RUNS}


def chosen(table: pd.DataFrame | None, **values: Any) -> pd.DataFrame:
    """Return the rows of a table that have these values; none where there is no table."""
    if table is None:
        return pd.DataFrame()
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def statistic(
    name: str,
    row: pd.Series,
    table: str,
    found_by: Iterable[str],
    columns: tuple[str, str, str, str] = ("estimate", "low", "high", "n"),
    degrees: float | None = None,
) -> Statistic:
    """Return a statistic as a row has it.

    Parameters
    ----------
    found_by : columns whose values find the row in the table.
    columns : those of the estimate, of its 95 % interval and of n.
    """
    estimate, low, high = (_real(row[column]) for column in columns[:3])
    return Statistic(
        name,
        estimate,
        int(row[columns[3]]),
        {LEVEL: (low, high)},
        None if degrees is None or degrees != degrees else float(degrees),
        table,
        {column: plain(row[column]) for column in found_by},
    )


def _real(value: Any) -> float:
    return float(value) if pd.notna(value) else NO_NUMBER


def plain(value: Any) -> Any:
    """Return a cell of a table as JSON has it."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def completed(own: Sequence[Alternative], reasons: Mapping[str, str]) -> tuple[Alternative, ...]:
    """Return a claim's sensitivity analyses, with those that it lacks and why.

    Parameters
    ----------
    reasons : analysis → why there is none, where none is among `own`.
    """
    lacking = [
        Alternative(what, absent=reason)
        for what, reason in reasons.items()
        if not any(one.what.startswith(what) for one in own)
    ]
    return (*own, *lacking)


def panels(claim: str, table: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    """Yield a table's rows by panel, of those whose unknowns start as the paper's."""
    if table is None or table.empty:
        return
    for _, rows in table.groupby([*PANEL, "initialisation"], sort=True):
        if scales.starts_as_the_paper(claim, rows["initialisation"].iloc[0]):
            yield rows


def fan_in(table: pd.DataFrame, like: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what it is and rows, by experiment on the same data set and budget, of fan-in."""
    first = like.iloc[0]
    same = chosen(table, dataset=first["dataset"], budget=first["budget"])
    same = same[same["initialisation"].str.contains(scales.FAN_IN, regex=False)]
    for experiment, rows in same.groupby("experiment"):
        yield f"{FAN_IN}: {experiment}", rows


def few_pairs(statistics: Sequence[Statistic]) -> str | None:
    """Return why so few pairs of seeds are not tested; None where there are enough."""
    pairs = min((one.n for one in statistics), default=0)
    return None if pairs >= FEWEST_PAIRS else f"{pairs} pairs of seeds; it takes {FEWEST_PAIRS}"
