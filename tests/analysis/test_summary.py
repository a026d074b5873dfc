"""Tables of results from a synthetic runs table."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import runs_table

from blockmaps.analysis import statistics, summary
from blockmaps.core import csv
from blockmaps.core.errors import InputError


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return runs_table()


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return runs_table(budgets=(4000,), designs=("uniform", "balanced"))


def row(made: pd.DataFrame, **labels) -> pd.Series:
    """Return the one row with these labels."""
    chosen = made
    for name, value in labels.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_final_outcomes_are_a_row_a_run(table):
    made = summary.final_outcomes(table)
    assert len(made) == table["key"].nunique() == made["key"].nunique()
    one = made.iloc[7]
    rows = table[(table["key"] == one["key"]) & (table["epoch"] == 4)].set_index("split")
    assert one["test_accuracy"] == rows["accuracy"]["test"]
    assert one["test_leaking_accuracy"] == rows["accuracy"]["test_leaking"]
    assert (one["epochs"], one["steps"]) == (4, 4 * 282)
    curve = table[(table["key"] == one["key"]) & (table["split"] == "test")]
    accuracy = curve.sort_values("epoch")["accuracy"].to_numpy()
    area = (accuracy[0] / 2 + accuracy[1:-1].sum() + accuracy[-1] / 2) / 4
    assert one["area_under_test_curve"] == pytest.approx(area)
    assert not made["diverged"].any()


def test_the_same_pattern_of_two_designs_is_one_pattern():
    made = summary.final_outcomes(runs_table(budgets=(4000,), designs=("factorial", "uniform")))
    for arm, code in (("dense", "111111"), ("uniform", "000000")):
        assert set(made.loc[made["arm"] == arm, "pattern"]) == {code}
    assert set(made.loc[made["arm"] == "uniform-0.1", "pattern"]) == {"uniform-0.1"}


def test_two_patterns_of_one_name_are_two(small):
    other = small[small["arm"] == "dense"].assign(
        design="explicit", hidden=9, key=lambda rows: rows["key"].str.upper()
    )
    made = summary.final_outcomes(pd.concat([small, other]))
    names = set(made.loc[made["arm"] == "dense", "pattern"])
    assert names == {"uniform-1 (uniform, dense)", "uniform-1 (explicit, dense)"}


def test_summary_has_a_method_that_suits_the_arm(table):
    made = summary.summarise(table)
    assert list(made.columns) == summary.SUMMARY_COLUMNS
    assert set(made["outcome"]) == set(summary.OUTCOMES)
    chosen = {"budget": 4000, "outcome": "test_accuracy"}
    mixed, balanced = (row(made, arm=arm, **chosen) for arm in ("mixed", "balanced"))
    even, dense = (row(made, arm=arm, **chosen) for arm in ("even", "dense"))
    assert (mixed["patterns"], mixed["n"]) == (62, 124)
    assert mixed["method"] == "bootstrap over patterns"
    assert (even["patterns"], even["n"], even["method"]) == (18, 36, "t over patterns")
    assert (balanced["patterns"], balanced["n"], balanced["seeds"]) == (2, 10, 5)
    assert (dense["seeds"], dense["method"]) == (2, statistics.TOO_FEW)
    assert balanced["method"] == statistics.T_OVER_SEEDS
    parts = [row(made, arm=arm, **chosen) for arm in (summary.THIN, summary.FULL)]
    assert [part["patterns"] for part in parts] == [1, 1]
    bounded = made[made["low"].notna()]
    assert (bounded["low"] < bounded["mean"]).all()
    assert (bounded["mean"] < bounded["high"]).all()
    assert set(made.loc[made["low"].isna(), "method"]) == {statistics.TOO_FEW}


def test_variance_is_pooled_within_a_budget_only(table):
    alone = summary.summarise(table[table["budget"] == 10000])
    both = summary.summarise(table)
    both = both[both["budget"] == 10000].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, both)


def test_structures(table):
    made = summary.by_structure(table)
    first = made[(made["budget"] == 10000) & (made["outcome"] == "test_accuracy")]
    assert len(first) == 66
    assert set(first["method"]) == {summary.ALL_PATTERNS}
    dense = row(first, structure="111111")
    assert (dense["arm"], dense["n"], dense["hidden"]) == ("dense", 2, 24)


def test_differences_in_percentage_points(table):
    made = summary.differences(table)
    pairs = (*summary.DIFFERENCES, *summary.FAMILIES)
    assert set(made["difference"]) == {" - ".join(pair) for pair in pairs}
    few = row(made, difference="balanced - dense", budget=4000, outcome="test_accuracy")
    assert (few["n"], few["method"]) == (2, statistics.TOO_FEW)
    final = summary.final_outcomes(table)
    final = final[final["budget"] == 4000].rename(columns={"test_accuracy": "value"})
    more = final[final["arm"] == "balanced"].assign(
        arm="dense", value=lambda rows: rows["value"] - 0.1
    )
    found = statistics.difference(final[final["arm"] == "mixed"], more)
    mixed = final[final["arm"] == "mixed"].groupby("pattern")["value"].mean()
    test = stats.ttest_ind(mixed, more.groupby("seed_index")["value"].mean(), equal_var=False)
    np.testing.assert_allclose(found[1:3], test.confidence_interval())
    assert (found.n, found.method) == (5, "Welch's t")


def test_differences_of_arms_that_are_not_there(small):
    made = summary.differences(small[small["arm"] == "dense"])
    assert made.empty
    assert list(made.columns) == summary.DIFFERENCE_COLUMNS


def test_a_run_whose_loss_is_no_number_is_counted_and_its_accuracy_is_not(small):
    broken = small.copy()
    keys = broken.loc[broken["arm"] == "dense", "key"].unique()[:2]
    last = broken["epoch"] == 4
    broken.loc[last & broken["key"].isin(keys), "loss"] = np.nan
    broken.loc[last & (broken["key"] == keys[1]) & (broken["split"] == "test"), "accuracy"] = np.nan
    found = row(summary.summarise(broken), arm="dense", outcome="test_accuracy")
    assert (found["diverged"], found["n"]) == (2, 3)
    final = summary.final_outcomes(broken).set_index("key")
    assert final["test_accuracy"].isna()[keys].all()


def test_a_table_without_classes_or_without_a_split(small):
    without = small.assign(accuracy=np.nan)
    assert not summary.final_outcomes(without)["diverged"].any()
    assert summary.summarise(without).empty
    clean = small[small["split"] != "test_leaking"]
    outcomes = set(summary.summarise(clean)["outcome"])
    assert outcomes == {"test_accuracy", "area_under_test_curve"}


def test_runs_that_end_at_different_epochs_are_not_compared(small):
    shorter = (small["key"] == small["key"].iloc[0]) & (small["epoch"] == 4)
    with pytest.raises(InputError, match="different epochs"):
        summary.final_outcomes(small[~shorter])


def test_tables_are_the_same_every_time_and_whatever_the_order(small):
    for make in (summary.summarise, summary.by_structure, summary.differences):
        text = csv.to_csv(make(small))
        assert csv.to_csv(make(small.sample(frac=1, random_state=0))) == text
        made = pd.read_csv(StringIO(text))
        pd.testing.assert_frame_equal(made, make(small), check_dtype=False, rtol=1e-5)
