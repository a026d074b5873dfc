"""Differences between arms, by panel, family, outcome and protocol; and restricted means."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import runs_table

from blockmaps.analysis import comparisons, robust, summary
from blockmaps.analysis.columns import COMPARISONS, INITIALISATIONS
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.statistics import holm

SIMULATIONS = 250
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)
# the default preset's fixed arms: four seeds of each pattern
ARMS = ("dense", "uniform", "balanced", "balanced", "uniform-0.1", "uniform-0.5")


def runs(rng, seeds: int = 4, scatter=(1.0,) * 6, effects=(0.0,) * 6) -> pd.DataFrame:
    """Return runs of fixed arms."""
    rows = [
        (arm, f"p{number}", seed, effects[number] + scatter[number] * rng.normal())
        for number, arm in enumerate(ARMS)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["arm", "pattern", "seed_index", "value"])


def outcomes(rng, initialisation="N(0, 0.05²)", experiment="e", gain=2.0, seeds=3) -> pd.DataFrame:
    """Return a row a run, as `run_outcomes` does, in which balanced gains so many points."""
    effects = (0.0, 1.0, gain, gain, 1.0, 1.0)
    table = runs(rng, seeds, scatter=(0.1,) * 6, effects=effects)
    value = table.pop("value") / 100 + 0.5
    columns = {
        f"{outcome}_{protocol}": value if outcome != "steps_to_half" else 100 - value
        for outcome in comparisons.OUTCOMES
        for protocol in comparisons.PROTOCOLS
    }
    labels = {"experiment": experiment, "dataset": "d", "budget": 4000, "steps": 100}
    full = np.where(table["pattern"] == "p3", 1.0, 0.1)  # the second balanced pattern's yh
    labels |= {"density_yh": full, "outputs": 10}
    return table.assign(**labels, initialisation=initialisation, **columns)


def test_comparisons_have_three_outcomes_two_protocols_and_holm():
    table = comparisons.comparisons(outcomes(np.random.default_rng(5)))
    assert list(table.columns) == list(COMPARISONS)
    assert set(table["outcome"]) == set(comparisons.OUTCOMES)
    assert set(table["protocol"]) == {"clean", "leaking"}
    rows = table[(table["outcome"] == "accuracy") & (table["protocol"] == "clean")]
    families = [f"{first} - {second}" for first, second in summary.FAMILIES]
    assert rows["difference"].tolist() == ["balanced - dense", "balanced - uniform", *families]
    assert set(rows["role"]) == {"primary"}
    np.testing.assert_allclose(rows["estimate"], [2, 1] * 3, atol=0.4)
    assert rows["patterns_first"].tolist() == [2, 2, 1, 1, 1, 1]
    assert set(rows["units"]) == {3}
    assert (rows["low"] < rows["estimate"]).all()
    np.testing.assert_allclose(rows["p_holm"], holm(rows["p"]))
    # p and interval agree on what is clear
    assert ((rows["p"] < 0.05) == ((rows["low"] > 0) | (rows["high"] < 0))).all()


def test_a_family_is_its_patterns_alone():
    table = outcomes(np.random.default_rng(9))
    made = comparisons.comparisons(table)
    one = table[(table["pattern"] == "p2") | (table["arm"] == "dense")]
    alone = comparisons.comparisons(one)
    chosen = [
        rows[(rows["outcome"] == "accuracy") & (rows["protocol"] == "clean")].set_index(
            "difference"
        )
        for rows in (made, alone)
    ]
    thin = chosen[0].loc["balanced-thin - dense", ["estimate", "low", "high", "p"]]
    same = chosen[1].loc["balanced - dense", ["estimate", "low", "high", "p"]]
    np.testing.assert_allclose(thin.astype(float), same.astype(float))


def test_figures_tables_and_ledger_have_one_interval_for_one_difference():
    """The same runs, as the summary's table and as the analysis' that the ledger reads."""
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=2, seeds=3)
    short = summary.differences(table)
    short = short[short["outcome"] == "test_accuracy"].set_index("difference")
    whole = comparisons.comparisons(run_outcomes(table))
    whole = whole[(whole["outcome"] == "accuracy") & (whole["protocol"] == "clean")]
    for row in whole[whole["claim"] == "A1"].to_dict("records"):
        same = short.loc[row["difference"]]
        for ours, theirs in (("estimate", "mean"), ("low", "low"), ("high", "high")):
            assert row[ours] == pytest.approx(same[theirs])


def test_a_cell_is_compared_with_the_pattern_of_its_own_count():
    table = outcomes(np.random.default_rng(8))
    cell = {"uniform": "uniform~lstm", "dense": "lstm", "uniform-0.1": "balanced~lstm"}
    made = comparisons.comparisons(table.assign(arm=table["arm"].replace(cell)))
    rows = made[(made["outcome"] == "steps_to_half") & (made["protocol"] == "leaking")]
    assert rows["difference"].tolist() == ["balanced~lstm - lstm", "uniform~lstm - lstm"]
    assert rows["role"].tolist() == ["secondary", "primary"]
    assert set(rows["claim"]) == {"E1b"}
    assert set(rows["unit"]) == {"steps"}
    np.testing.assert_allclose(rows["estimate"], -0.01, atol=0.004)  # a point less: fewer steps


def test_two_initialisations_are_set_beside_each_other():
    rng = np.random.default_rng(6)
    both = pd.concat(
        [outcomes(rng, gain=3.0), outcomes(rng, "fan-in, gain 1.414", "again", gain=1.0)]
    )
    table = comparisons.initialisations(both)
    assert list(table.columns) == list(INITIALISATIONS)
    row = table[(table["difference"] == "balanced - dense") & (table["outcome"] == "accuracy")]
    row = row[row["protocol"] == "clean"].iloc[0]
    assert (row["first"], row["second"]) == ("N(0, 0.05²)", "fan-in, gain 1.414")
    assert row["under_first"] == pytest.approx(3, abs=0.3)
    assert row["under_second"] == pytest.approx(1, abs=0.3)
    assert row["change"] == pytest.approx(row["under_second"] - row["under_first"])
    assert row["low"] < row["change"] < row["high"] < 0
    assert comparisons.initialisations(outcomes(rng)).empty


def test_a_restricted_mean_is_the_mean_where_all_are_censored_together():
    steps = np.array([100.0, 250, 400, 400, 400])
    reached = np.array([True, True, False, False, False])
    mean, error = robust.restricted_mean(steps, reached, 400)
    assert mean == pytest.approx(steps.mean())
    assert error == pytest.approx(np.sqrt(steps.var() / 5))  # Greenwood's is the plain one
    assert robust.restricted_mean(np.full(4, 400.0), np.zeros(4, bool), 400) == (400, 0)
    # a run that was cut off early says nothing of later times: by hand, S = 1, 2/3 from 100
    mean, _ = robust.restricted_mean(
        np.array([100.0, 150, 400]), np.array([True, False, False]), 400
    )
    assert mean == pytest.approx(100 + 300 * 2 / 3)


def test_a_restricted_mean_with_early_censoring_covers():
    rng, hits = np.random.default_rng(7), 0
    truth = 300 * (1 - np.exp(-1))  # of an exponential time of mean 300, restricted to 300
    for _ in range(SIMULATIONS):
        time, cut = rng.exponential(300, 60), rng.uniform(100, 900, 60)
        seen = np.minimum(np.minimum(time, cut), 300)
        mean, error = robust.restricted_mean(seen, (time <= cut) & (time <= 300), 300)
        hits += abs(mean - truth) <= stats.norm.ppf(0.975) * error
    assert hits / SIMULATIONS == pytest.approx(0.95, abs=MONTE_CARLO)
