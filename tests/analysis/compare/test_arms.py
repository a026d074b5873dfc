"""Which arms moved: paired where it can be, the right unit, and known truths found."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import runs_table

from blockmaps.analysis.compare.arms import COLUMNS, compare, last, paired, unpaired
from blockmaps.analysis.compare.curves import curves


@pytest.fixture(scope="module")
def table():
    return runs_table(budgets=(4000,), designs=("factorial", "uniform", "balanced"), epochs=1)


def compared(first, second, same=True):
    found = compare(first, second, curves(first, second), dict.fromkeys(first["experiment"], same))
    assert list(found.columns) == list(COLUMNS)
    return found.set_index("arm")


def moved(table, arm, by, scatter=0.0, seed=0):
    """Move an arm's accuracies, a run at a time: by so much, and a scatter."""
    noise = dict(zip(table["key"].unique(), np.random.default_rng(seed).normal(0, 1, 10_000)))  # noqa: B905
    shift = (by + scatter * table["key"].map(noise)).where(table["arm"] == arm, 0.0)
    return table.assign(accuracy=table["accuracy"] + shift)


def other_keys(table):
    return table.assign(key="other" + table["key"].str[5:])


def test_nothing_moves_where_runs_are_the_same(table):
    found = compared(table, table)
    assert not found["moved"].any()
    assert (found[["estimate", "low", "high"]] == 0).all(axis=None)
    assert (found["p"].dropna() == 1).all()
    assert (found["curves_identical"] == found["shared"]).all()
    assert set(found["by"]) == {"variant"}


def test_runs_of_one_variant_are_paired_by_seed_in_a_fixed_arm(table):
    second = moved(table, "balanced", 0.02, 0.004)
    row = compared(table, second).loc["balanced"]
    sides = [last(one).query("arm == 'balanced'") for one in (table, second)]
    # two patterns of balanced: their mean at each of five seed indices
    means = [100 * side.groupby("seed_index")["accuracy"].mean() for side in sides]
    test = stats.ttest_rel(means[1], means[0])
    assert row["n"] == 5
    assert (row["runs_a"], row["shared"]) == (10, 10)
    bounds = test.confidence_interval(0.95)
    assert tuple(row[["estimate", "low", "high", "p"]]) == pytest.approx(
        ((means[1] - means[0]).mean(), bounds.low, bounds.high, test.pvalue)
    )
    assert row["moved"]


def test_the_unit_of_a_sample_of_patterns_is_the_pattern(table):
    row = compared(table, moved(table, "mixed", 0.0, 0.01)).loc["mixed"]
    assert (row["n"], row["shared"]) == (62, 124)


def test_other_variants_on_the_same_data_are_paired_by_seed_index(table):
    second = other_keys(moved(table, "uniform-0.1", 0.02))
    row = compared(table, second).loc["uniform-0.1"]
    # all moved by exactly as much: no scatter to go by, and the sign test
    assert (row["by"], row["n"], row["shared"]) == ("seed index", 5, 0)
    assert row["estimate"] == pytest.approx(2.0)
    apart = compared(table, second, same=False).loc["uniform-0.1"]
    assert apart["by"] == "unpaired"
    assert apart["high"] - apart["low"] > 1
    own = [last(one).query("arm == 'uniform-0.1'") for one in (table, second)]
    values = [100 * side["accuracy"] for side in (own[1], own[0])]
    assert apart["p"] == pytest.approx(stats.ttest_ind(*values, equal_var=False).pvalue)


def test_holm_is_over_all_arms_that_have_a_p_value(table):
    found = compared(table, moved(table, "dense", 0.03, 0.004))
    tested = found["p"].notna().sum()
    assert tested == len(found)
    assert found["p_holm"].min() == pytest.approx(tested * found["p"].min())
    assert list(found.index[found["moved"]]) == ["dense"]


def test_two_pairs_give_a_difference_and_no_interval():
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1, seeds=2)
    found = compared(table, moved(table, "dense", 0.03, 0.001))
    assert found.loc["dense", "estimate"] == pytest.approx(3.0, abs=0.5)
    assert found[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert not found["moved"].any()


def test_losses_are_compared_where_there_are_no_classes(table):
    first = table.assign(accuracy=np.nan)
    noise = table["key"].str[:4].map(lambda digits: int(digits, 16)) % 100 / 1000
    row = compared(first, first.assign(loss=first["loss"] + 1 + noise)).loc["mixed"]
    assert (row["outcome"], row["unit"]) == ("loss", "loss")
    assert row["estimate"] == pytest.approx(1.05, abs=0.03)
    assert row["moved"]


def test_a_squared_error_is_compared_in_r2_where_the_means_error_is_known(table):
    first = table.assign(accuracy=np.nan, mean_loss=4.0, loss=2.0)
    row = compared(first, first.assign(loss=1.0)).loc["mixed"]
    assert (row["outcome"], row["unit"]) == ("r2", "R²")
    assert (row["a"], row["b"], row["estimate"]) == (0.5, 0.75, 0.25)


def test_runs_that_diverged_in_one_do_not_count(table):
    key = table.loc[table["arm"] == "uniform-0.1", "key"].iloc[0]
    second = table.assign(accuracy=table["accuracy"].where(table["key"] != key))
    assert compared(table, table).loc["uniform-0.1", "n"] == 5
    assert compared(table, second).loc["uniform-0.1", "n"] == 4


def test_several_numbers_of_iterations_are_several_arms(table):
    first = table.assign(iterations=np.where(table["seed_index"] < 3, 1, 4))
    found = compared(first, first)
    assert found.loc["uniform", "iterations"].tolist() == [1, 4]
    assert found.loc["uniform", "n"].tolist() == [3, 2]


def test_equal_differences():
    assert paired(np.zeros(4)) == {"estimate": 0, "low": 0, "high": 0, "p": 1, "n": 4}
    same = paired(np.full(5, 0.3))
    assert (same["p"], np.isnan(same["low"])) == (2 / 32, True)
    assert np.isnan(paired(np.array([0.1, 0.3]))["p"])
    assert paired(np.array([]))["n"] == 0
    assert np.isnan(unpaired(np.array([1.0]), np.array([2.0, 3.0]))["p"])


def test_by_chance_alone_nothing_moves_in_95_of_100_tables():
    """Six arms of four pairs each, no difference: Holm keeps one false finding to 5 %."""
    from blockmaps.analysis.comparisons import holm

    generator = np.random.default_rng(0)
    false = 0
    for _ in range(200):
        p = [paired(generator.normal(0, 1, 4))["p"] for _ in range(6)]
        false += holm(pd.Series(p)).min() < 0.05
    assert stats.binomtest(false, 200, 0.05).pvalue > 0.01
