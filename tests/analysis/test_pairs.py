"""Accuracy by pair of transforms: counted right, told apart, drawn."""

import numpy as np
import pandas as pd
import pytest
from readable import faults

from blockmaps.analysis import pairs
from blockmaps.plan.shards import Member
from blockmaps.report.figures import pairs as figure
from blockmaps.report.figures import style
from blockmaps.results import runs

NAMES = ("none", "noise", "erase")


def groups(seeds=4, right=None):
    """Answers of two arms by pair; of uniform `right` gives how many of ten."""
    rows = []
    for arm in ("uniform", "dense"):
        for seed in range(seeds):
            for a in NAMES:
                for b in NAMES:
                    if a == b:
                        continue
                    hit = (right or {}).get((a, b), 5) if arm == "uniform" else 2
                    rows.append(
                        {
                            "experiment": "rad", "dataset": "digits", "design": "factorial",
                            "arm": arm, "structure": arm, "budget": 4000, "key": f"{arm}{seed}",
                            "seed_index": seed, "epoch": 3, "split": "test", "group": f"{a}|{b}",
                            "right": float(hit + (seed % 2)), "sequences": 10,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def by_pair(answers, lost=()):
    """The table of answers whose runs' losses are 1, but for the NaN of those keys."""
    runs = answers[["experiment", "key", "split"]].drop_duplicates()
    return pairs.by_pair(
        answers, runs.assign(loss=[np.nan if k in lost else 1 for k in runs["key"]])
    )


def test_answers_of_a_run_whose_loss_is_not_finite_enter_no_mean():
    """Its outputs are NaN, so the first class was counted: 7 of 10 here where others have 2."""
    answers = groups()
    answers.loc[answers["key"] == "dense1", "right"] = 7.0
    without = by_pair(answers[answers["key"] != "dense1"])
    assert by_pair(answers, lost={"dense1"}).equals(without)
    assert not by_pair(answers).equals(without)
    assert by_pair(groups(seeds=1), lost={"dense0", "uniform0"}).empty


def test_means_and_intervals_over_seeds():
    table = by_pair(groups(right={("none", "erase"): 8}))
    assert list(table) == list(pairs.COLUMNS)
    one = table.set_index(["arm", "others", "anomaly"]).loc["uniform", "none", "erase"]
    assert one["mean"] == pytest.approx(0.85)
    # values .8 .9 .8 .9: t(3) × sd / 2
    half = 3.182446 * np.std([0.8, 0.9, 0.8, 0.9], ddof=1) / 2
    assert one["high"] - one["mean"] == pytest.approx(half, rel=1e-5)
    assert (one["n"], one["runs"], one["sequences"]) == (4, 4, 10)
    assert len(table) == 2 * 6


def test_too_few_seeds_have_no_interval_and_no_groups_no_rows():
    assert by_pair(groups(seeds=2))["low"].isna().all()
    empty = by_pair(groups().iloc[:0])
    assert list(empty) == list(pairs.COLUMNS)
    assert "no pairs" in figure.finding(figure.shown(empty))
    figure.draw(empty)


def test_answers_are_collected_once_with_their_runs_labels():
    piece = groups().drop(columns=["dataset", "design", "arm", "structure", "budget"])
    members = [
        Member("rad", "digits", "factorial", key[:-1], key[:-1], 4000, key, int(key[-1]))
        for key in piece["key"].unique()
    ]
    collected = runs.collect_groups([piece, piece], members)
    assert list(collected) == list(runs.GROUP_COLUMNS)
    assert len(collected) == len(piece)
    assert (collected["arm"] == collected["key"].str[:-1]).all()


def test_the_figure_shows_the_experiment_that_has_the_main_arms():
    cells = groups().assign(experiment="baselines", budget=9000)
    cells["arm"] = cells["arm"].replace({"uniform": "uniform~gru", "dense": "gru"})
    larger = groups().assign(budget=8000)
    table = by_pair(pd.concat([cells, groups(), larger[larger["arm"] == "uniform"]]))
    rows = figure.shown(table)
    assert set(rows["arm"]) == {"uniform", "dense"}
    assert set(rows["experiment"]) == {"rad"}
    assert set(rows["budget"]) == {4000}
    assert len(figure.shown(table[table["experiment"] == "baselines"]))


def test_the_figure_names_the_hardest_and_the_easiest_pair(tmp_path):
    table = by_pair(groups(right={("none", "noise"): 1, ("erase", "none"): 9}))
    said = figure.finding(figure.shown(table))
    assert said == "Hardest to tell apart is noise among none, easiest none among erase"
    assert "uniform from 15 % to 95 %" in figure.draw(table).words.facts
    for place in "ab":
        style.save(figure.draw(table), [tmp_path / f"{place}.svg"])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert faults(figure.draw(table)) == []
