"""Every task gets its answer: the best arm, the rule, the plateau, the metric."""

import json

import numpy as np
import pandas as pd
import pytest
from tables import OPTIMUM, runs_table

from blockmaps.analysis import tables
from blockmaps.analysis.answers import _of_explained, answers
from blockmaps.analysis.statistics import BOOTSTRAP_FROM


@pytest.fixture(scope="module")
def runs():
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced", "even"), noise=0.004)
    return table.assign(task="own")


@pytest.fixture(scope="module")
def regression(runs):
    """The same runs of a squared error: what was the accuracy is R²."""
    return runs.assign(mean_loss=4.0, loss=4 * (1 - runs["accuracy"]), accuracy=np.nan)


def one(runs, **options):
    (found,) = answers(runs, **options)
    return found


def test_the_best_arm_leads_the_others_with_an_interval(runs):
    found = one(runs)
    means = runs[(runs["split"] == "test") & (runs["epoch"] == runs["epoch"].max())]
    means = means[means["arm"] != "even"].groupby("arm")["accuracy"].mean()
    best = found["best"]
    assert found["outcome"] == "accuracy"
    assert found["chance"] == pytest.approx(0.1)
    for lead in best["leads"]:
        assert lead["low"] < lead["mean"] < lead["high"]
    assert next(row["arm"] for row in found["arms"] if row["arm"] != "even") == best["arm"]
    assert {lead["over"] for lead in best["leads"]} == set(means.index) - {best["arm"]}
    assert found["sentences"][0].startswith(f"Best of the arms: {best['arm']}, test accuracy")


def test_the_lead_is_corrected_for_the_number_of_arms(runs):
    wide = one(runs)["best"]
    two = [wide["arm"], wide["leads"][0]["over"]]
    narrow = one(runs[runs["arm"].isin(two)])["best"]
    assert narrow["arm"] == wide["arm"]
    width = [lead["high"] - lead["low"] for lead in (wide["leads"][0], narrow["leads"][0])]
    assert width[0] > width[1]


def test_a_squared_error_is_answered_in_r2_alike(runs, regression):
    a, b = one(runs), one(regression)
    assert (b["outcome"], b["unit"], b["chance"]) == ("r2", "R²", 0.0)
    assert [row["arm"] for row in a["arms"]] == [row["arm"] for row in b["arms"]]
    for first, second in zip(a["differences"], b["differences"], strict=True):
        assert first["mean"] == pytest.approx(100 * second["mean"], rel=1e-6)
    assert "R² on the test split" in b["sentences"][0]
    assert not any("%" in sentence for sentence in b["sentences"][:2])


def test_the_plateau_holds_the_optimum_and_ends_where_the_curve_falls(runs):
    table = runs.copy()
    low = (table["design"] == "even") & (table["hidden_proportion"] < 0.2)
    table.loc[low, "accuracy"] = 0.12  # a cliff at one end
    found = one(table)["plateau"]
    assert 0.15 < found["from"] < 0.5
    assert found["patterns"] < BOOTSTRAP_FROM
    assert found["from_interval"] is None  # too few patterns for one
    assert found["to"] == pytest.approx(found["last"])
    assert found["from"] < OPTIMUM < found["to"]
    other = {name: table[name] + "b" for name in ("structure", "key")}
    many = pd.concat([table, table.assign(hidden=table["hidden"] + 1, **other)])
    wide = one(many)["plateau"]
    assert wide["patterns"] >= BOOTSTRAP_FROM
    assert wide["from_interval"][0] <= wide["from"] <= wide["from_interval"][1]
    flat = table.assign(accuracy=0.5)
    found = one(flat)["plateau"]
    assert (found["from"], found["to"]) == (found["first"], found["last"])


def test_what_the_metric_explains_is_that_of_the_table(runs):
    table = tables.analyse(runs, "explained")["explained"]
    found = one(runs, explained=table)["explained"]
    row = table[
        (table["design"] == "even")
        & (table["form"] == "spline")
        & (table["explanation"] == "hidden_proportion")
        & (table["outcome"] == "logit_clean")
    ].iloc[0]
    assert found["r2"] == row["cv_r2"]
    assert found["design"] == "even"
    assert one(runs)["explained"] is None


def test_answers_are_json_and_of_no_scored_run_there_are_none(runs, regression):
    text = json.dumps(answers(regression), allow_nan=False)
    assert "NaN" not in text
    assert answers(regression.drop(columns="mean_loss")) == []


def test_every_experiment_and_budget_has_its_own(runs):
    both = pd.concat([runs, runs.assign(experiment="other", budget=8000)])
    assert [(row["experiment"], row["budget"]) for row in answers(both)] == [
        ("other", 8000),
        ("small", 4000),
    ]


def test_a_negative_share_is_told_as_nothing():
    found = {"design": "even", "patterns": 20, "r2": -0.17, "low": -0.6, "high": 0.2}
    rival = {"name": "density", "r2": 0.12, "low": -0.05, "high": 0.3}
    assert _of_explained(found | {"rival": rival}) == (
        "Of how patterns differ, the hidden proportion predicts nothing [below 0, 20%] for "
        "patterns left out (20 patterns, even design; the mean of the others is the better guess); "
        "the best of its rivals, the overall density, 12% [below 0, 30%]."
    )
    good = found | {"r2": 0.6, "low": 0.3, "high": 0.8, "rival": None}
    assert "predicts 60% [30%, 80%] for patterns left out (20 patterns, even design)." in (
        _of_explained(good)
    )
