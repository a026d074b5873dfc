"""Claims B1 to B4: networks as maps, the continuum between them, and what is hard to train."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from blockmaps.analysis.continuum import finals
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
    Rows,
    by_panel,
    chosen,
    completed,
    statistics,
    unlearnt,
)
from blockmaps.claims.scales import FAN_IN as FAN_IN_START
from blockmaps.claims.tests import Test
from blockmaps.core.fixed import EQUIVALENCE_LEVEL, TOKENS

EQUIVALENCE, LEARNING, CONTINUUM, TRAINABILITY = (
    f"tables/{name}.csv"
    for name in ("equivalence", "learning", "continuum_differences", "trainability_differences")
)
OF_MAPS = {
    DEFINITIONS: "the claim is not about the hidden proportion",
    LEAKING: "the data have no leaking test sequences",
    FAN_IN: NO_RUNS,
    SECONDARY: "the claim names no other outcome",
    SEPARABLE: NO_TRANSFORMS,
    COVARIATE: "the claim is not about the hidden proportion",
}


def _worst(name: str, table: Rows, column: str, where: str, keys: list[str], n: int) -> Statistic:
    """Return the largest deviation of a table's rows; NaN where one of them has none."""
    worst = table.loc[table[column].fillna(math.inf).idxmax()]
    found = {key: worst[key].item() if hasattr(worst[key], "item") else worst[key] for key in keys}
    return Statistic(name, float(worst[column]), n, table=where, row=found)


