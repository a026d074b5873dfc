"""Whether two runs are the same: identical, equal to rounding, or different."""

import numpy as np
import pandas as pd
import pytest

from blockmaps.analysis.compare.curves import ROUNDING, curves


def runs(*losses, key="a", accuracy=0.5):
    """A run whose test loss is given epoch by epoch."""
    return pd.DataFrame(
        {
            "experiment": "e",
            "key": key,
            "split": "test",
            "epoch": range(len(losses)),
            "loss": losses,
            "accuracy": accuracy,
        }
    )


@pytest.mark.parametrize(
    ("first", "second", "kind", "deviation", "start", "longer"),
    [
        ((2.0, 1.0), (2.0, 1.0), "identical", 0, True, False),
        ((2.0, 1.0), (2.0, 1.0 + ROUNDING), "rounding", ROUNDING / 2, True, False),
        ((2.0, 1.0), (2.0, 1.1), "different", 0.05, True, False),
        ((2.0, 1.0), (2.5, 1.0), "different", 0.2, False, False),
        ((2.0, np.nan), (2.0, np.nan), "identical", 0, True, False),
        ((2.0, 1.0), (2.0, np.nan), "different", np.inf, True, False),
        ((2.0, 1.0), (2.0, 1.0, 0.9), "different", 0, True, True),
        ((2.0, 1.0, 0.5), (2.0, 1.0 + ROUNDING), "different", ROUNDING / 2, True, True),
    ],
)
def test_kinds(first, second, kind, deviation, start, longer):
    (row,) = curves(runs(*first), runs(*second)).itertuples()
    assert (row.kind, row.start, row.longer) == (kind, start, longer)
    assert row.deviation == pytest.approx(deviation, rel=1e-3)


@pytest.mark.parametrize(("accuracy", "kind"), [(0.505, "rounding"), (0.6, "different")])
def test_an_accuracy_that_differs_is_not_identical(accuracy, kind):
    (row,) = curves(runs(2.0), runs(2.0, accuracy=accuracy)).itertuples()
    assert row.kind == kind


def test_only_runs_that_both_have_count():
    pair = pd.concat([runs(1.0), runs(1.0, key="b")]), pd.concat([runs(1.0), runs(1.0, key="c")])
    assert list(curves(*pair).index) == [("e", "a")]
    assert curves(runs(1.0), runs(1.0, key="b")).empty
