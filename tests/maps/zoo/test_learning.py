"""Learning curves of a forced map and its RNN: the same to rounding, and they do learn."""

import pytest
import torch

from blockmaps.maps.zoo import learning


@pytest.fixture(scope="module")
def learnt():
    return learning.rows(draws=1, steps=60, digits_steps=60)


@pytest.mark.parametrize("model", learning.MODELS)
def test_a_map_learns_as_its_module_does(learnt, model):
    assert list(learnt) == list(learning.COLUMNS)
    table = learnt[learnt["model"] == model]
    assert (table["last_loss"] < 0.5 * table["first_loss"]).all()
    limits = {"float64": 1e-13, "float32": 1e-5}
    expected = ["float64"] if model == learning.DIGITS else list(limits)
    assert sorted(table["dtype"]) == sorted(expected)
    for row in table.to_dict("records"):
        limit = limits[row["dtype"]]
        assert row["curve_deviation"] < limit
        # a network that starts elsewhere is told apart: rounding alone is not nothing
        assert 0 < row["rounding"] < limit


def test_another_start_is_another_curve():
    found = learning.compare(0, torch.float64, 20)
    other = learning.compare(1, torch.float64, 20)
    assert abs(found["last_loss"] - other["last_loss"]) > 1e-4
