"""The authors' table beside our runs: matched by name, with Welch's interval."""

import re

import numpy as np
import pandas as pd
import pytest
import studies
from scipy import stats

from blockmaps.analysis import may2023
from blockmaps.analysis.may2023 import AUTHORS, COLUMNS, MODELS, beside_authors, in_words, welch
from blockmaps.core import csv


def runs(losses, experiment="uniform-every", arm="mlp"):
    rows = [
        {
            "study": "may2023", "experiment": experiment, "arm": arm, "key": f"{arm}{seed}",
            "learning_rate": 0.02, "unknowns": 10, "split": "test", "epoch": epoch,
            "loss": loss if epoch else 9.0, "accuracy": 0.5,
        }
        for seed, loss in enumerate(losses)
        for epoch in (0, 3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_welchs_interval_is_scipys():
    rng = np.random.default_rng(0)
    one, two = rng.normal(2, 1, 5), rng.normal(1, 4, 7)
    wanted = stats.ttest_ind(one, two, equal_var=False).confidence_interval()
    found = welch(one.mean(), one.std(ddof=1), 5, two.mean(), two.std(ddof=1), 7)
    np.testing.assert_allclose(found, (wanted.low, wanted.high))
    assert welch(2.0, 0.0, 5, 1.5, 0.0, 5) == (0.5, 0.5)


def test_each_model_stands_beside_the_authors_own():
    frame = pd.concat([runs([2.0, 2.2, np.inf]), runs([7.0, 8.0], "random-last-tenth", "dense")])
    found = beside_authors(frame).set_index(["experiment", "model"])
    assert list(beside_authors(frame).columns) == list(COLUMNS["may2023"])
    mlp = found.loc[("uniform-every", "mlp")]
    assert (mlp["authors_loss"], mlp["n"], mlp["diverged"]) == (2.302, 2, 1)
    assert mlp["ours_less_theirs"] == pytest.approx(2.1 - 2.302)
    assert mlp["low"] < mlp["ours_less_theirs"] < mlp["high"]
    assert found.loc[("random-last-tenth", "dense"), "authors_loss"] == 7.476


def test_what_a_document_says_is_counted_from_the_intervals(tmp_path, blockmaps):
    table = beside_authors(studies.may2023())
    text = in_words(table)
    first, second = text.split("\n\n")[:2]
    assert first.startswith("At a learning rate of 0.02 there are 24 cells.")
    assert f"6 cannot be compared, {may2023.FEW}: sparse (plain / every step," in first
    both = table[table["learning_rate"] == 0.002]
    holds = int(((both["low"] <= 0) & (both["high"] >= 0)).sum())
    above, below = int((both["low"] > 0).sum()), int((both["high"] < 0).sum())
    assert holds + above + below == 24
    assert f"Of {holds} the difference's interval holds 0." in second
    assert (f"Our loss is higher in {above}:" in second) == (above > 0)
    assert (f"Our loss is lower in {below}:" in second) == (below > 0)
    row = table[(table["experiment"] == "random-last") & (table["model"] == "dense")].iloc[0]
    bounds = f"{row['ours_less_theirs']:+.3f} [{row['low']:.3f}, {row['high']:.3f}]".replace(
        "-", "−"
    )
    said = f"| {row['loss']:.3f} ± {row['sd']:.3f} (5) | 7.476 ± 1.938 | {bounds} | 40 % |"
    assert f"| other images / last step | dense | 0.02 {said}" in text
    assert len(re.findall(r"^\| (?:plain|perturbed|other)", text, re.MULTILINE)) == 48
    csv.write(table, tmp_path / "tables/may2023.csv")
    printed = blockmaps("table", tmp_path, "may2023").stdout
    assert printed == in_words(csv.read(tmp_path / "tables/may2023.csv"))


def test_any_table_is_printed_as_markdown(tmp_path, blockmaps):
    csv.write(
        pd.DataFrame({"arm": ["a|b", "c"], "mean": [0.123456, np.nan]}), tmp_path / "tables/x.csv"
    )
    assert blockmaps("table", tmp_path, "x").stdout == (
        "| arm | mean |\n|---|---|\n| a\\|b | 0.1235 |\n| c |  |\n"
    )
    done = blockmaps("table", tmp_path, "y", check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_every_experiment_of_the_preset_has_the_authors_numbers(root):
    from blockmaps.plan import config as configs
    from blockmaps.plan.plan import Plan

    members = Plan(configs.read(root / "config/may2023.yaml")).members
    assert {one.arm for one in members} == set(MODELS)
    assert all(any(one.experiment.startswith(name) for name in AUTHORS) for one in members)
    default = [one for one in members if one.experiment in AUTHORS]
    assert len(default) == 120
