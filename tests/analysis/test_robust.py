"""Interquartile means and profiles by rliable's definitions, and what their intervals cover."""

import numpy as np
import pandas as pd
import pytest

from blockmaps.analysis import robust
from blockmaps.analysis.columns import PROFILES, ROBUST, STEPS

SIMULATIONS = 200
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)


def outcomes(values: np.ndarray, arm: str) -> pd.DataFrame:
    """Turn (patterns, seeds) accuracies into a row a run."""
    patterns, seeds = values.shape
    table = pd.DataFrame(
        {
            "experiment": "e",
            "dataset": "d",
            "budget": 4000,
            "arm": arm,
            "pattern": np.repeat([f"p{i:02d}" for i in range(patterns)], seeds),
            "seed_index": np.tile(np.arange(seeds), patterns),
            "outputs": 10,
            "steps": 564,
        }
    )
    for protocol in robust.PROTOCOLS:
        table[f"accuracy_{protocol}"] = values.ravel()
        table[f"steps_to_half_{protocol}"] = np.where(values.ravel() > 0.55, 300.0, 564.0)
        table[f"reached_{protocol}"] = values.ravel() > 0.55
    return table


def test_the_interquartile_mean_is_the_mean_of_the_middle_half():
    assert robust.interquartile_mean(np.array([0, 5, 6, 7, 8, 9, 10, 100])) == 7.5
    assert robust.interquartile_mean(np.array([1.0, 2, 3, 40])) == 2.5


def test_an_interval_of_it_covers_over_a_sample_of_patterns():
    rng, hits = np.random.default_rng(1), 0
    for _ in range(SIMULATIONS):  # the truth of a trimmed mean of a normal is its mean
        low, high = robust.interquartile_interval(rng.normal(0.6, 0.05, 62))
        hits += low <= 0.6 <= high
    assert hits / SIMULATIONS == pytest.approx(0.95, abs=MONTE_CARLO)
    assert np.isnan(robust.interquartile_interval(np.ones(19))).all()


def test_only_a_sample_of_patterns_has_an_interval():
    rng = np.random.default_rng(2)
    both = pd.concat(
        [
            outcomes(rng.normal(0.6, 0.05, (62, 2)), "mixed"),
            outcomes(rng.normal(0.6, 0.01, (1, 4)), "dense"),
        ]
    )
    table = robust.interquartile_means(both)
    assert list(table.columns) == list(ROBUST)
    rows = table[table["protocol"] == "clean"].set_index("arm")
    assert np.isnan(rows.loc["dense", "low"])
    assert rows.loc["mixed", "low"] < rows.loc["mixed", "interquartile_mean"]
    assert (rows.loc["mixed", "patterns"], rows.loc["mixed", "n"]) == (62, 124)


def test_a_profile_is_the_share_above_and_its_interval_holds_a_certain_share():
    values = np.tile([[0.5], [0.7]], (10, 2))
    table = robust.profiles(outcomes(values, "mixed"))
    assert list(table.columns) == list(PROFILES)
    at = table[table["protocol"] == "clean"].set_index("threshold")
    assert at.loc[[0.45, 0.55, 0.7], "share"].tolist() == [1, 0.5, 0]
    assert set(at["trials"]) == {20}
    # of 20 successes in 20 trials: (0.025) ** (1 / 20)
    assert at.loc[0.45, "low"] == pytest.approx(0.025 ** (1 / 20))
    assert at.loc[0.45, "high"] == 1
    fixed = robust.profiles(outcomes(values[:1].repeat(2, axis=1), "dense"))
    assert set(fixed["trials"]) == {4}


def test_a_profiles_interval_covers_at_four_seeds_and_at_twenty_patterns():
    rng = np.random.default_rng(3)
    for arm, shape in (("dense", (1, 4)), ("even", (20, 2))):
        hits = 0
        for _ in range(60):
            table = robust.profiles(outcomes(rng.uniform(0.5, 0.7, shape), arm))
            row = table[(table["threshold"] == 0.6) & (table["protocol"] == "clean")].iloc[0]
            hits += row["low"] <= 0.5 <= row["high"]
        assert hits >= 53  # 3 standard errors below 95 %: Clopper and Pearson's is never too narrow


def test_steps_say_how_many_runs_got_there():
    table = robust.steps_to_half(outcomes(np.array([[0.5, 0.6], [0.6, 0.6]]), "uniform"))
    assert list(table.columns) == list(STEPS)
    row = table.iloc[0]
    assert (row["reached"], row["n"], row["horizon"], row["threshold"]) == (3, 4, 564, 0.55)
    assert row["restricted_mean"] == pytest.approx((3 * 300 + 564) / 4)
