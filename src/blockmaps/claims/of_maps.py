"""Claims B1 to B4: networks as maps, the continuum between them, and what is hard to train."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from blockmaps.analysis.continuum import EQUIVALENCE_LEVEL
from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import (
    COVARIATE,
    DEFINITIONS,
    FAN_IN,
    LEAKING,
    NO_RUNS,
    NO_TRANSFORMS,
    SECONDARY,
    SEPARABLE,
    chosen,
    completed,
    fan_in,
    few_pairs,
    panels,
    statistic,
)
from blockmaps.claims.scales import FAN_IN as FAN_IN_START

EQUIVALENCE, LEARNING, CONTINUUM, TRAINABILITY = (
    f"tables/{name}.csv"
    for name in ("equivalence", "learning", "continuum_differences", "trainability_differences")
)
NOT_OF_MAPS = {
    DEFINITIONS: "the claim is not about the hidden proportion",
    LEAKING: "the data have no leaking test sequences",
    SECONDARY: "the claim names no other outcome",
    SEPARABLE: NO_TRANSFORMS,
    COVARIATE: "the claim is not about the hidden proportion",
}


def equivalence(folder: Tables) -> Iterator[Finding]:
    """Find B1: the largest deviation of any model of the zoo, by precision."""
    table = folder.table("equivalence")
    if table is None or table.empty:
        return
    parts = table[["output_deviation", "gradient_deviation"]]
    table = table.assign(deviation=parts.max(axis=1).where(parts.notna().all(axis=1), math.nan))
    statistics = []
    for dtype, rows in table.groupby("dtype", sort=False):
        lacks = rows["deviation"].isna().any()
        worst = rows.loc[rows["deviation"].fillna(math.inf).idxmax()]
        statistics.append(
            Statistic(
                f"{dtype} deviation",
                math.nan if lacks else float(worst["deviation"]),
                rows["model"].nunique(),
                table=EQUIVALENCE,
                row={"model": worst["model"], "dtype": dtype},
            )
        )
    unknowns = table["unknowns"]
    scale = Scale(
        f"{table['model'].nunique()} networks of {unknowns.min():,} to {unknowns.max():,} unknowns"
    )
    reasons = {**NOT_OF_MAPS, FAN_IN: "weights are torch's own and random"}
    yield Finding("B1", scale, tuple(statistics), (), completed((), reasons), "networks")


RHO, FORCED = "rho 0 - MLP", "forced map - nn.RNN"
PATH_KEYS = ["experiment", "budget", "difference", "iterations"]


def _ends(folder: Tables, rows: pd.DataFrame) -> tuple[Statistic, ...]:
    """Return the deviation of learning curves at the path's end, and of the forced map."""
    found = []
    for _, row in chosen(rows, difference="MLP - control").head(1).iterrows():
        own = {column: row[column] for column in PATH_KEYS}
        found.append(
            Statistic(RHO, float(row["curve_deviation"]), int(row["n"]), {}, None, CONTINUUM, own)
        )
    return (*found, *_forced(folder, "float32"))


def _forced(folder: Tables, dtype: str) -> tuple[Statistic, ...]:
    own = chosen(folder.table("learning"), dtype=dtype)
    if own.empty:
        return ()
    worst = own.loc[own["curve_deviation"].fillna(math.inf).idxmax()]
    keys = {"dtype": dtype, "draw": int(worst["draw"])}
    value = float(worst["curve_deviation"])
    return (Statistic(FORCED, value, len(own), {}, None, LEARNING, keys),)


def ends(folder: Tables) -> Iterator[Finding]:
    """Find B2: whole learning curves at both ends of the path."""
    table = folder.table("continuum_differences")
    for rows in panels("B2", table):
        statistics = _ends(folder, rows)
        if not statistics:
            continue
        found = [Alternative(what, _ends(folder, own)) for what, own in fan_in(table, rows)]
        absent = {**NOT_OF_MAPS, FAN_IN: NO_RUNS}
        missing = None
        if len(statistics) < 2:
            lacking = ({RHO, FORCED} - {one.name for one in statistics}).pop()
            missing = f"one of two ends: no learning curves of {lacking} here"
        yield Finding(
            "B2",
            folder.scale(rows),
            statistics,
            sensitivity=completed([one for one in found if one.statistics], absent),
            n_of="pairs of runs",
            missing=missing,
        )


