"""Effects of a crossed design: found where they are, by Welch's contrast of its cells."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from blockmaps.analysis import crossed
from blockmaps.analysis.columns import CROSSED
from blockmaps.designs.kinds import DESIGNS, Sizes, named_rows

SIZES = Sizes(256, 10)


def outcomes(proportion: float, yh: float, both: float = 0.0, noise: float = 0.3, seeds: int = 5):
    """Return runs of the design; points for leaving the lowest proportion, for a full yh, both."""
    rng, rows = np.random.default_rng(0), []
    for row in named_rows(DESIGNS["crossed"](sizes={4000: (72,)}), SIZES):
        expected = row.model.expected()
        state = expected["hh"] + expected["hy"]
        high = state / (state + expected["hx"]) > 0.2
        density = expected["yh"] / (72 * 10)
        value = 40 + proportion * high + yh * (density - 0.1) / 0.9 + both * high * (density == 1)
        for seed in range(seeds):
            reached = (value + noise * rng.normal()) / 100
            rows.append(
                {"experiment": "e", "dataset": "d", "budget": 4000, "inputs": 256, "outputs": 10}
                | {"hidden": 72, "initialisation": "N(0, 0.05²)", "design": "crossed"}
                | {f"expected_{name}": count for name, count in expected.items()}
                | {"density_yh": density, "seed_index": seed}
                | {"accuracy_clean": reached, "area_clean": reached / 2}
            )
    return pd.DataFrame(rows)


def found(table: pd.DataFrame, outcome: str = "accuracy") -> pd.DataFrame:
    made = crossed.effects(table)
    assert list(made.columns) == list(CROSSED)
    return made[made["outcome"] == outcome].set_index("effect")


def test_each_effect_is_found_and_is_not_the_other():
    one, other = found(outcomes(3.0, 0.0)), found(outcomes(0.0, 2.0))
    assert one.loc["proportion", "low"] < 3 < one.loc["proportion", "high"]
    assert one.loc["yh", "low"] < 0 < one.loc["yh", "high"]
    assert other.loc["yh", "low"] < 2 < other.loc["yh", "high"]
    assert other.loc["proportion", "low"] < 0 < other.loc["proportion", "high"]
    assert (one["cells"] == 12).all()
    assert (one["seeds"] == 5).all()
    together = found(outcomes(0.0, 0.0, both=4.0))
    assert together.loc["interaction", "low"] < 4 < together.loc["interaction", "high"]
    assert found(outcomes(3.0, 0.0), "area").loc["proportion", "estimate"] == pytest.approx(
        one.loc["proportion", "estimate"] / 2
    )


def test_the_effect_of_yh_is_a_contrast_of_eight_cells():
    table = outcomes(1.0, 1.0)
    cells = dict(tuple(table.groupby(["expected_hx", "expected_yh"])["accuracy_clean"]))
    sides = [
        [100 * values.to_numpy() for (_, count), values in cells.items() if round(count) == wanted]
        for wanted in (720, 72)
    ]
    estimate = np.mean([side.mean() for side in sides[0]]) - np.mean(
        [side.mean() for side in sides[1]]
    )
    error = np.sqrt(sum(side.var(ddof=1) / 5 for side in (*sides[0], *sides[1])) / 16)
    row = found(table).loc["yh"]
    assert row["estimate"] == pytest.approx(estimate)
    half = stats.t.ppf(0.975, row["degrees"]) * error
    assert row["high"] - row["estimate"] == pytest.approx(half)


def test_the_design_holds_unknowns_and_h_fixed():
    rows = named_rows(DESIGNS["crossed"](sizes={4000: (72,)}), SIZES)
    assert len(rows) == 12
    for row, (target, yh) in zip(rows, product((0.1, 0.3, 0.5, 0.7), (0.1, 0.4, 1.0)), strict=True):
        counts = row.model.expected()
        assert sum(counts.values()) == 4000
        assert row.model.sizes["h"] == 72
        state = counts["hh"] + counts["hy"]
        assert state / (state + counts["hx"]) == pytest.approx(target, abs=1e-3)
        assert counts["yh"] == pytest.approx(yh * 720)


def test_weights_of_every_effect_sum_to_zero():
    grid = np.array(list(product((0.1, 0.3, 0.5, 0.7), (0.1, 0.4, 1.0))))
    for weights in crossed.weights(*grid.T).values():
        assert weights.sum() == pytest.approx(0)
    assert crossed.effects(outcomes(0, 0).assign(design="even")).empty
