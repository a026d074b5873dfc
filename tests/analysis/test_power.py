"""What can be detected: against simulated truth, and against the formula's parts."""

import numpy as np
import pytest
from scipy import stats

from blockmaps.analysis import power
from blockmaps.results.returns import expert_of

EXPERT = {"expert_return": 12_000.0, "expert_sd": 6_000.0, "expert_success": 0.8}


@pytest.mark.parametrize(("seeds", "episodes", "seed_sd"), [(3, 10, 0.0), (5, 50, 1_500.0)])
def test_a_simulated_difference_of_that_size_is_found_in_four_of_five(seeds, episodes, seed_sd):
    """Models of two arms, their seeds and their episodes, drawn 4,000 times and tested."""
    sd = power.difference_sd(6_000.0, seed_sd, episodes)
    effect = power.detectable(sd, seeds)
    rng = np.random.default_rng(0)
    size = (2, 4_000, seeds, episodes)
    runs = seed_sd * rng.standard_normal(size[:3])[..., None] + 6_000 * rng.standard_normal(size)
    first, second = runs.mean(3)
    found = stats.ttest_1samp(first + effect - second, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 4_000))
    null = stats.ttest_1samp(first - second, 0, axis=1).pvalue < 0.05
    assert null.mean() == pytest.approx(0.05, abs=0.015)


def test_support_is_found_in_four_of_five_from_the_difference_that_is_named():
    """The interval of a simulated difference of that size is above the smallest of interest."""
    planned = {"hammer": power.Planned("hammer", 5, 50)}
    first = power.by_experiment(planned, {("hammer", 0): EXPERT}).iloc[0]
    rng = np.random.default_rng(0)
    each = first["supported_from"] + first["difference_sd"] * rng.standard_normal((4_000, 5))
    least = first["smallest_of_interest"]
    low = each.mean(1) - stats.t.ppf(0.975, 4) * stats.sem(each, axis=1)
    assert (low > least).mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 4_000))


def test_more_seeds_detect_less_and_one_pair_nothing():
    found = [power.detectable(1.0, seeds) for seeds in (2, 3, 5, 20, 200)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(2.8 / np.sqrt(200), rel=0.02)  # 1.96 + 0.84, with many
    assert np.isnan(power.detectable(1.0, 1))


@pytest.mark.parametrize("difference", [0.3, 0.7, 2.5, 100.0])
def test_the_seeds_that_are_needed_are_the_fewest(difference):
    needed = power.seeds_needed(1.0, difference)
    assert power.detectable(1.0, needed) <= difference
    assert needed == 2 or power.detectable(1.0, needed - 1) > difference


def test_the_spread_of_two_outcomes_is_the_largest_at_one_half():
    low, apart, p = -200.0, 16_000.0, 0.8
    sd = apart * np.sqrt(p * (1 - p))
    found = power.spreads(sd, p)
    assert found == {"expert": sd, "succeeds in half": pytest.approx(apart / 2)}
    rng = np.random.default_rng(0)
    half = np.where(rng.random(100_000) < 0.5, low + apart, low)
    assert half.std() == pytest.approx(found["succeeds in half"], rel=0.01)
    assert list(power.spreads(sd, 1.0)) == ["expert"]
    assert list(power.spreads(sd, np.nan)) == ["expert"]


def test_an_experiments_rows_are_of_its_plan():
    asked = {
        "hammer": power.Planned("hammer", 5, 50),
        "fewer": power.Planned("hammer", 3, 50),
    }
    table = power.by_experiment(asked, {("hammer", 0): EXPERT, ("hammer", 1): EXPERT})
    assert list(table.columns) == list(power.COLUMNS)
    assert len(table) == 2 * 2 * len(power.BETWEEN_SEEDS)
    first = table.iloc[0]
    assert first["difference_sd"] == pytest.approx(6_000 * np.sqrt(2 / 50))
    assert first["detectable_share"] == pytest.approx(first["detectable"] / 12_000)
    assert first["smallest_of_interest"] == pytest.approx(600)
    assert first["supported_from"] == pytest.approx(first["detectable"] + 600)
    fewer = table[table["experiment"] == "fewer"].iloc[0]
    assert fewer["seeds"] == 3
    assert fewer["detectable"] > first["detectable"]
    assert fewer["seeds_needed"] == first["seeds_needed"]
    needed = power.detectable(first["difference_sd"], int(first["seeds_needed"]))
    assert needed <= 600


def test_the_expert_is_what_the_data_file_says():
    about = {"expert": {"episodes": 400, "mean_return": 12e3, "standard_error": 300.0}}
    about["expert"]["success_rate"] = None
    found = expert_of(about)
    assert found["expert_sd"] == pytest.approx(6_000)
    assert np.isnan(found["expert_success"])
