"""Summaries of the runs table: a row a run, a row an arm, a row a structure, a row a difference.

Everything here is descriptive at its scale; verdicts come from the claims ledger alone.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from blockmaps.analysis import divergence
from blockmaps.analysis.statistics import (
    Interval,
    arm_interval,
    difference,
    pooled_t_half,
    pooled_variance,
    within,
)
from blockmaps.core.errors import InputError
from blockmaps.core.fixed import FULL_FROM
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.plan.needs import DIFFERENCES, FAMILIES, FULL, RECOMMENDED, THIN, matched
from blockmaps.results import outcome

# What is summarised: columns of `final_outcomes`; tables name them after what a run is judged by.
OUTCOMES = ("test_accuracy", "test_leaking_accuracy", "area_under_test_curve")

# Structures are many, alike in kind and have two seeds each, so their variance is pooled over all;
# arms have their own. The same runs may so have two intervals, and the method says which.
ALL_PATTERNS = "pooled t, variance of all patterns"
SHARE, POINTS = (0.0, 1.0), (-100.0, 100.0)  # ends of an accuracy, and of differences of these

# A comparison never leaves one of these groups.
PANEL = ["experiment", "dataset", "budget"]

_ESTIMATE = [
    *(
        "mean",
        "low",
        "high",
        "sd",
        "n",
        "patterns",
        "seeds",
        "diverged",
        "method",
        "epochs",
        "steps",
    )
]
# What a run costs, beside what it reaches: means over the arm's runs, and where they ran.
COSTS = ("flops_per_sequence", "parameter_bytes", "seconds")
SUMMARY_COLUMNS = [*PANEL, "arm", "outcome", *_ESTIMATE, *COSTS, "device"]
STRUCTURE_COLUMNS = [
    *(*PANEL, "arm", "structure", "hidden", "hidden_proportion", "outcome"),
    *_ESTIMATE,
]
DIFFERENCE_COLUMNS = [
    *PANEL,
    "difference",
    "outcome",
    "unit",
    *(name for name in _ESTIMATE if name != "sd"),
]

_RUN = ["experiment", "dataset", "design", "arm", "structure", "budget", "seed_index", "key"]
_CONTENT = [f"{kind}_{name}" for kind in ("density", "expected") for name in RNN_BLOCKS]
_CONSTANT = [
    *("inputs", "hidden", "outputs"),
    *_CONTENT,
    *(f"unknowns_{name}" for name in RNN_BLOCKS),
    *("unknowns", "biases"),
    *("hidden_proportion", "hidden_proportion_hh_hx", "hidden_proportion_hh_all"),
]


# What a row of a table is made from, beside an outcome.
_VALUED = [
    *("arm", "pattern", "seed_index", "hidden", "hidden_proportion", "density_yh"),
    *("diverged", "epochs", "steps"),
    *(*COSTS, "device"),
]


def _pattern_names(outcomes: pd.DataFrame) -> pd.Series:
    """Name every run's pattern, so that equal patterns of two designs have one name.

    Two designs may yield the same pattern with different seeds (dense in a factorial, and as the
    uniform density 1): it is one pattern. Its name is the factorial's code if it has one, else the
    first of its structures; the design is added where two patterns would share a name.
    """
    same = ["experiment", "budget", "arm", "inputs", "hidden", "outputs", *_CONTENT]
    pattern = outcomes.groupby(same, dropna=False, sort=False).ngroup()
    first = (
        outcomes.assign(pattern=pattern, other=outcomes["design"] != "factorial")
        .sort_values(["other", "design", "structure"], kind="stable")
        .drop_duplicates("pattern")
        .set_index("pattern")
    )
    shared = first.duplicated(["experiment", "budget", "structure"], keep=False)
    names = first["structure"].where(
        ~shared, first["structure"] + " (" + first["design"] + ", " + first["arm"] + ")"
    )
    return pattern.map(names)


def _test_curves(runs: pd.DataFrame) -> pd.Series:
    """Return the area under the curve of the test score by run, a mean over epochs."""
    areas = []
    for experiment, rows in runs[runs["split"] == "test"].groupby("experiment"):
        curves = rows.pivot(index="key", columns="epoch", values="score")
        epochs = curves.columns.to_numpy(float)
        if len(epochs) > 1:
            area = np.trapezoid(curves.to_numpy(float), epochs, axis=1) / np.ptp(epochs)
            keys = pd.MultiIndex.from_product([[experiment], curves.index])
            areas.append(pd.Series(area, keys))
    return pd.concat(areas) if areas else pd.Series(dtype=float)


def final_outcomes(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run with its outcomes after the last epoch.

    Beside the columns of the runs table that do not change over epochs:

    - `pattern`: the pattern's name, one for equal patterns of several designs
    - `epochs`, `steps`: epochs and optimiser steps trained
    - `test_accuracy`, `test_leaking_accuracy`: the score at the last epoch, accuracy or R² as
      `judged_by` says (see `results.outcome`); NaN without that split
    - `area_under_test_curve`: trapezoid of the test score over epochs from 0, divided by the epochs
    - `diverged`: whether a loss of the last epoch is one of a run that has diverged (see
      `divergence`), or an accuracy is missing that other runs of the experiment have

    Raises
    ------
    InputError
        If runs of one experiment end at different epochs: they are not comparable.
    """
    runs = outcome.scored(runs)
    if "task" not in runs:
        runs = runs.assign(task=None)  # of an older table: the papers'
    last = runs.groupby(["experiment", "key"])["epoch"].transform("max")
    ends = last.groupby(runs["experiment"]).nunique()
    if (ends > 1).any():
        name = ends.index[ends > 1][0]
        raise InputError(f"runs of experiment {name} end at different epochs; train its shards")
    ended = runs["epoch"] == last
    bad = divergence.diverged(runs)[ended]
    runs = divergence.valued(runs)
    final = runs[ended]
    outcomes = (
        final.drop_duplicates(["experiment", "key"])[
            [*_RUN, *_CONSTANT, "epoch", "step", *COSTS, "device", "judged_by", "task"]
        ]
        .rename(columns={"epoch": "epochs", "step": "steps"})
        .reset_index(drop=True)
    )
    run = pd.MultiIndex.from_frame(outcomes[["experiment", "key"]])
    score = final.set_index(["experiment", "key", "split"])["score"].unstack("split")
    for split in ("test", "test_leaking"):
        known = score[split] if split in score else pd.Series(dtype=float)
        outcomes[f"{split}_accuracy"] = known.reindex(run).to_numpy(float)
    outcomes["area_under_test_curve"] = _test_curves(runs).reindex(run).to_numpy(float)
    classes = final.groupby(["experiment", "split"])["accuracy"].transform("count") > 0
    bad |= classes & final["accuracy"].isna()
    diverged = bad.groupby([final["experiment"], final["key"]]).any()
    outcomes["diverged"] = diverged.reindex(run).to_numpy(bool)
    outcomes.insert(_RUN.index("budget"), "pattern", _pattern_names(outcomes))
    order = ["experiment", "dataset", "budget", "arm", "pattern", "seed_index", "key"]
    return outcomes.sort_values(order, ignore_index=True)


