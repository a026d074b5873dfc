"""The best of N against enumeration, and what the intervals cover."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockmaps.analysis import apriori, regret
from blockmaps.analysis.columns import APRIORI, REGRET

SIMULATIONS = 400
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)
BEST = f"recommended - {apriori.RANDOM_BEST}"
MEDIAN = f"recommended - {apriori.RANDOM_MEDIAN}"
RATIO = apriori.ON_RATIO
values = st.lists(st.floats(0, 100), min_size=2, max_size=8)


@given(values=values, N=st.integers(1, 8))
def test_the_expected_best_is_the_mean_over_all_choices(values, N):
    if len(values) < N:
        return
    of_all = np.mean([max(chosen) for chosen in combinations(values, N)])
    assert regret.expected_best(np.array(values), N) == pytest.approx(of_all)
    # chosen by itself, it is the same
    array = np.array(values)
    assert regret.chosen_best(array, array, N) == pytest.approx(of_all)
    if len(values) > N:
        left_out = [
            regret.expected_best(np.delete(array, i), N) for i in np.argsort(array, kind="stable")
        ]
        n = len(values)
        error = np.sqrt((n - 1) / n * ((left_out - np.mean(left_out)) ** 2).sum())
        assert regret.jackknife_error(array, N) == pytest.approx(error, abs=1e-9)
    else:
        assert np.isnan(regret.jackknife_error(array, N))


def test_a_choice_by_luck_is_worth_the_mean():
    rng = np.random.default_rng(0)
    luck, worth = rng.normal(size=4000), rng.normal(5, 1, 4000)
    assert regret.chosen_best(luck, worth, 10) == pytest.approx(5, abs=0.2)
    assert regret.expected_best(luck, 10) > 1


@pytest.mark.parametrize(("patterns", "N"), [(50, 1), (50, 10), (50, 20)])
def test_regret_covers_at_the_presets_numbers(patterns, N):
    rng, hits = np.random.default_rng(1), 0
    truth = 58 + 1.5 * rng.standard_normal((50_000, N)).max(1).mean() - 58.5
    for _ in range(SIMULATIONS):
        random = 58 + 1.5 * rng.standard_normal(patterns)
        recommended = 58.5 + 0.5 * rng.standard_normal(4)
        best, error = regret.expected_best(random, N), regret.jackknife_error(random, N)
        found = regret.difference(best, error, patterns, recommended)
        hits += found.low <= truth <= found.high
    assert hits / SIMULATIONS > 0.95 - MONTE_CARLO


def outcomes(seed: int = 0, lead: float = 2.0, sizes=((100, 10), (400, 5), (60, 20))):
    """Return a row a run: 30 random patterns, recommended, balanced and dense, for some sizes.

    Accuracy grows with the hidden proportion up to ½; the recommended pattern leads the best of
    them, and balanced leads dense by log(|x|/|y|) points.
    """
    rng, rows = np.random.default_rng(seed), []
    for inputs, outputs in sizes:
        labels = {"experiment": f"x{inputs}", "dataset": f"x{inputs}", "budget": 3000}
        labels |= {"initialisation": "N(0, 0.05²)", "inputs": inputs, "outputs": outputs}
        labels |= {"steps": 564}
        proportions = rng.uniform(0, 0.5, 30)
        arms = [("random", f"r{i}", p, 40 + 20 * p, 2) for i, p in enumerate(proportions)]
        arms += [("recommended", "recommended", 0.5, 50 + lead, 3)]
        arms += [("dense", "dense", 0.1, 45.0, 3)]
        arms += [("balanced", "balanced", 0.5, 45 + np.log(inputs / outputs), 3)]
        arms += [("without-proportion", "without-proportion", 0.1, 44 + lead, 3)]
        for arm, pattern, proportion, accuracy, seeds in arms:
            for seed_index in range(seeds):
                reached = (accuracy + 0.05 * rng.normal()) / 100
                known = {"hidden_proportion": proportion, "density": rng.uniform(), "hidden": 30}
                known |= {"spectral_radius": rng.uniform(), "state_scale": rng.uniform()}
                rows.append(
                    labels
                    | known
                    | {"arm": arm, "pattern": pattern, "seed_index": seed_index}
                    | {"accuracy_clean": reached, "density_yh": 1.0}
                )
    return pd.DataFrame(rows)


def test_regret_of_a_leader_is_below_zero_at_every_number():
    table = regret.regrets(outcomes())
    assert list(table.columns) == list(REGRET)
    assert len(table) == 3 * 30
    assert (table["regret"] < 0).all()
    bounded = table[table["N"] <= 12]
    assert (bounded["low"] < bounded["regret"]).all()
    assert (bounded["high"] < 0).all()
    assert table.loc[table["N"] > 12, "low"].isna().all()
    by_size = table.groupby("experiment")["best"]
    assert by_size.apply(lambda best: (best.diff().dropna() >= 0).all()).all()
    assert (table["chosen"] <= table["reported"] + 1e-9).all()


def statistics(table: pd.DataFrame, name: str, level: str = "all sizes") -> pd.DataFrame:
    return table[(table["statistic"] == name) & (table["level"] == level)]


def test_what_is_known_a_priori():
    table = apriori.apriori(outcomes())
    assert list(table.columns) == list(APRIORI)
    for name in (BEST, MEDIAN):
        one = statistics(table, name, "one size")
        assert len(one) == 3
        assert (one["low"] > 0).all()
    (row,) = statistics(table, BEST).to_dict("records")
    assert row["n"] == 3  # sizes, not runs
    assert row["low"] < row["estimate"] < row["high"]
    # none of thirty matches it
    assert statistics(table, apriori.MATCH, "one size")["estimate"].isna().all()
    assert statistics(table, apriori.MATCH).empty
    rank = "rank correlation, predicted and measured"
    assert (statistics(table, rank, "one size")["estimate"] > 0.7).all()
    (control,) = statistics(table, f"recommended - {apriori.CONTROL}").to_dict("records")
    assert control["estimate"] == pytest.approx(6, abs=0.1)
    assert len(statistics(table, f"{apriori.CONTROL} - {apriori.RANDOM_BEST}")) == 1
    density = "rank correlation, density and measured"
    assert (statistics(table, density, "one size")["estimate"].abs() < 0.5).all()
    (gain,) = statistics(table, "recommended - dense").to_dict("records")
    assert gain["estimate"] == pytest.approx(7, abs=0.1)
    for name in ("balanced", "balanced-full"):
        (slope,) = statistics(table, f"slope of {name} - dense on {RATIO}").to_dict("records")
        assert slope["estimate"] == pytest.approx(1, abs=0.1)
        assert (slope["n"], slope["degrees"]) == (3, 1)


def test_a_size_at_which_an_arm_did_not_learn_is_no_part_of_a_slope():
    made = outcomes(sizes=((100, 10), (400, 5), (60, 20), (784, 10)))
    dead = (made["inputs"] == 784) & (made["arm"] == "dense")
    made.loc[dead, "accuracy_clean"] = [0.10, 0.11, 0.105]
    table = apriori.apriori(made)
    (slope,) = statistics(table, f"slope of balanced - dense on {RATIO}").to_dict("records")
    assert slope["estimate"] == pytest.approx(1, abs=0.1)
    assert slope["n"] == 3
    # the rule's control is not compared with dense
    assert statistics(table, f"recommended - {apriori.CONTROL}")["n"].tolist() == [4]


@pytest.mark.parametrize(
    ("values", "learns"),
    [((0.10, 0.11, 0.10), False), ((0.18, 0.185, 0.18), False), ((0.18, 0.19, 0.2), True)],
)
def test_an_arm_learns_if_it_may_be_above_a_tenth_of_the_way_from_chance(values, learns):
    """Of ten classes that is 19 %; two seeds say nothing."""
    runs = pd.DataFrame({"accuracy_clean": values, "outputs": 10, "arm": "dense"})
    runs = runs.assign(pattern="dense", seed_index=range(len(values)))
    assert apriori.learnt(runs) == learns
    assert apriori.learnt(runs[:2])


def test_slopes_on_each_size_where_they_are_crossed():
    sizes = pd.DataFrame(product((64, 256, 784), (5, 10, 20)), columns=["inputs", "outputs"])
    estimate = 2 * np.log(sizes["inputs"]) - 3 * np.log(sizes["outputs"])
    gained = sizes.assign(statistic="balanced - dense", estimate=estimate)
    found = {row["statistic"].partition(" on ")[2]: row for row in apriori.slopes(gained)}
    assert found["log|x|"]["estimate"] == pytest.approx(2)
    assert found["log|y|"]["estimate"] == pytest.approx(-3)
    assert set(found) == {RATIO, "log|x|", "log|y|"}
    # not crossed: one missing
    assert [row["n"] for row in apriori.slopes(gained[1:])] == [8]


def test_sizes_that_were_trained_for_longer_are_another_study():
    both = pd.concat([outcomes(), outcomes(lead=9.0).assign(steps=2250)])
    both["experiment"] += both["steps"].astype(str)
    found = statistics(apriori.apriori(both), BEST).set_index("steps")
    assert found["n"].to_dict() == {564: 3, 2250: 3}
    assert found.loc[2250, "estimate"] > found.loc[564, "estimate"] + 5


def test_a_rule_that_is_worse_is_said_to_be():
    table = apriori.apriori(outcomes(lead=-3.0))
    assert (statistics(table, BEST, "one size")["high"] < 0).all()
    match = statistics(table, apriori.MATCH, "one size")
    assert (match["low"] <= match["estimate"]).all()
    assert (match["estimate"] <= match["high"]).all()
    assert (match["estimate"] <= 3).all()


def test_two_sizes_have_no_slope_and_no_mean_over_sizes():
    table = apriori.apriori(outcomes(sizes=((100, 10), (400, 5))))
    assert set(table["level"]) == {"one size"}
    assert apriori.slopes(apriori.gains(outcomes(sizes=((100, 10),)))) == []


def test_the_slope_covers_over_five_sizes():
    rng, hits, simulations = np.random.default_rng(2), 0, 150
    sizes = pd.DataFrame({"inputs": [64, 144, 196, 576, 784], "outputs": [20, 16, 8, 6, 10]})
    x = np.log(sizes["inputs"] / sizes["outputs"])
    for _ in range(simulations):
        estimate = 2 * x + rng.normal(0, 1, 5)
        (found,) = apriori.slopes(sizes.assign(statistic="balanced - dense", estimate=estimate))
        hits += found["low"] <= 2 <= found["high"]
    monte_carlo = 3 * np.sqrt(0.95 * 0.05 / simulations)
    assert hits / simulations == pytest.approx(0.95, abs=monte_carlo)


def test_the_rank_correlation_covers():
    rng, hits = np.random.default_rng(3), 0
    truth = 6 / np.pi * np.arcsin(0.6 / 2)  # Spearman's of a normal pair with ρ = 0.6
    for _ in range(SIMULATIONS):
        x = rng.normal(size=50)
        _, low, high = apriori.rank_correlation(x, 0.6 * x + 0.8 * rng.normal(size=50))
        hits += low <= truth <= high
    assert hits / SIMULATIONS == pytest.approx(0.95, abs=MONTE_CARLO)
    assert np.isnan(apriori.rank_correlation(np.ones(20), np.arange(20.0))).all()
