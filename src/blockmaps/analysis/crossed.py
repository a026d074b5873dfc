"""Effects of the hidden proportion and of n_yh, where the design varies both independently.

In the `crossed` design N and |h| are fixed (config/claims.yaml, `analyses`). Per size and outcome,
from the means of its cells over seed indices:

    proportion   the mean over all but the lowest proportion less that at the lowest
    yh           that at the largest density of yh less that at the smallest
    interaction  the effect of yh at a proportion of at least ½ less that at the lowest

The first two over all levels of the other. A contrast of cells has Welch's t interval over seeds.
"""

import numpy as np
import pandas as pd

from blockmaps.analysis.columns import CROSSED
from blockmaps.analysis.statistics import welch
from blockmaps.analysis.summary import PANEL

DESIGN = "crossed"
OUTCOMES = {"accuracy_clean": "accuracy", "area_clean": "area"}
HALF = 0.5 - 1e-3  # counts are whole numbers


def weights(proportion: np.ndarray, yh: np.ndarray) -> dict[str, np.ndarray]:
    """Return each effect's weights of the cells.

    Parameters
    ----------
    proportion, yh : (cells,) of every cell.
    """
    low = proportion == proportion.min()
    most, least = yh == yh.max(), yh == yh.min()

    def mean(cells: np.ndarray) -> np.ndarray:
        return cells / cells.sum()

    half = proportion >= HALF
    return {
        "proportion": mean(~low) - mean(low),
        "yh": mean(most) - mean(least),
        "interaction": (mean(most & half) - mean(least & half))
        - (mean(most & low) - mean(least & low)),
    }


def effects(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the effects of every panel with a crossed design; columns as in `CROSSED`."""
    rows = []
    runs = outcomes[outcomes["design"] == DESIGN]
    for values, panel in runs.groupby([*PANEL, "inputs", "outputs", "hidden", "initialisation"]):
        labels = dict(
            zip([*PANEL, "inputs", "outputs", "hidden", "initialisation"], values, strict=True)
        )
        state = panel["expected_hh"] + panel["expected_hy"]
        cells = panel.assign(
            proportion=(state / (state + panel["expected_hx"])).round(2),
            yh=panel["density_yh"].round(2),
        ).groupby(["proportion", "yh"])
        levels = np.array(list(cells.groups))
        for column, outcome in OUTCOMES.items():
            sides = [100 * cell[column].dropna().to_numpy(float) for _, cell in cells]
            for effect, of_cells in weights(*levels.T).items():
                found = welch(sides, of_cells.tolist())
                numbers = {n: getattr(found, n) for n in ("low", "high", "p", "degrees", "method")}
                rows.append(
                    {**labels, "outcome": outcome, "effect": effect, "unit": "percentage points"}
                    | {"estimate": found.mean, **numbers, "cells": len(levels)}
                    | {"seeds": found.n, "n": sum(map(len, sides))}
                )
    return pd.DataFrame(rows, columns=list(CROSSED))
