"""A run that has diverged is counted by one rule; what is no number enters no mean."""

import numpy as np
import pytest
from tables import runs_table

from blockmaps.analysis import divergence
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.summary import final_outcomes, summarise


@pytest.fixture
def runs():
    return runs_table(budgets=(4000,), designs=("uniform",), epochs=3)


def spoilt(runs, loss, epochs=(3,), arm="dense"):
    """Return the runs with one run's loss of some epochs changed, and that run's key."""
    key = runs.loc[runs["arm"] == arm, "key"].iloc[0]
    where = (runs["key"] == key) & runs["epoch"].isin(epochs)
    return runs.assign(loss=runs["loss"].mask(where, loss)), key


@pytest.mark.parametrize("loss", [6e32, np.inf, np.nan, 100.1 * np.log(10)])
def test_a_loss_far_above_guessing_counts_finite_or_not(runs, loss):
    assert not final_outcomes(runs)["diverged"].any()
    changed, key = spoilt(runs, loss)
    assert set(final_outcomes(changed).query("diverged")["key"]) == {key}


def test_an_overfitted_model_has_not_diverged(runs):
    changed, _ = spoilt(runs, 99 * np.log(10))
    assert not final_outcomes(changed)["diverged"].any()


def test_without_classes_guessing_is_what_the_experiment_begins_with(runs):
    regression = runs.assign(accuracy=np.nan)
    regression.loc[regression["epoch"] == 0, "loss"] = 0.02
    assert (divergence.guessing(regression) == 0.02).all()
    changed, key = spoilt(regression, 2.1)
    assert set(changed[divergence.diverged(changed)]["key"]) == {key}


@pytest.mark.parametrize("epochs", [(3,), (1, 2, 3), (2,)])
def test_the_accuracy_beside_a_loss_that_is_no_number_enters_no_mean(runs, epochs):
    changed, key = spoilt(runs, np.nan, epochs)
    for outcomes, columns in (
        (final_outcomes(changed), ["test_accuracy", "area_under_test_curve"]),
        (run_outcomes(changed), ["accuracy_clean", "area_clean", "logit_clean"]),
    ):
        own = outcomes["key"] == key
        assert outcomes.loc[own, columns].isna().all(axis=None)
        assert outcomes.loc[~own, columns].notna().all(axis=None)
    without = summarise(runs[runs["key"] != key]).query("arm == 'dense'")
    beside = summarise(changed).query("arm == 'dense'")
    np.testing.assert_allclose(beside["mean"].to_numpy(), without["mean"].to_numpy())
    assert (beside["n"].to_numpy() == without["n"].to_numpy()).all()


def test_the_accuracy_beside_a_huge_loss_is_a_models_own(runs):
    changed, key = spoilt(runs, 6e32)
    before, after = (final_outcomes(one).set_index("key") for one in (runs, changed))
    assert after.loc[key, "test_accuracy"] == before.loc[key, "test_accuracy"]
