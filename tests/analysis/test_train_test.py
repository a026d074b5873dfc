"""Train, test, gap, area and speed by arm: each is what the runs say, with the shared intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import runs_table

from blockmaps.analysis.columns import TRAIN_TEST
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.train_test import train_test
from blockmaps.plan import catalogue
from blockmaps.results import runs


@pytest.fixture(scope="module")
def outcomes() -> pd.DataFrame:
    return run_outcomes(runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=3))


@pytest.fixture(scope="module")
def table(outcomes) -> pd.DataFrame:
    return train_test(outcomes)


def row(table, of, measure, protocol):
    chosen = (table["of"] == of) & (table["measure"] == measure) & (table["protocol"] == protocol)
    (found,) = table[chosen].to_dict("records")
    return found


def test_an_arm_is_described_by_the_means_of_its_runs(outcomes, table):
    assert list(table) == list(TRAIN_TEST)
    dense = outcomes[outcomes["arm"] == "dense"]
    for protocol in ("clean", "leaking"):
        test = 100 * dense[f"accuracy_{protocol}"]
        gap = 100 * dense["accuracy_train"] - test
        found = row(table, "dense", "gap", protocol)
        assert found["estimate"] == pytest.approx(gap.mean())
        half = stats.t.ppf(0.975, len(gap) - 1) * stats.sem(gap)
        assert found["high"] - found["estimate"] == pytest.approx(half)
        assert row(table, "dense", "accuracy", protocol)["estimate"] == pytest.approx(test.mean())
        area = row(table, "dense", "area", protocol)["estimate"]
        assert area == pytest.approx(100 * dense[f"area_{protocol}"].mean())
    steps = row(table, "dense", "steps_to_half", "clean")
    assert steps["unit"] == "steps"
    assert steps["reached"] == dense["reached_clean"].astype(bool).sum()
    assert steps["estimate"] == pytest.approx(dense["steps_to_half_clean"].mean())
    train = row(table, "dense", "train", "")
    assert (train["n"], train["estimate"]) == (
        5,
        pytest.approx(100 * dense["accuracy_train"].mean()),
    )


def test_a_difference_has_welchs_interval(outcomes, table):
    arms = {
        arm: 100 * own.groupby("seed_index")["accuracy_train"].mean()
        for arm, own in outcomes.groupby("arm")
    }
    found = row(table, "balanced - uniform", "train", "")
    wanted = stats.ttest_ind(arms["balanced"], arms["uniform"], equal_var=False)
    low, high = wanted.confidence_interval()
    assert (found["low"], found["high"]) == (pytest.approx(low), pytest.approx(high))
    assert {"balanced-thin", "balanced-full"} & set(table["of"])


def test_no_interval_leaves_what_its_measure_can_be(root):
    """Dense is half way at the last step at the papers' own scale, or never."""
    every = runs.read(root / "published/paper/runs.parquet")
    kept = runs.of_study(every, catalogue.MAIN_STUDY)
    found = train_test(run_outcomes(kept)).set_index(["experiment", "of", "measure", "protocol"])
    last = kept["step"].max()
    dense = found.loc[("structures", "dense", "steps_to_half", "clean")]
    assert dense["low"] < dense["estimate"] < dense["high"] < last
    ends = {"accuracy": 100, "train": 100, "area": 100, "gap": 100, "steps_to_half": last}
    for (_, of, measure, _), row in found.iterrows():
        if row["method"].startswith("none"):
            assert row["seeds"] < 3
            assert np.isnan(row["low"])
            assert np.isnan(row["high"])
            continue
        least = 0 if measure != "gap" and " - " not in of else -ends[measure]
        assert least <= row["low"] <= row["high"] <= ends[measure]


def test_what_is_not_measured_has_no_row(outcomes):
    without = outcomes.assign(accuracy_leaking=np.nan, area_leaking=np.nan)
    without = without.assign(steps_to_half_leaking=np.nan, accuracy_train=np.nan)
    found = train_test(without)
    assert set(found["protocol"]) == {"clean"}
    assert set(found["measure"]) == {"accuracy", "area", "steps_to_half"}
