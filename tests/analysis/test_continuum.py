"""Tables of the continuum, on runs whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from studies import continuum as made_runs
from studies import spectra as made_spectra

from blockmaps.analysis import continuum, tables
from blockmaps.plan import catalogue


def test_every_table_has_its_documented_columns():
    runs = made_runs()
    frames = {catalogue.RUNS: runs, catalogue.DYNAMICS: made_spectra(runs)}
    own = [one for one in catalogue.TABLES.values() if one.study == continuum.STUDY]
    assert len(own) == 3
    for one in own:
        table = tables.make(one.name, frames.__getitem__)
        assert list(table.columns) == list(catalogue.columns_of(one.name))
        assert len(table)


def test_a_row_an_arm_and_number_of_iterations():
    runs = made_runs()
    table = continuum.by_arm(runs).set_index(["arm", "iterations"])
    assert set(table.index) == {
        *(("control", 1), ("mlp", 3), ("dense", 3)),
        *((arm, k) for arm in ("path-0.5", "random-places") for k in (3, 6)),
    }
    end = runs[(runs["epoch"] == 2) & (runs["split"] == "test")]
    for (arm, iterations), row in table.iterrows():
        own = end[(end["arm"] == arm) & (end["iterations"] == iterations)]["accuracy"]
        assert row["accuracy"] == pytest.approx(own.mean())
        assert row["n"] == 5
        assert row["low"] < row["accuracy"] < row["high"]
        assert np.isnan(row["moved"]) == (arm in ("control", "dense"))
        # each arm has its own variance: Student's t over its seeds
        half = stats.t.ppf(0.975, 4) * stats.sem(own)
        assert row["high"] - row["accuracy"] == pytest.approx(half)


def test_differences_have_welchs_interval_at_both_levels():
    runs = made_runs()
    table = continuum.differences(runs).set_index(["difference", "iterations"])
    end = runs[(runs["epoch"] == 2) & (runs["split"] == "test")]
    end = end.pivot(index="seed_index", columns="structure", values="accuracy")
    for name, structure, k in (
        ("random - MLP", "random-places", 3),
        ("random - MLP", "random-places, K = 6", 6),
        ("path-0.5 - MLP", "path-0.5", 3),
    ):
        row, sides = table.loc[(name, k)], (100 * end[structure], 100 * end["mlp"])
        assert row["mean"] == pytest.approx(sides[0].mean() - sides[1].mean())
        for level in (0.90, 0.95):
            bounds = stats.ttest_ind(*sides, equal_var=False).confidence_interval(level)
            found = row[[f"low_{100 * level:.0f}", f"high_{100 * level:.0f}"]]
            np.testing.assert_allclose(found.astype(float), bounds)
    same = table.loc[("MLP - control", 3)]
    assert same["mean"] == 0
    assert same["curve_deviation"] == 0
    assert table.loc[("random - MLP", 3), "curve_deviation"] > 1e-3


def test_a_deviation_of_curves_is_the_largest_at_any_epoch():
    runs = made_runs(seeds=3)
    one = (runs["arm"] == "mlp") & (runs["epoch"] == 1) & (runs["split"] == "train")
    moved = runs.assign(loss=runs["loss"].where(~(one & (runs["seed_index"] == 1)), 2.0))
    table = continuum.differences(moved).set_index("difference")
    expected = (2.0 - 2.3 * 0.4) / (2.3 * 0.9)
    assert table.loc["MLP - control", "curve_deviation"] == pytest.approx(expected)
    diverged = runs.assign(loss=runs["loss"].where(~one, np.inf))
    table = continuum.differences(diverged).set_index("difference")
    assert np.isnan(table.loc["MLP - control", "curve_deviation"])


def test_replicates_are_seeds_too():
    runs = made_runs(seeds=4)
    halved = runs.assign(seed_index=runs["seed_index"] // 2, replicate=runs["seed_index"] % 2)
    for make in (continuum.by_arm, continuum.differences):
        pd.testing.assert_frame_equal(make(halved), make(runs))


def test_other_studies_are_left_out_and_experiments_kept_apart():
    runs = made_runs()
    alone = continuum.by_arm(runs)
    other = made_runs(experiment="other").assign(study="proportion")
    pd.testing.assert_frame_equal(continuum.by_arm(pd.concat([runs, other])), alone)
    both = pd.concat([runs, made_runs(experiment="again", seed=1)])
    table = continuum.by_arm(both)
    own = table[table["experiment"] == "path"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, alone)


def test_spectra_before_and_after():
    table = continuum.spectra(made_spectra(made_runs())).set_index(["structure", "trained", "rank"])
    assert "control" not in table.index.get_level_values(0)
    assert table.loc[("mlp", "before", 4), "value"] == pytest.approx(0.25)
    assert table.loc[("mlp", "after", 4), "value"] == pytest.approx(0.5)
    assert (table["n"] == 5).all()
