"""The choice of a rate: validation accuracy at the end, over patterns and seed indices."""

import numpy as np
import pandas as pd
import pytest

from blockmaps.analysis.rates import COLUMNS, by_rate
from blockmaps.core.errors import InputError
from blockmaps.plan.tuning import Tuned

GRID = (0.001, 0.01, 0.1)
# arm → accuracy at the end by rate, of two variants each
FOUND = {
    "dense": [(0.1, 0.3), (0.2, 0.2), (0.1, 0.1)],
    "uniform": [(0.1, 0.1), (0.4, 0.2), (0.3, 0.2)],
}


@pytest.fixture
def tuned():
    return [
        Tuned("tuned", "rad", arm, 900, rate, f"{arm}-{rate}-{number}")
        for arm in FOUND
        for rate in GRID
        for number in (0, 1)
    ]


@pytest.fixture
def runs(tuned):
    rows = []
    for one in tuned:
        end = FOUND[one.arm][GRID.index(one.learning_rate)][int(one.key[-1])]
        for epoch, split, accuracy in (
            (2, "validation", end),
            (1, "validation", 0.9),  # the best was earlier: it is the end that counts
            (2, "test", 1 - end),  # and no test sequence
        ):
            rows.append({"key": one.key, "epoch": epoch, "split": split, "accuracy": accuracy})
    return pd.DataFrame(rows)


def test_the_highest_mean_is_chosen_and_of_equal_ones_the_lowest_rate(runs, tuned):
    table = by_rate(runs, tuned)
    assert list(table.columns) == list(COLUMNS)
    assert (table["runs"] == 2).all()
    best = table[table["chosen"]].set_index("arm")
    assert best["learning_rate"].to_dict() == {"dense": 0.001, "uniform": 0.01}
    assert best["at_edge"].to_dict() == {"dense": True, "uniform": False}
    assert best.loc["uniform", "accuracy"] == pytest.approx(0.3)
    assert best.loc["uniform", "std"] == pytest.approx(np.std([0.4, 0.2], ddof=1))


def test_a_variant_without_validation_accuracy_is_bad_input(runs, tuned):
    lacking = runs[runs["key"] != tuned[0].key]
    with pytest.raises(InputError, match=r"experiments\.tuned: 1 runs of the tuning of dense"):
        by_rate(lacking, tuned)
