"""Gradients with respect to the state some steps back, before and after training."""

import re

import numpy as np
import pandas as pd

from blockmaps.report.figures import multiples, style, wording

WHEN = ("before", "after")
NOTHING = "The table holds no gradients"
LOWEST = 1e-18  # below it gradients are drawn at the edge


def task_of(dataset: str) -> str:
    """Return a data set's name without the number of steps at its end: copy-50 is copy."""
    return re.sub(r"[-_.]?\d+$", "", dataset)


def families(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of every task and initialisation under a name, whatever the steps."""
    table = table.assign(task=table["dataset"].map(task_of))
    keys = ["task", "initialisation"]
    budgets = table.groupby([*keys, "steps"])["budget"].nunique()
    if (budgets > 1).any():
        keys.append("budget")
    found = []
    for labels, rows in table.groupby(keys, sort=True):
        budget = f", {labels[2]:,} unknowns" if len(keys) == 3 else ""
        found.append((f"{labels[0]}, {labels[1]}{budget}", rows))
    return found


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say how much of the gradient reaches the first step before training, by arm."""
    rows = rows[rows["trained"] == "before"]
    said = []
    for arm, own in rows.groupby("arm", sort=True):
        ends = own.set_index("back")["gradient"]
        said.append(f"{arm} {magnitude(ends[ends.index.max()] / ends[0])}")
    back = int(rows["back"].max()) if len(rows) else 0
    return f"{back} steps back there is left of the gradient before training:", ", ".join(said)


def magnitude(ratio: float) -> str:
    """Write a ratio that may be tiny: 0.4, 10⁻⁷, nothing."""
    if not ratio > 0:
        return "nothing"
    if ratio >= 0.01:
        return f"{ratio:.2g}"
    superscript = str(round(np.log10(ratio))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{superscript}"


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw the gradient's norm against steps back, for the most steps of every task.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.trainability`.
    """
    if table.empty:
        return style.sheet(NOTHING, "", "", 0.2)
    found = [(name, rows[rows["steps"] == rows["steps"].max()]) for name, rows in families(table)]
    every = pd.concat([rows for _, rows in found])
    marks = style.marks(every["arm"])
    layout = multiples.in_pairs(2 * len(found), marks)
    sheet = style.sheet(
        {name: finding(rows) for name, rows in found},
        "Norm of the loss's gradient with respect to the state against steps back from the last "
        "step; a line is the median of the runs, its band their quartiles",
        f"{wording.several(every['n'].min(), every['n'].max())} runs an arm, each a mean over 64 "
        "training sequences. Of every task the most steps. Gradients that are exactly zero are not "
        "shown.",
        layout.body,
    )
    style.key(sheet, layout.beside, marks, lines=True)
    axes_of = layout.axes(sheet, yscale="log")
    for name, rows in found:
        positive = rows.loc[rows["gradient"] > 0, "gradient"]
        bounds = max(positive.min(), LOWEST) / 3, positive.max() * 3
        for when in WHEN:
            _, axes = next(axes_of)
            steps = int(rows["steps"].iloc[0])
            style.panel_title(axes, f"{name}", f"{steps} steps, {when} training")
            for arm, own in rows[rows["trained"] == when].groupby("arm", sort=True):
                multiples.banded(axes, own, marks[arm], "back", "gradient", bounds[0])
            axes.set_ylim(*bounds)
            axes.set_xlabel("steps back")
            axes.set_ylabel("gradient's norm")
    return sheet
