"""Accuracy against the number of iterations of a map: a panel a data set and start."""

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.path import ARMS, BARS, NAMES, PANEL, named

GRID = facets.Arrangement(columns=2, height=2.2, share_x=False, share_y=False, left=0.78)
NOTHING = "The table holds no arm at several numbers of iterations"


def several(table: pd.DataFrame) -> list[tuple[dict, pd.DataFrame]]:
    """Return labels and rows of every experiment with an arm at several K, its control too."""
    found = []
    for labels, rows in table.groupby(PANEL, sort=True):
        numbers = rows.groupby("arm")["iterations"].nunique()
        own = rows[rows["arm"].isin(numbers.index[numbers > 1])]
        if len(own):
            control = rows[rows["arm"] == "control"]
            found.append((dict(zip(PANEL, labels, strict=True)), pd.concat([own, control])))
    return found


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say what more iterations do to random places, as far as intervals do not overlap."""
    arm = "random-places" if "random-places" in set(rows["arm"]) else rows["arm"].iloc[0]
    own = rows[rows["arm"] == arm].sort_values("iterations")
    first, last = own.iloc[0], own.iloc[-1]
    called = NAMES.get(arm, arm)
    change = f"{100 * first['accuracy']:.1f} → {100 * last['accuracy']:.1f}{wording.NO_BREAK}%"
    numbers = f"{change} from K = {first['iterations']} to {last['iterations']}"
    if last["low"] > first["high"]:
        return f"with more iterations {called} do better", numbers
    if last["high"] < first["low"]:
        return f"with more iterations {called} do worse", numbers
    return f"more iterations make no clear difference to {called}", numbers


def _points(name: str, rows: pd.DataFrame, arms: list[str]) -> pd.DataFrame:
    """Return the arms' values, side by side."""
    shift = 0.02 * np.ptp(rows["iterations"])
    parts = []
    for place, arm in enumerate(arms):
        own = rows[rows["arm"] == arm].sort_values("iterations")
        x = facets.apart(own["iterations"], place, len(arms), shift)
        parts.append(facets.intervals(name, NAMES.get(arm, arm), x, own, "accuracy"))
    return pd.concat(parts)


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against K.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.continuum`.
    """
    found = several(table)
    if not found:
        return style.nothing(NOTHING)
    arms = sorted({arm for _, rows in found for arm in rows["arm"]} - {"control"})
    marks = style.marks(arms) | ARMS
    every = pd.concat([rows for _, rows in found])
    said = [finding(rows) for _, rows in found]
    whats = [what for what, _ in said]
    most = max(sorted(set(whats)), key=whats.count)
    shown, moving, still = [], [], []
    for labels, rows in found:
        panel = named(labels)
        maps, control = rows[rows["arm"] != "control"], rows[rows["arm"] == "control"]
        ends = maps["iterations"].min() - 0.3, maps["iterations"].max() + 0.3
        shown.append(panel)
        moving.append(_points(panel.name, maps, arms))
        still.append(facets.level(panel.name, NAMES["control"], control, "accuracy", ends))
    sheet, panels = facets.draw(
        (
            wording.first_upper(most) + wording.of_panels(whats.count(most), len(whats)),
            "Test accuracy against K, the iterations of the map, the image held; the MLP is the "
            "same for any K from its number of layers on",
            f"{wording.counted(int(every['n'].sum()), 'run')}, "
            f"{wording.several(every['n'].min(), every['n'].max())} a point, after "
            f"{every['epochs'].max()} epochs "
            f"({every['steps'].max():,} optimiser steps), "
            f"{wording.counted(int(every['test_images'].max()), 'test image')}. "
            f"Bars and band: {BARS}.",
        ),
        shown,
        [(pd.concat(still), ["band", "line"]), (pd.concat(moving), ["range", "line"])],
        {NAMES.get(arm, arm): marks[arm] for arm in ("control", *arms)},
        GRID,
        ("iterations K", "test accuracy"),
        {panel.name: one for panel, one in zip(shown, said, strict=True)},
    )
    for (_, rows), (_, axes) in zip(found, panels, strict=True):
        axes.set_xticks(sorted(rows.loc[rows["arm"] != "control", "iterations"].unique()))
        axes.set_ylim(*style.padded(rows[["accuracy", "low", "high"]].stack(), 0.1))
        style.percent_axis(axes)
    return sheet
