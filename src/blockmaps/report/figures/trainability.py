"""Share of runs that diverge or stay at chance, against the steps a gradient goes through."""

import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from blockmaps.report.figures import multiples, style, wording
from blockmaps.report.figures.gradients import families

NOTHING = "The table holds no runs"
APART = 1.04  # factor between arms' points, so that bars do not hide each other


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say how many runs of each arm fail at the most steps."""
    last = rows[rows["steps"] == rows["steps"].max()].sort_values("arm")
    said = [f"{row.arm} {100 * row.failed:.0f}{wording.NO_BREAK}%" for row in last.itertuples()]
    return f"at {int(rows['steps'].max())} steps there fail", ", ".join(said)


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw shares of failed runs, a panel a task and initialisation.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.trainability`.
    """
    if table.empty:
        return style.sheet(NOTHING, "", "", 0.2)
    found = families(table)
    marks = style.marks(table["arm"])
    diverged = round((table["diverged"] * table["n"]).sum())
    trained = " or ".join(
        f"{epochs} epochs ({steps:,} optimiser steps)"
        for epochs, steps in table[["epochs", "optimiser_steps"]]
        .drop_duplicates()
        .sort_values(["epochs", "optimiser_steps"])
        .itertuples(index=False)
    )
    layout = multiples.in_pairs(len(found), marks)
    sheet = style.sheet(
        {name: finding(rows) for name, rows in found},
        "Share of runs that diverge or whose test accuracy cannot be told from guessing, against "
        "the steps of a sequence (of an MLP as a map, its layers)",
        f"{wording.counted(int(table['n'].sum()), 'run')}, "
        f"{wording.several(table['n'].min(), table['n'].max())} a point; {diverged} diverged. "
        f"After {trained}. Bars: 95 %, Wilson. "
        "At chance: an exact binomial test at 1 % does not tell it from guessing.",
        layout.body,
    )
    style.key(sheet, layout.beside, marks, lines=True)
    axes_of = layout.axes(sheet, xscale="log")
    for (name, rows), (_, axes) in zip(found, axes_of, strict=True):
        n = wording.several(rows["n"].min(), rows["n"].max())
        style.panel_title(axes, name, f"{n} a point")
        arms = sorted(rows["arm"].unique())
        for place, arm in enumerate(arms):
            own = rows[rows["arm"] == arm].sort_values("steps")
            x = own["steps"] * APART ** (place - (len(arms) - 1) / 2)
            multiples.points(axes, x, own, marks[arm], "failed")
        steps = sorted(rows["steps"].unique())
        axes.xaxis.set_major_locator(FixedLocator(steps))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(steps[0] / 1.3, steps[-1] * 1.3)
        axes.set_ylim(-0.04, 1.04)
        style.percent_axis(axes)
        axes.set_xlabel("steps")
        axes.set_ylabel("share that fails")
    return sheet