def with_families(values: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return runs by arm, and those of balanced patterns by family too.

    Parameters
    ----------
    values : with the columns arm and density_yh; runs of one panel.
    """
    arms = dict(tuple(values.groupby("arm")))
    if "balanced" in arms:
        full = arms["balanced"]["density_yh"] >= FULL_FROM
        parts = {THIN: arms["balanced"][~full], FULL: arms["balanced"][full]}
        arms |= {name: part for name, part in parts.items() if len(part)}
    return arms


def without_repeats(runs: pd.DataFrame) -> pd.DataFrame:
    """Leave out experiments that repeat another's data set and budget with a fan-in-scaled start.

    They answer whether an effect is one of initialisation, which the analysis' tables say; beside
    the experiments that they repeat they would double a figure's panels.
    """
    panels = runs.drop_duplicates([*PANEL, "initialisation"])
    fan_in = panels.groupby("experiment")["initialisation"].transform(
        lambda schemes: schemes.str.startswith("fan-in").all()
    )
    where = panels.set_index(["dataset", "budget"]).index
    repeated = where.isin(where[~fan_in.to_numpy(bool)])
    left_out = panels.loc[fan_in.to_numpy(bool) & repeated, "experiment"]
    return runs[~runs["experiment"].isin(left_out)]


def _panels(
    runs: pd.DataFrame, outcomes: Sequence[str] = OUTCOMES
) -> Iterator[tuple[dict, str, pd.DataFrame]]:
    """Yield labels, outcome and its runs for every experiment, data set, budget and outcome."""
    for labels, panel in final_outcomes(runs).groupby(PANEL):
        for name in outcomes:
            if panel[name].notna().any():
                values = panel[[*_VALUED, "judged_by", name]].rename(columns={name: "value"})
                written = outcome.named(name, outcome.of(panel))
                yield dict(zip(PANEL, labels, strict=True)), written, values


def _row(labels: dict, interval: Interval, values: pd.DataFrame) -> dict:
    return {
        **labels,
        "mean": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "sd": values["value"].std(),
        "n": interval.n,
        "patterns": interval.patterns,
        "seeds": interval.seeds,
        "diverged": int(values["diverged"].sum()),
        "method": interval.method,
        "epochs": int(values["epochs"].iloc[0]),
        "steps": int(values["steps"].max()),
    }


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of every arm and outcome, with a 95 % interval.

    Dense, uniform and balanced are fixed patterns: t over seed indices. Mixed and even are samples
    of patterns: over patterns (see `statistics`). Balanced patterns are there by family too. `n`
    counts the runs that have a value, `diverged` all that diverged.
    """
    rows = []
    for labels, name, values in _panels(runs):
        ends = outcome.of(values).range
        for arm, group in sorted(with_families(values).items()):
            named = {**labels, "arm": arm, "outcome": name}
            interval = arm_interval(group, ends=ends)
            costs = {name: group[name].mean() for name in COSTS}
            costs["device"] = " and ".join(sorted(group["device"].unique()))
            rows.append(_row(named, interval, group) | costs)
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def by_structure(runs: pd.DataFrame, outcomes: Sequence[str] = OUTCOMES) -> pd.DataFrame:
    """Return the mean of every structure and outcome, with a 95 % pooled t interval.

    The intervals are each structure's own: of 64, some three miss their mean by chance, and the
    best of them is better than it would be in a second experiment.
    """
    tables = []
    for labels, name, values in _panels(runs, outcomes):
        pooled, ends = pooled_variance(values), outcome.of(values).range
        known = values["value"].where(np.isfinite(values["value"]))
        grouped = values.assign(value=known, seed=values["seed_index"].where(known.notna()))
        found = grouped.groupby(["arm", "pattern"], as_index=False).agg(
            hidden=("hidden", "first"),
            hidden_proportion=("hidden_proportion", "mean"),
            mean=("value", "mean"),
            sd=("value", "std"),
            n=("value", "count"),
            seeds=("seed", "nunique"),
            diverged=("diverged", "sum"),
            epochs=("epochs", "first"),
            steps=("steps", "max"),
        )
        # as `pooled_t_interval` of each, in a thousandth of the time
        half = pooled_t_half(pooled, found["n"].to_numpy())
        bounds = [
            (mean - one, mean + one) if ends is None else within(mean, one, ends)
            for mean, one in zip(found["mean"], half, strict=True)
        ]
        found[["low", "high"]] = np.reshape(bounds, (-1, 2)).astype(float)
        found = found.rename(columns={"pattern": "structure"})
        found["patterns"] = (found["n"] > 0).astype(int)
        tables.append(found.assign(**labels, outcome=name, method=ALL_PATTERNS))
    if not tables:
        return pd.DataFrame(columns=STRUCTURE_COLUMNS)
    return pd.concat(tables, ignore_index=True)[STRUCTURE_COLUMNS]


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return differences between arms in the outcome's unit, with Welch's interval.

    Those of claim A1, the recommended pattern's, and those of patterns with a cell's own count.

    Descriptive at this scale; verdicts come from the claims ledger. `n` counts the units of the
    smaller arm; with fewer than three the bounds are missing.
    """
    rows = []
    for labels, name, values in _panels(runs):
        judged = outcome.of(values)
        arms = with_families(values)
        # a pattern of a cell's own count is compared with that cell
        for first, second in (*DIFFERENCES, *FAMILIES, *RECOMMENDED, *matched(arms)):
            if first in arms and second in arms:
                own, other = (
                    arms[arm].assign(value=judged.scale * arms[arm]["value"])
                    for arm in (first, second)
                )
                interval = difference(own, other, ends=judged.ends)
                named = {**labels, "difference": f"{first} - {second}", "outcome": name}
                rows.append(_row(named, interval, pd.concat([own, other])) | {"unit": judged.unit})
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)
