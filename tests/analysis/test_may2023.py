"""The authors' table beside our runs: matched by name, with Welch's interval."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from blockmaps.analysis.may2023 import AUTHORS, COLUMNS, MODELS, beside_authors, welch


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
    assert mlp["difference"] == pytest.approx(2.1 - 2.302)
    assert mlp["low"] < mlp["difference"] < mlp["high"]
    assert found.loc[("random-last-tenth", "dense"), "authors_loss"] == 7.476


def test_every_experiment_of_the_preset_has_the_authors_numbers(root):
    from blockmaps.plan import config as configs
    from blockmaps.plan.plan import Plan

    members = Plan(configs.read(root / "config/may2023.yaml")).members
    assert {one.arm for one in members} == set(MODELS)
    assert all(any(one.experiment.startswith(name) for name in AUTHORS) for one in members)
    default = [one for one in members if one.experiment in AUTHORS]
    assert len(default) == 120
