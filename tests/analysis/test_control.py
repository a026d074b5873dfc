"""Tables of returns: what they say of a made table, and what they leave open."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scored import EXPERT, EXPERT_SD, STRUCTURES, scored

from blockmaps.analysis import control
from blockmaps.core import csv


@pytest.fixture(scope="module")
def returns() -> pd.DataFrame:
    return scored()


def row(table, **known):
    same = (table[list(known)] == pd.Series(known)).all(axis=1)
    (found,) = table[same].to_dict("records")
    return found


def test_a_run_is_the_mean_of_its_episodes(returns):
    runs = control.by_run(returns)
    assert len(runs) == 5 * len(STRUCTURES)
    first = runs[(runs["structure"] == "12") & (runs["seed_index"] == 3)].iloc[0]
    own = returns[returns["key"] == first["key"]]
    assert first["return"] == pytest.approx(own["return"].mean())
    assert first["success"] == pytest.approx(own["success"].mean())
    assert first["share"] == pytest.approx(own["return"].mean() / EXPERT)
    assert (first["episodes"], first["diverged"]) == (8, False)
    assert runs["diverged"].sum() == 1


def test_an_interval_is_the_structures_own(returns):
    table = control.by_structure(returns)
    assert list(table.columns) == list(control.COLUMNS["returns"])
    found = row(table, structure="12", outcome="return")
    values = control.by_run(returns).query("structure == '12'")["return"]
    low, high = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert found["mean"] == pytest.approx(values.mean())
    assert [found["low"], found["high"]] == pytest.approx([low, high])
    assert found["sd"] == pytest.approx(values.std())
    assert (found["n"], found["seeds"], found["episodes"]) == (5, 5, 8)
    assert (found["method"], found["expert"], found["expert_episodes"]) == (
        control.OWN,
        EXPERT,
        500,
    )
    assert found["expert_error"] == pytest.approx(EXPERT_SD / np.sqrt(500))
    success = row(table, structure="13", outcome="success")
    assert success["expert"] == pytest.approx(0.8)
    assert success["expert_error"] == pytest.approx(np.sqrt(0.8 * 0.2 / 500))
    assert row(table, structure="05", outcome="return")["diverged"] == 1


def test_with_three_seeds_an_interval_is_still_the_structures_own_and_with_two_there_is_none():
    few = scored(seeds=3)
    found = row(control.by_structure(few), structure="12", outcome="return")
    values = control.by_run(few).query("structure == '12'")["return"]
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert [found["low"], found["high"]] == pytest.approx([low, high])
    assert found["method"] == control.OWN
    for seeds in (1, 2):
        made = scored(seeds=seeds)
        alone = row(control.by_structure(made), structure="12", outcome="return")
        paired = row(control.differences(made), difference="dense - uniform", outcome="return")
        for one in (alone, paired):
            assert np.isfinite(one["mean"])
            assert np.isnan([one["low"], one["high"]]).all()
            assert one["method"] == control.TOO_FEW


def test_runs_that_are_all_alike_have_no_interval(returns):
    """An LSTM that never succeeds: no variance is one of too few runs, not certainty."""
    table = control.by_structure(returns)
    for outcome, value in (("return", -200), ("success", 0)):
        found = row(table, structure="13", outcome=outcome)
        assert found["mean"] == value
        assert np.isnan([found["low"], found["high"]]).all()
        assert found["method"] == control.ALIKE
    bounded = table[table["outcome"] == "success"][["low", "high"]].stack().dropna()
    assert bounded.between(0, 1).all()


def test_differences_have_welchs_interval_and_are_also_shares_of_the_experts(returns):
    table = control.differences(returns)
    assert list(table.columns) == list(control.COLUMNS["return_differences"])
    found = row(table, difference="dense - uniform", outcome="return")
    sides = control.by_run(returns).set_index(["structure", "seed_index"])["return"]
    test = stats.ttest_ind(sides["12"], sides["00"], equal_var=False).confidence_interval()
    assert found["mean"] == pytest.approx(sides["12"].mean() - sides["00"].mean())
    assert [found["low"], found["high"]] == pytest.approx([test.low, test.high])
    assert (found["n"], found["smallest_of_interest"]) == (5, pytest.approx(600))
    share = row(table, difference="dense - uniform", outcome="share")
    for name in ("mean", "low", "high"):
        assert share[name] == pytest.approx(found[name] / EXPERT)
    assert share["smallest_of_interest"] == 0.05
    # of an arm with several structures, their mean within the seed
    mixed = row(table, difference="mixed - dense", outcome="return")
    within = (sides["04"] + sides["05"]) / 2 - sides["12"]
    assert mixed["mean"] == pytest.approx(within.mean())
    assert mixed["diverged"] == 1


def test_two_budgets_are_two_panels():
    both = pd.concat([scored(), scored(experiment="hammer-400k", budget=400_000, seed=1)])
    table = control.differences(both)
    panels = table[table["difference"] == "dense - uniform"].groupby(["experiment", "budget"])
    assert panels.ngroups == 2
    assert len(control.by_structure(both)) == 2 * 2 * len(STRUCTURES)


def test_a_structure_of_two_designs_is_two_patterns(returns):
    other = returns.assign(design="uniform", key=returns["key"] + "'")
    table = control.by_structure(pd.concat([returns, other]))
    names = set(table.loc[table["arm"] == "dense", "structure"])
    assert names == {"12 numbered", "12 uniform"}


def test_every_lstm_of_a_panel_is_compared(returns):
    other = returns[returns["arm"] == "lstm"]
    other = other.assign(arm="lstm-h155", structure="lstm-h155", key=other["key"] + "'")
    found = set(control.differences(pd.concat([returns, other]))["difference"])
    for first in ("dense", "uniform"):
        assert {f"{first} - lstm", f"{first} - lstm-h155"} <= found
    assert not [name for name in found if name.startswith("lstm")]


def test_structures_of_digits_are_names_in_a_file_too(returns, tmp_path):
    made = control.by_structure(returns[returns["arm"] != "lstm"])
    csv.write(made, tmp_path / "returns.csv")
    assert list(csv.read(tmp_path / "returns.csv")["structure"]) == list(made["structure"])
    assert "00" in set(made["structure"])
