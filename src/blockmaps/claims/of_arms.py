"""Claims A1 and E1b: differences between arms on RAD."""

from collections.abc import Iterator

import pandas as pd

from blockmaps.analysis.comparisons import comparisons
from blockmaps.analysis.summary import DIFFERENCES, PANEL
from blockmaps.claims.findings import Alternative, Finding, Statistic
from blockmaps.claims.folders import Tables, as_written
from blockmaps.claims.rows import (
    ALIKE,
    COVARIATE,
    DEFINITIONS,
    LEAKING,
    NO_GROUPS,
    NOT_READ,
    ONE_SHARE,
    SECONDARY,
    SEPARABLE,
    chosen,
    completed,
    fan_in,
    few_pairs,
    panels,
    statistic,
)

COMPARISONS = "analysis/comparisons.csv"
POOLED = ("pooled", "pooled_low", "pooled_high", "seeds")
PAIRED = ("estimate", "low", "high", "seeds")
WELCH = ("estimate", "low", "high", "patterns_first")

Rows = pd.DataFrame


def _difference(
    rows: Rows, name: str, columns: tuple[str, str, str, str], degrees: str
) -> Statistic | None:
    """Return a difference of arms from its row; None without one."""
    if rows.empty:
        return None
    row = rows.iloc[0]
    keys = [*PANEL, "difference", "outcome", "protocol"]
    return statistic(name, row, COMPARISONS, keys, columns, row[degrees])


def _pair(
    rows: Rows,
    outcome: str = "accuracy",
    protocol: str = "clean",
    columns: tuple[str, str, str, str] = POOLED,
) -> tuple[Statistic, ...]:
    """Return A1's two differences under an outcome, protocol and interval, where they are."""
    degrees = "pooled_degrees" if columns == POOLED else "degrees"
    found = []
    for first, second in DIFFERENCES[:2]:
        name = f"{first} - {second}"
        own = chosen(rows, difference=name, outcome=outcome, protocol=protocol)
        found.append(_difference(own, name, columns, degrees))
    return tuple(one for one in found if one is not None)


def _arms(folder: Tables, rows: Rows, table: Rows, extract) -> tuple[Alternative, ...]:
    """Return the sensitivity analyses that claims on differences of arms share.

    Parameters
    ----------
    extract : from rows, outcome, protocol and columns to statistics.
    """
    found = [
        Alternative("paired t instead of the pooled variance", extract(rows, columns=PAIRED)),
        Alternative(LEAKING, extract(rows, protocol="leaking")),
        Alternative(SECONDARY, extract(rows, outcome="area")),
        *(Alternative(what, extract(own)) for what, own in fan_in(table, rows)),
    ]
    if folder.separable is not None:
        first = rows.iloc[0]
        values = {name: first[name] for name in PANEL}
        own = chosen(folder.separable, **values)
        if len(own):
            found.append(Alternative(SEPARABLE, extract(as_written(comparisons(own)))))
    reasons = {DEFINITIONS: NOT_READ, **ALIKE, SEPARABLE: NO_GROUPS, COVARIATE: ONE_SHARE}
    return completed([one for one in found if one.statistics], reasons)


def varied_sparsity(folder: Tables) -> Iterator[Finding]:
    """Find A1: balanced less dense and less uniform, by experiment and budget."""
    table = folder.table("comparisons")
    own = chosen(table, claim="A1")
    for rows in panels("A1", own):
        statistics = _pair(rows)
        if not statistics:
            continue
        secondary = [
            _difference(
                chosen(rows, difference=name, outcome="accuracy", protocol="clean"),
                *(name, WELCH, "degrees"),
            )
            for name in (" - ".join(pair) for pair in DIFFERENCES[2:])
        ]
        yield Finding(
            "A1",
            folder.scale(rows),
            statistics,
            tuple(one for one in secondary if one is not None),
            _arms(folder, rows, own, _pair),
            "pairs of seeds",
            few_pairs(statistics),
        )


LSTM, PATTERN, NAMED = "lstm", "uniform~lstm", "uniform - LSTM"
ALLOWED = 0.02  # difference of parameter counts that E1b's test allows


def _cells(
    rows: Rows,
    outcome: str = "accuracy",
    protocol: str = "clean",
    columns: tuple[str, str, str, str] = POOLED,
) -> tuple[Statistic, ...]:
    own = chosen(rows, difference=f"{PATTERN} - {LSTM}", outcome=outcome, protocol=protocol)
    found = _difference(own, NAMED, columns, "pooled_degrees" if columns == POOLED else "degrees")
    return () if found is None else (found,)


def against_lstm(folder: Tables) -> Iterator[Finding]:
    """Find E1b: uniform patterns less LSTMs with as many parameters."""
    own = chosen(folder.table("comparisons"), claim="E1b")
    for rows in panels("E1b", own):
        statistics = _cells(rows)
        if not statistics:
            continue
        yield Finding(
            "E1b",
            folder.scale(rows),
            statistics,
            sensitivity=_arms(folder, rows, own, _cells),
            n_of="pairs of seeds",
            missing=few_pairs(statistics) or _unequal(folder, rows),
        )


def _unequal(folder: Tables, rows: Rows) -> str | None:
    """Return by how much parameter counts differ, if that is more than is allowed."""
    if folder.outcomes is None:
        return "without the runs table parameters cannot be counted"
    own = chosen(folder.outcomes, **{name: rows.iloc[0][name] for name in PANEL})
    counts = [
        (side["unknowns"] + side["biases"]).mean()
        for side in (chosen(own, arm=PATTERN), chosen(own, arm=LSTM))
    ]
    apart = abs(counts[0] / counts[1] - 1)
    if apart <= ALLOWED:
        return None
    return f"parameter counts differ by {100 * apart:.1f} %; it allows {100 * ALLOWED:.0f} %"
