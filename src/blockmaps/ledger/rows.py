"""Statistics from rows of tables, and the sensitivity analyses that every claim lists."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from blockmaps.ledger.findings import NO_NUMBER, Alternative, Statistic
from blockmaps.statistics import LEVEL

# In the words of `rules.sensitivity` of config/claims.yaml.
DEFINITIONS = "the other definitions of the hidden proportion"
LEAKING = "the paper's leaking protocol"
FAN_IN = "fan-in-scaled initialisation"
SECONDARY = "the secondary outcome"
SEPARABLE = "without the nearly inseparable transform pairs"
COVARIATE = "n_yx/N as a covariate"


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