RANDOM = "random - MLP"


def _random(rows: pd.DataFrame, layers: bool = True) -> tuple[Statistic, ...]:
    """Return random places less the MLP, with both levels; of as many iterations as layers."""
    own = chosen(rows, difference=RANDOM)
    if own.empty:
        return ()
    row = own.sort_values("iterations").iloc[0]
    columns = ("mean", "low_95", "high_95", "n")
    wide = statistic(RANDOM, row, CONTINUUM, PATH_KEYS, columns, row["n"] - 1)
    narrow = (float(row["low_90"]), float(row["high_90"]))
    intervals = {**wide.intervals, EQUIVALENCE_LEVEL: narrow}
    return (replace(wide, intervals=intervals),)


def random_places(folder: Tables) -> Iterator[Finding]:
    """Find B3: random places less the MLP at equal unknowns."""
    table = folder.table("continuum_differences")
    for rows in panels("B3", table):
        statistics = _random(rows)
        if not statistics:
            continue
        found = [Alternative(what, _random(own)) for what, own in fan_in(table, rows)]
        for iterations, own in chosen(rows, difference=RANDOM).groupby("iterations"):
            if iterations != statistics[0].row["iterations"]:
                found.append(Alternative(f"{iterations} iterations of the map", _random(own)))
        scale = folder.scale(rows)
        absent = {**NOT_OF_MAPS, FAN_IN: NO_RUNS}
        yield Finding(
            "B3",
            scale,
            statistics,
            sensitivity=completed([one for one in found if one.statistics], absent),
            n_of="pairs of seeds",
            missing=few_pairs(statistics) or _not_plain_mnist(folder, scale),
        )


def _not_plain_mnist(folder: Tables, scale: Scale) -> str | None:
    """Return why a data set is not the claim's, which is MNIST's single images as they are."""
    spec = folder.datasets.get(scale.dataset)
    if spec is None:
        return "without a config it is not known what the data set is"
    if spec.get("source") != "mnist":
        return "the claim is about MNIST"
    return "the claim's test is on plain images; these are perturbed" if spec["perturbed"] else None


STEPS = 50
DIFFERENCES = ("dense - balanced", "dense - uniform")


def _at_chance(rows: pd.DataFrame, outcome: str = "at_chance") -> tuple[Statistic, ...]:
    """Return both differences of shares of runs, n being the smaller arm's runs."""
    found = []
    for name in DIFFERENCES:
        for _, row in chosen(rows, difference=name, outcome=outcome).head(1).iterrows():
            counted = row.copy()
            counted["n"] = min(row["n_first"], row["n_second"])
            keys = ["experiment", "steps", "difference", "outcome"]
            columns = ("value", "low", "high", "n")
            found.append(statistic(name, counted, TRAINABILITY, keys, columns))
    return tuple(found)


def hard_to_train(folder: Tables) -> Iterator[Finding]:
    """Find B4: shares of runs still at chance at T = 50, dense less balanced and less uniform."""
    table = folder.table("trainability_differences")
    if table is None or table.empty:
        return
    for (experiment, _), rows in table.groupby(["experiment", "initialisation"], sort=True):
        own = chosen(rows, steps=STEPS)
        statistics = _at_chance(own)
        if not statistics:
            continue
        study = str(experiment).rpartition(f"-{STEPS}")[0]
        others = table[table["experiment"].str.rpartition("-")[0] == study]
        found = [
            Alternative(f"T = {steps}", _at_chance(other))
            for steps, other in others[others["steps"] != STEPS].groupby("steps")
        ]
        found.append(
            Alternative("runs that fail: at chance or diverged", _at_chance(own, "failed"))
        )
        start = str(own["initialisation"].iloc[0])
        absent = {
            **NOT_OF_MAPS,
            FAN_IN: "these runs are started by fan-in" if FAN_IN_START in start else NO_RUNS,
        }
        yield Finding(
            "B4",
            folder.scale(own, f"{experiment}, T = {STEPS}"),
            statistics,
            sensitivity=completed([one for one in found if one.statistics], absent),
            n_of="runs an arm",
        )
