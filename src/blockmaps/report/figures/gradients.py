"""Gradients with respect to the state some steps back, before and after training."""

import re

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording

WHEN = ("before", "after")
GRID = facets.Arrangement(columns=2, height=1.9, share_x=False, share_y=False, left=0.8)
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
        found.append((f"{labels[0]}, {wording.start(labels[1])}{budget}", rows))
    return found


def left(rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of the gradient that reaches the first step before training, by arm."""
    found = {}
    for arm, own in rows[rows["trained"] == "before"].groupby("arm", sort=True):
        ends = own.set_index("back")["gradient"]
        found[arm] = float(ends[ends.index.max()] / ends[0])
    return found


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say how much of the gradient reaches the first step before training, by arm."""
    said = ", ".join(f"{arm} {magnitude(share)}" for arm, share in left(rows).items())
    back = int(rows["back"].max())
    return f"{back} steps back there is left of the gradient before training:", said


def title(found: list[tuple[str, pd.DataFrame]]) -> str:
    """Say which arm's gradient fades most before training, where several are compared."""
    shares = [one for one in (left(rows) for _, rows in found) if len(one) > 1]
    least = {min(sorted(one), key=one.__getitem__) for one in shares}
    if not shares:
        return "Gradients some steps back, before and after training"
    if len(least) > 1:
        return "Which arm's gradient fades most before training differs by task"
    return f"Before training the gradient fades most in {least.pop()}"


def magnitude(ratio: float) -> str:
    """Write a ratio that may be tiny: 0.4, 10⁻⁷, nothing."""
    if not ratio > 0:
        return "nothing"
    return f"{ratio:.2g}" if ratio >= 0.01 else style.power(np.log10(ratio))


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw the gradient's norm against steps back, for the most steps of every task.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.trainability`.
    """
    if table.empty:
        return style.nothing(NOTHING)
    found = [(name, rows[rows["steps"] == rows["steps"].max()]) for name, rows in families(table)]
    every = pd.concat([rows for _, rows in found])
    panels, drawn, bounds = [], [], []
    for name, rows in found:
        task, _, start = name.partition(", ")
        positive = rows[rows["gradient"] > 0]
        low, high = positive["gradient"].agg(["min", "max"])
        for when in WHEN:
            own = positive[positive["trained"] == when].sort_values("back")
            bounds.append((max(low, LOWEST) / 3, high * 3))
            own = own.assign(low=own["low"].clip(lower=bounds[-1][0]))
            heading = f"{task}, {rows['steps'].iloc[0]} steps, {when} training"
            panels.append(wording.Panel(f"{name}, {when}", heading, start))
            drawn.append(
                facets.intervals(panels[-1].name, own["arm"], own["back"], own, "gradient")
            )
    sheet, axes_of = facets.draw(
        (
            title(found),
            "Norm of the loss's gradient with respect to the state against steps back from the "
            "last step; a line is the median of the runs, its band their quartiles",
            f"{wording.several(every['n'].min(), every['n'].max())} runs an arm, each a mean over "
            "64 training sequences. Of every task the most steps. Gradients that are exactly zero "
            "are not shown.",
        ),
        panels,
        [(pd.concat(drawn), ["band", "line"])],
        style.marks(every["arm"]),
        GRID,
        ("steps back", "gradient's norm (log)"),
        {name: finding(rows) for name, rows in found},
    )
    for ends, (_, axes) in zip(bounds, axes_of, strict=True):
        axes.set_yscale("log")
        axes.set_ylim(*ends)
        style.log_axis(axes.yaxis)
    return sheet
