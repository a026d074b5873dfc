"""Accuracy against the number of iterations of a map: a panel an experiment."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator

from blockmaps.report.figures import multiples, style, wording
from blockmaps.report.figures.path import ARMS, NAMES, PANEL, named

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
        return f"with more iterations {called} do better:", numbers
    if last["high"] < first["low"]:
        return f"with more iterations {called} do worse:", numbers
    return f"more iterations make no clear difference to {called}:", numbers


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against K.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.continuum`.
    """
    found = several(table)
    if not found:
        return style.sheet(NOTHING, "", "", 0.2)
    arms = sorted({arm for _, rows in found for arm in rows["arm"]} - {"control"})
    marks = style.marks(arms) | ARMS
    drawn = {NAMES.get(arm, arm): marks[arm] for arm in ("control", *arms)}
    every = pd.concat([rows for _, rows in found])
    images = wording.counted(int(every["test_images"].max()), "test image")
    layout = multiples.in_pairs(len(found), drawn)
    sheet = style.sheet(
        {named(labels): finding(rows) for labels, rows in found},
        "Test accuracy against K, the iterations of the map, the image held; the MLP is the same "
        "for any K from its number of layers on",
        f"{wording.counted(int(every['n'].sum()), 'run')}, after "
        f"{every['epochs'].max()} epochs ({every['steps'].max():,} optimiser steps), {images}. "
        "Bars and band: 95 %, t with the variance between seeds pooled over the arms.",
        layout.body,
    )
    style.key(sheet, layout.beside, drawn, lines=True)
    axes_of = layout.axes(sheet)
    for (labels, rows), (_, axes) in zip(found, axes_of, strict=True):
        n = wording.several(rows["n"].min(), rows["n"].max())
        style.panel_title(axes, named(labels), f"{labels['budget']:,} unknowns, {n} a point")
        ks = sorted(rows.loc[rows["arm"] != "control", "iterations"].unique())
        shift = 0.02 * np.ptp(ks) / max(len(arms), 1)
        for place, arm in enumerate(arms):
            own = rows[rows["arm"] == arm].sort_values("iterations")
            x = own["iterations"] + (place - (len(arms) - 1) / 2) * shift
            multiples.points(axes, x, own, marks[arm], "accuracy")
        multiples.level(axes, rows[rows["arm"] == "control"], marks["control"])
        values = pd.concat([rows["accuracy"], rows["low"], rows["high"]]).dropna()
        axes.set_ylim(*style.padded(values, 0.1))
        axes.xaxis.set_major_locator(FixedLocator(ks))
        style.percent_axis(axes)
        axes.set_ylabel("test accuracy")
        axes.set_xlabel("iterations K")
    return sheet