def equivalence(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find B1: the largest deviation of any model of the zoo, by precision."""
    table = folder.table("equivalence")
    if table is None or table.empty:
        return
    parts = table[["output_deviation", "gradient_deviation"]]
    table = table.assign(deviation=parts.max(axis=1).where(parts.notna().all(axis=1), math.nan))
    found = tuple(
        _worst(
            f"{dtype} deviation",
            *(rows, "deviation", EQUIVALENCE, ["model", "dtype"], rows["model"].nunique()),
        )
        for dtype, rows in table.groupby("dtype", sort=False)
    )
    few, many = (f"{getattr(table['unknowns'], end)():,}" for end in ("min", "max"))
    scale = Scale(f"{table['model'].nunique()} networks of {few} to {many} unknowns")
    reasons = OF_MAPS | {FAN_IN: "weights are torch's own and random"}
    yield Finding("B1", scale, found, (), completed((), reasons), "networks")


RHO, FORCED = "rho 0 - MLP", "forced map - nn.RNN"
PATH_KEYS = ["experiment", "budget", "difference", "iterations"]
# Whose whole learning curves the zoo compares with its map's, by statistic.
TRAINED = {RHO: ("mlp", "digits-mlp"), FORCED: ("rnn",)}


def _trained(folder: Tables, name: str, dtype: str) -> tuple[Statistic, ...]:
    """Return the largest deviation of learning curves of some networks from their maps'."""
    table = folder.table("learning")
    own = pd.concat([chosen(table, dtype=dtype, model=model) for model in TRAINED[name]])
    if own.empty:
        return ()
    keys = ["model", "dtype", "draw"]
    return (_worst(name, own, "curve_deviation", LEARNING, keys, len(own)),)


def ends(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find B2: whole learning curves at both ends of the path, in the test's precision."""
    if "float64" in test.outcome:
        found = tuple(one for name in (RHO, FORCED) for one in _trained(folder, name, "float64"))
        if found:
            scale = Scale("the zoo's perceptron and RNN, and the digits' perceptron, in float64")
            yield Finding("B2", scale, found, (), completed((), OF_MAPS), "draws")
        return

    def read(rows: Rows) -> tuple[Statistic, ...]:
        columns = ("curve_deviation", "low_95", "high_95", "n")
        names = {RHO: {"difference": "MLP - control"}}
        path = statistics(rows, names, CONTINUUM, PATH_KEYS, columns)
        bare = (replace(one, intervals={}, degrees=None) for one in path)
        return (*bare, *_trained(folder, FORCED, "float32"))

    def missing(_: Rows, found: tuple[Statistic, ...]) -> str | None:
        lacking = {RHO, FORCED} - {one.name for one in found}
        return f"one of two ends: no learning curves of {lacking.pop()} here" if lacking else None

    yield from by_panel(
        "B2",
        folder,
        folder.table("continuum_differences"),
        read,
        n_of="pairs of runs",
        reasons=OF_MAPS,
        missing=missing,
    )


RANDOM = "random - MLP"


def _random(rows: Rows) -> tuple[Statistic, ...]:
    """Return random places less the MLP, with both levels; of the fewest iterations there are."""
    own = chosen(rows, difference=RANDOM)
    if own.empty:
        return ()
    own = own.sort_values("iterations").head(1)
    columns = ("mean", "low_95", "high_95", "n")
    narrow = (float(own["low_90"].iloc[0]), float(own["high_90"].iloc[0]))
    return tuple(
        replace(one, intervals={**one.intervals, EQUIVALENCE_LEVEL: narrow})
        for one in statistics(own, RANDOM, CONTINUUM, PATH_KEYS, columns)
    )


def random_places(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find B3: random places less the MLP at equal unknowns."""

    def others(rows: Rows) -> Iterator[Alternative]:
        more = chosen(rows, difference=RANDOM)
        fewest = more["iterations"].min()
        for iterations, own in more[more["iterations"] > fewest].groupby("iterations"):
            yield Alternative(f"{iterations} iterations of the map", _random(own))

    def not_learnt(rows: Rows) -> str | None:
        if folder.runs is None:
            return None
        runs = chosen(finals(folder.runs), experiment=rows["experiment"].iloc[0])
        runs = runs.assign(accuracy_clean=runs["accuracy"])
        arms = dict(tuple(runs.groupby("arm")))
        return unlearnt(arms, ("random-places", "mlp"))

    yield from by_panel(
        "B3",
        folder,
        folder.table("continuum_differences"),
        _random,
        n_of="seed indices an arm",
        others=others,
        reasons=OF_MAPS,
        missing=lambda rows, found: _not_plain_mnist(folder, rows["dataset"].iloc[0]),
        unlearnt=not_learnt,
    )


def _not_plain_mnist(folder: Tables, dataset: str) -> str | None:
    """Return why a data set is not the claim's, which is MNIST's single images as they are."""
    spec = folder.datasets.get(dataset)
    if spec is None:
        return "without a config it is not known what the data set is"
    if spec.get("source") != "mnist":
        return "the claim is about MNIST"
    return "the claim's test is on plain images; these are perturbed" if spec["perturbed"] else None


def _shares(rows: Rows, test: Test, outcome: str = "at_chance") -> tuple[Statistic, ...]:
    """Return both differences of shares of runs, n being the smaller arm's runs."""
    own = chosen(rows, outcome=outcome)
    if own.empty:
        return ()
    own = own.assign(n=own[["n_first", "n_second"]].min(axis=1))
    names = {name: {"difference": name} for name in test.statistics}
    keys = ["experiment", "steps", "difference", "outcome"]
    seeds = int(own["seeds"].min())
    return statistics(own, names, TRAINABILITY, keys, ("value", "low", "high", "n"), seeds=seeds)


def hard_to_train(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find B4: shares of runs still at chance at T = 50, dense less balanced and less uniform."""
    table = folder.table("trainability_differences")
    if table is None or table.empty:
        return
    for (experiment, start), rows in table.groupby(["experiment", "initialisation"], sort=True):
        own = chosen(rows, steps=TOKENS)
        found = _shares(own, test)
        if not found:
            continue
        study = str(experiment).rpartition(f"-{TOKENS}")[0]
        others = table[table["experiment"].str.rpartition("-")[0] == study]
        more = [
            Alternative(f"T = {steps}", _shares(other, test))
            for steps, other in others[others["steps"] != TOKENS].groupby("steps")
        ]
        what = "runs that fail: at chance, worse than guessing or diverged"
        more.append(Alternative(what, _shares(own, test, "failed")))
        begun = "these runs are started by fan-in" if FAN_IN_START in str(start) else NO_RUNS
        yield Finding(
            "B4",
            folder.scale(own, f"{experiment}, T = {TOKENS}"),
            found,
            sensitivity=completed(more, OF_MAPS | {FAN_IN: begun}),
            n_of="runs an arm",
        )
