"""Differences between arms: against statsmodels and scipy, and what the intervals cover."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.multitest import multipletests

from blockmaps.analysis import comparisons, robust
from blockmaps.analysis.columns import COMPARISONS, INITIALISATIONS

SIMULATIONS = 250
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)
# the default preset's fixed arms: four seeds of each pattern
ARMS = ("dense", "uniform", "balanced", "balanced", "uniform-0.1", "uniform-0.5")


def runs(rng, seeds: int = 4, scatter=(1.0,) * 6, effects=(0.0,) * 6) -> pd.DataFrame:
    """Return runs of fixed arms whose seeds have an effect of their own."""
    shared = rng.normal(0, 2.0, seeds)
    rows = [
        (arm, f"p{number}", seed, effects[number] + shared[seed] + scatter[number] * rng.normal())
        for number, arm in enumerate(ARMS)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["arm", "pattern", "seed_index", "value"])


def test_the_pooled_difference_is_that_of_a_mixed_model():
    table = runs(np.random.default_rng(1), effects=(0, 1, 3, 2, 1, 0))
    found = comparisons.Blocks(table).difference("uniform", "dense")
    mixed = smf.mixedlm("value ~ C(pattern)", table, groups="seed_index").fit(reml=True)
    assert found.value == pytest.approx(mixed.fe_params["C(pattern)[T.p1]"], abs=1e-6)
    assert found.error == pytest.approx(mixed.bse_fe["C(pattern)[T.p1]"], rel=1e-3)
    assert found.degrees == 5 * 3
    # an arm of two patterns is their mean
    both = comparisons.Blocks(table).difference("balanced", "dense")
    means = table.groupby("pattern")["value"].mean()
    assert both.value == pytest.approx(means[["p2", "p3"]].mean() - means["p0"])
    assert both.error == pytest.approx(
        np.sqrt(comparisons.Blocks(table).variance * (1 / 8 + 1 / 4))
    )


def test_nothing_is_estimated_from_one_seed():
    assert comparisons.Blocks(runs(np.random.default_rng(1), seeds=1)).difference(
        "dense", "uniform"
    ) == (comparisons.UNKNOWN)


def covered(scatter) -> tuple[float, float]:
    """Return how often the paired and the pooled interval of balanced − dense hold the truth."""
    rng = np.random.default_rng(3)
    paired = pooled = 0
    for _ in range(SIMULATIONS):
        table = runs(rng, scatter=scatter)
        low, high = comparisons.Blocks(table).difference("balanced", "dense").bounds()
        pooled += low <= 0 <= high
        by_pattern = table["value"].to_numpy().reshape(len(ARMS), -1)
        differences = by_pattern[2:4].mean(0) - by_pattern[0]
        paired += stats.ttest_1samp(differences, 0).pvalue >= 0.05  # it is `paired_difference`
    return paired / SIMULATIONS, pooled / SIMULATIONS


def test_what_is_compared_is_both_intervals():
    table = runs(np.random.default_rng(2), effects=(0, 1, 3, 3, 1, 0))
    blocks = comparisons.Blocks(table)
    found = comparisons._compared(table, blocks, "balanced", "dense")
    by_pattern = table["value"].to_numpy().reshape(len(ARMS), -1)
    one = stats.ttest_1samp(by_pattern[2:4].mean(0) - by_pattern[0], 0)
    assert (found["low"], found["high"]) == pytest.approx(tuple(one.confidence_interval()))
    assert found["p"] == pytest.approx(one.pvalue)
    pooled = blocks.difference("balanced", "dense")
    assert (found["pooled_low"], found["pooled_high"]) == pytest.approx(pooled.bounds())
    assert (found["n_first"], found["n_second"], found["seeds"]) == (8, 4, 4)


def test_both_intervals_cover_where_arms_scatter_alike():
    for share in covered((1.0,) * 6):
        assert share == pytest.approx(0.95, abs=MONTE_CARLO)


def test_only_the_paired_interval_covers_where_dense_scatters_more():
    paired, pooled = covered((4.0, 1, 1, 1, 1, 1))
    assert paired == pytest.approx(0.95, abs=MONTE_CARLO)
    assert pooled < 0.9


def test_welch_covers_for_a_sample_of_patterns():
    rng, hits, simulations = np.random.default_rng(4), 0, 120
    for _ in range(simulations):
        fixed = runs(rng)
        shared = fixed[fixed["pattern"] == "p1"].set_index("seed_index")["value"]
        of_pattern = rng.normal(0, 3.0, 62)
        mixed = pd.DataFrame(
            {
                "arm": "mixed",
                "pattern": np.repeat([f"m{i}" for i in range(62)], 2),
                "seed_index": np.tile([0, 1], 62),
            }
        )
        # the effect of the seed is in both, that of the run in uniform alone
        noise = rng.normal(size=4)
        fixed.loc[fixed["pattern"] == "p1", "value"] = shared.mean() + noise
        mixed["value"] = shared.mean() + np.repeat(of_pattern, 2) + rng.normal(size=124)
        found = comparisons.welch_difference(
            mixed,
            fixed[fixed["arm"] == "uniform"],
            comparisons.Blocks(fixed[fixed["pattern"] != "p1"]),
        )
        low, high = found.bounds()
        hits += low <= 0 <= high
    monte_carlo = 3 * np.sqrt(0.95 * 0.05 / simulations)
    assert hits / simulations == pytest.approx(0.95, abs=monte_carlo)


def test_welch_by_hand():
    mixed = pd.DataFrame({"pattern": list("abc"), "seed_index": 0, "value": [1.0, 2.0, 6.0]})
    fixed = pd.DataFrame({"pattern": "u", "seed_index": [0, 9], "value": [5.0, 100.0]})
    blocks = comparisons.Blocks(runs(np.random.default_rng(0)))
    found = comparisons.welch_difference(mixed, fixed, blocks)
    assert found.value == pytest.approx(3 - 5)  # seed index 9 is not in both
    assert found.error == pytest.approx(np.sqrt(7 / 3 + blocks.variance))


def test_holm_is_statsmodels():
    values = np.random.default_rng(0).uniform(0, 0.5, 12).round(1)  # with ties
    expected = multipletests(values, method="holm")[1]
    np.testing.assert_allclose(comparisons.holm(pd.Series(values)), expected)


def test_holm_by_hand():
    np.testing.assert_allclose(
        comparisons.holm(pd.Series([0.01, np.nan, 0.04, 0.03])), [0.03, np.nan, 0.06, 0.06]
    )
    assert np.isnan(comparisons.holm(pd.Series([np.nan]))).all()


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
    labels = {"experiment": experiment, "dataset": "d", "budget": 4000}
    return table.assign(**labels, initialisation=initialisation, **columns)


def test_comparisons_have_three_outcomes_two_protocols_and_holm():
    table = comparisons.comparisons(outcomes(np.random.default_rng(5)))
    assert list(table.columns) == list(COMPARISONS)
    assert set(table["outcome"]) == set(comparisons.OUTCOMES)
    assert set(table["protocol"]) == {"clean", "leaking"}
    rows = table[(table["outcome"] == "accuracy") & (table["protocol"] == "clean")]
    assert rows["difference"].tolist() == ["balanced - dense", "balanced - uniform"]
    assert set(rows["role"]) == {"primary"}
    np.testing.assert_allclose(rows["estimate"], [2, 1], atol=0.4)
    assert (rows["low"] < rows["estimate"]).all()
    np.testing.assert_allclose(rows["p_holm"], comparisons.holm(rows["p"]))
    # p and interval agree on what is clear
    assert ((rows["p"] < 0.05) == ((rows["low"] > 0) | (rows["high"] < 0))).all()
    assert (rows["pooled_degrees"] == 5 * 2).all()


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
