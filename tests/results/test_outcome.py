"""What runs are judged by is decided in one place: classes by accuracy, numbers by R²."""

import numpy as np
import pandas as pd
import pytest

from blockmaps.results import outcome


def runs(**columns) -> pd.DataFrame:
    base = {"experiment": "e", "loss": [0.5, 1.0, 2.0], "accuracy": np.nan, "mean_loss": 2.0}
    return pd.DataFrame(base | columns)


def test_a_squared_error_is_judged_by_its_share_of_the_means():
    found = outcome.scored(runs())
    assert found["score"].tolist() == [0.75, 0.5, 0.0]
    assert outcome.of(found) is outcome.R2
    assert outcome.of(runs()) is outcome.R2
    assert outcome.R2.chance(7) == 0


def test_classes_are_judged_by_accuracy_whatever_the_loss():
    found = outcome.scored(runs(accuracy=[0.1, 0.5, np.nan], mean_loss=np.nan))
    assert found["score"].tolist()[:2] == [0.1, 0.5]
    assert outcome.of(found) is outcome.ACCURACY
    assert outcome.ACCURACY.chance(4) == 0.25


def test_several_experiments_may_be_judged_differently():
    both = pd.concat([runs(), runs(experiment="f", accuracy=0.5, mean_loss=np.nan)])
    assert outcome.of(both) is outcome.BOTH
    by = dict(tuple(outcome.scored(both).groupby("experiment")))
    assert outcome.of(by["e"]) is outcome.R2
    assert outcome.of(by["f"]) is outcome.ACCURACY


def test_an_older_table_without_the_means_error_has_no_score():
    assert outcome.scored(runs().drop(columns="mean_loss"))["score"].isna().all()


def test_the_scales_on_which_effects_add_up():
    rows = pd.DataFrame({"score": [0.0, 0.5, 1.0], "loss": [1.0, np.e, 0.0], "sequences": 100})
    logits = outcome.ACCURACY.transformed(rows)
    assert np.isfinite(logits).all()
    assert logits[1] == 0
    np.testing.assert_allclose(outcome.R2.transformed(rows)[:2], [0, -1])


@pytest.mark.parametrize(
    ("judged", "value", "difference"),
    [
        (outcome.ACCURACY, "59.3 %", "+2.1 [−0.4, 4.6] points"),
        (outcome.R2, "0.593", "+2.100 [−0.400, 4.600] R²"),
    ],
)
def test_values_and_differences_in_words(judged, value, difference):
    assert judged.write(0.593).replace("\u00a0", " ") == value
    assert judged.write_difference(2.1, -0.4, 4.6) == difference
    assert "[" not in judged.write_difference(2.1, np.nan, np.nan)


def test_names_in_tables():
    names = ["test_accuracy", "logit_clean", "area", "area_clean", "steps_to_half"]
    assert [outcome.named(name, outcome.ACCURACY) for name in names] == names
    assert [outcome.named(name, outcome.R2) for name in names] == [
        "test_r2",
        "log_error_clean",
        "area_r2",
        "area_clean",
        "steps_to_half",
    ]
