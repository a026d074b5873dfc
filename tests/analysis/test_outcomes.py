"""Outcomes of runs: by hand, and on the synthetic runs table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import runs_table

from blockmaps.analysis import outcomes


def test_half_way_from_chance():
    chance = np.array([0.1, 0.25, 0.5])
    np.testing.assert_allclose(outcomes.half_way(chance), [0.55, 0.625, 0.75])


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ([0.1, 0.3, 0.5, 0.54], (300, False)),
        ([0.1, 0.5, 0.6, 0.6], (150, True)),  # half way between 0.5 and 0.6
        ([0.1, 0.55, 0.2, 0.9], (100, True)),  # the first time counts
        ([0.6, 0.7, 0.7, 0.7], (0, True)),
    ],
)
def test_the_first_crossing(accuracy, expected):
    steps = np.array([0.0, 100, 200, 300])
    assert outcomes.first_crossing(steps, np.array(accuracy), 0.55) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0.01, 1))
def test_a_crossing_lies_on_the_curve(accuracy, threshold):
    steps = np.arange(len(accuracy)) * 10.0
    at, reached = outcomes.first_crossing(steps, np.array(accuracy), threshold)
    assert reached == (max(accuracy) >= threshold)
    if reached and accuracy[0] < threshold:
        assert np.interp(at, steps, accuracy) == pytest.approx(threshold, abs=1e-9)


def test_a_row_a_run_with_both_protocols():
    runs = runs_table(budgets=(4000,), designs=("uniform",))
    table = outcomes.run_outcomes(runs)
    assert len(table) == runs["key"].nunique()
    one = table.iloc[3]
    curve = runs[runs["key"] == one["key"]].sort_values("epoch")
    for protocol, split in outcomes.PROTOCOLS.items():
        rows = curve[curve["split"] == split]
        last = rows.iloc[-1]
        assert one[f"accuracy_{protocol}"] == last["accuracy"]
        assert one[f"loss_{protocol}"] == last["loss"]
        right = last["accuracy"] * 1000
        expected = np.log((right + 0.5) / (1000 - right + 0.5))
        assert one[f"logit_{protocol}"] == pytest.approx(expected)
        area = np.trapezoid(rows["accuracy"], rows["epoch"]) / 4
        assert one[f"area_{protocol}"] == pytest.approx(area)
        assert one[f"reached_{protocol}"] == (rows["accuracy"].max() >= 0.55)
    assert one["area_clean"] == pytest.approx(one["area_under_test_curve"])
    rows = one["hidden"] + 10
    assert one["density"] == pytest.approx(one["unknowns"] / (rows * (rows + 256)))
    assert one["share_yx"] == one["unknowns_yx"] / one["unknowns"]


def test_a_split_that_is_not_there_is_missing():
    runs = runs_table(budgets=(4000,), designs=("uniform",))
    table = outcomes.run_outcomes(runs[runs["split"] != "test_leaking"])
    assert table["accuracy_leaking"].isna().all()
    assert table["steps_to_half_leaking"].isna().all()
    assert table["accuracy_clean"].notna().all()
