"""What all claims share: statistics from rows of tables, one skeleton of a finder, sensitivity."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from blockmaps.analysis.apriori import learnt
from blockmaps.analysis.statistics import arm_interval
from blockmaps.analysis.summary import PANEL, SHARE, with_families
from blockmaps.claims import scales
from blockmaps.claims.findings import NO_NUMBER, Alternative, Finding, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.core.fixed import LEVEL

Rows: TypeAlias = pd.DataFrame
# From rows of a table, and what else it asks for, to the statistics that it holds; none, if none.
Reading = Callable[..., tuple[Statistic, ...]]

# In the words of `rules.sensitivity` of config/claims.yaml.
DEFINITIONS = "the other definitions of the hidden proportion"
LEAKING = "the paper's leaking protocol"
FAN_IN = "fan-in-scaled initialisation"
SECONDARY = "the secondary outcome"
SEPARABLE = "without the nearly inseparable transform pairs"
COVARIATE = "n_yx/N as a covariate"
# Why there is none.
NO_RUNS = "no such runs here"
NO_TRANSFORMS = "the data have no pairs of transforms"
NOT_READ = "the statistic does not read the hidden proportion"
ONE_SHARE = "an arm has one share n_yx/N, which cannot be told from the arm"
OF_RAD = {
    DEFINITIONS: NOT_READ,
    LEAKING: NO_RUNS,
    FAN_IN: NO_RUNS,
    SECONDARY: NO_RUNS,
    SEPARABLE: "no answers by pair of transforms are kept here",
    COVARIATE: ONE_SHARE,
}


def chosen(table: Rows | None, **values: Any) -> Rows:
    """Return the rows of a table that have these values; none where there is no table."""
    if table is None or table.empty:
        return pd.DataFrame() if table is None else table
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def statistics(
    rows: Rows,
    names: Mapping[str, Mapping[str, Any]] | str,
    table: str,
    found_by: Sequence[str],
    columns: Sequence[str] = ("estimate", "low", "high", "n"),
    **further: Any,
) -> tuple[Statistic, ...]:
    """Return a statistic a name, each from the first row that has its values; none without one.

    Parameters
    ----------
    names : in the test's words → the values of its row; or one name, of the first row.
    found_by : columns whose values find the row in the table.
    columns : those of the estimate, of its 95 % interval and of n.
    further : of `Statistic`; degrees are the row's own, if it has the column.
    """
    found = []
    for name, values in ({names: {}} if isinstance(names, str) else names).items():
        for _, row in chosen(rows, **values).head(1).iterrows():
            estimate, low, high = (_real(row[column]) for column in columns[:3])
            degrees = row.get("degrees")
            found.append(
                Statistic(
                    name,
                    estimate,
                    int(row[columns[3]]),
                    {LEVEL: (low, high)},
                    None if pd.isna(degrees) else float(degrees),
                    table,
                    {column: plain(row[column]) for column in found_by},
                    **further,
                )
            )
    return tuple(found)


def _real(value: Any) -> float:
    return float(value) if pd.notna(value) else NO_NUMBER


def plain(value: Any) -> Any:
    """Return a cell of a table as JSON has it."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def completed(
    own: Iterable[Alternative], reasons: Mapping[str, str | None]
) -> tuple[Alternative, ...]:
    """Return the sensitivity analyses that have statistics, and why there are no others.

    Parameters
    ----------
    reasons : analysis → why there is none, where none is among `own`; None: not to be said.
    """
    there = tuple(one for one in own if one.statistics)
    lacking = [
        Alternative(what, absent=reason)
        for what, reason in reasons.items()
        if reason is not None and not any(one.what.startswith(what) for one in there)
    ]
    return (*there, *lacking)


def by_panel(
    claim: str,
    folder: Tables,
    table: Rows | None,
    read: Reading,
    *,
    n_of: str,
    others: Callable[[Rows], Iterable[Alternative]] = lambda rows: (),
    reasons: Mapping[str, str | None] = OF_RAD,
    secondary: Callable[[Rows], tuple[Statistic, ...]] = lambda rows: (),
    missing: Callable[[Rows, tuple[Statistic, ...]], str | None] = lambda rows, found: None,
    unlearnt: Callable[[Rows], str | None] = lambda rows: None,
    part: Callable[[Rows], str] = lambda rows: "",
) -> Iterator[Finding]:
    """Find a claim in a table whose rows lie by panel: the skeleton of most finders.

    Every panel whose unknowns start as the paper's, and that `read` finds statistics in, gives a
    finding. Panels on the same data and budget whose unknowns start by fan-in are a sensitivity
    analysis of it.

    Parameters
    ----------
    others : further sensitivity analyses.
    reasons : why there is none, by analysis.
    """
    if table is None or "experiment" not in table:
        return
    for _, rows in table.groupby([*PANEL, "initialisation"], sort=True):
        if not scales.starts_as_the_paper(claim, rows["initialisation"].iloc[0]):
            continue
        found = read(rows)
        if not found:
            continue
        starts = table["initialisation"].str.contains(scales.FAN_IN, regex=False)
        first = rows.iloc[0]
        alike = chosen(table[starts], dataset=first["dataset"], budget=first["budget"])
        fan_in = [
            Alternative(f"{FAN_IN}: {experiment}", read(own))
            for experiment, own in alike.groupby("experiment")
        ]
        yield Finding(
            claim,
            folder.scale(rows),
            found,
            secondary(rows),
            completed([*others(rows), *fan_in], reasons),
            n_of,
            missing(rows, found),
            part(rows),
            unlearnt(rows),
        )


def of_panel(outcomes: Rows | None, rows: Rows) -> dict[str, Rows]:
    """Return the runs of a table's panel by arm; none without outcomes."""
    own = chosen(outcomes, **{name: rows.iloc[0][name] for name in PANEL})
    return with_families(own) if len(own) else {}


def unlearnt(arms: Mapping[str, Rows], names: Iterable[str]) -> str | None:
    """Say which arms did not learn, by `rules.did_not_learn`, and what they reach.

    Parameters
    ----------
    arms : runs by arm, with accuracy_clean.
    names : of the arms that are compared.
    """
    said = []
    for name in names:
        if name in arms and not learnt(arms[name]):
            runs = arms[name]
            found = arm_interval(runs.assign(value=runs["accuracy_clean"]), ends=SHARE)
            mean, low, high = (100 * one for one in found[:3])
            chance = 100 / runs["outputs"].iloc[0]
            said.append(f"{name}: {mean:.1f} % [{low:.1f}, {high:.1f}], chance is {chance:.3g} %")
    return "; ".join(said) or None


def one_rate(folder: Tables, arms: Mapping[str, Rows], names: Iterable[str]) -> str | None:
    """Say that arms share one learning rate, where each is to be at its own; None where each is."""
    own = [arms[name] for name in names if name in arms]
    if not own:
        return "without the runs table learning rates are not known"
    rows = pd.concat(own)
    if folder.own_rates(rows["experiment"].iloc[0], rows):
        return None
    rates = " and ".join(f"{rate:g}" for rate in sorted(rows["learning_rate"].unique()))
    return f"all arms are trained at {rates}; the test asks for each arm's own rate"
