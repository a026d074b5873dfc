"""Tables of trainability, on runs whose fate is known."""

import numpy as np
import pytest
from scipy import stats
from studies import dynamics as made_dynamics
from studies import trainability as made_runs

from blockmaps.analysis import tables, trainability
from blockmaps.plan import catalogue

FATES = {"dense": (2, 17, 1), "balanced": (18, 2, 0), "uniform": (20, 0, 0)}


@pytest.fixture(scope="module")
def runs():
    return made_runs(FATES)


def test_every_table_has_its_documented_columns(runs):
    frames = {catalogue.RUNS: runs, catalogue.DYNAMICS: made_dynamics(runs)}
    own = [one for one in catalogue.TABLES.values() if one.study == trainability.STUDY]
    assert len(own) == 3
    for one in own:
        table = tables.make(one.name, frames.__getitem__)
        assert list(table.columns) == list(catalogue.columns_of(one.name))
        assert len(table)


def test_shares_and_wilsons_intervals(runs):
    table = trainability.by_arm(runs, made_dynamics(runs)).set_index(["steps", "arm"])
    for steps in (5, 50):
        for arm, (_, chance, diverged) in FATES.items():
            row = table.loc[(steps, arm)]
            assert row["n"] == 20
            counts = {"at_chance": chance, "diverged": diverged, "failed": chance + diverged}
            for name, count in counts.items():
                assert row[name] == pytest.approx(count / 20)
                # scipy's interval is an implementation of its own
                wilson = stats.binomtest(count, 20).proportion_ci(method="wilson")
                assert row[f"{name}_low"] == pytest.approx(wilson.low, abs=1e-12)
                assert row[f"{name}_high"] == pytest.approx(wilson.high, abs=1e-12)
            assert row["reach_before"] == pytest.approx(0.5 ** (steps - 1))
            assert row["reach_after"] == 1
            assert row["exponent_before"] == pytest.approx(np.log(0.5))
            assert row["spectral_radius_after"] == 1


@pytest.mark.parametrize("right", [0, 50, 60, 65, 66, 67, 68, 80, 400])
def test_chance_is_what_a_binomial_test_cannot_tell_from_guessing(right):
    """Of 400 at 1/8, 50 are guessed, and 67 are the fewest that scipy's own test tells from it."""
    runs = made_runs({"dense": (1, 0, 0)})
    runs["accuracy"] = right / 400
    expected = stats.binomtest(right, 400, 1 / 8, "greater").pvalue >= 0.01
    assert (trainability.judged(runs)["at_chance"] == expected).all()
    assert expected == (right < 67)


def test_a_loss_that_was_not_finite_at_any_epoch_has_diverged(runs):
    once = runs.copy()
    first = once["key"] == once["key"].iloc[0]
    once.loc[first & (once["epoch"] == 0), "loss"] = np.inf
    judged = trainability.judged(once).set_index("key")
    assert judged.loc[once["key"].iloc[0], "diverged"]
    assert not judged.loc[once["key"].iloc[0], "at_chance"]
    assert (judged["failed"] == (judged["diverged"] | judged["at_chance"])).all()


def test_differences_of_shares_have_newcombes_interval(runs):
    """Newcombe 1998, method 10: from each share's own Wilson interval."""
    table = trainability.differences(runs).set_index(["steps", "difference", "outcome"])
    row = table.loc[(50, "dense - balanced", "at_chance")]
    p, q = 17 / 20, 2 / 20
    (l1, u1), (l2, u2) = (
        stats.binomtest(count, 20).proportion_ci(method="wilson") for count in (17, 2)
    )
    assert row["value"] == pytest.approx(p - q)
    assert row["low"] == pytest.approx(p - q - np.hypot(p - l1, u2 - q))
    assert row["high"] == pytest.approx(p - q + np.hypot(u1 - p, q - l2))
    assert set(table.index.get_level_values(1)) == {"dense - balanced", "dense - uniform"}


def test_gradients_are_medians_over_runs_by_steps_back(runs):
    dynamics = made_dynamics(runs)
    table = trainability.gradients(runs, dynamics).set_index(["steps", "arm", "trained", "back"])
    assert table.loc[(50, "dense", "before", 10), "gradient"] == pytest.approx(0.5**10)
    assert table.loc[(50, "dense", "after", 10), "gradient"] == 1
    assert (table["n"] == 20).all()
    assert len(table) == 3 * 2 * (5 + 50)


def test_of_depth_the_steps_are_iterations():
    runs = made_runs({"mlp": (3, 1, 0)}, steps=(1,)).assign(iterations=12)
    assert set(trainability.judged(runs)["steps"]) == {12}
