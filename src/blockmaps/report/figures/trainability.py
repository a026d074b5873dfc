"""Share of runs that diverge or stay at chance, against the steps a gradient goes through."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.gradients import families

GRID = facets.Arrangement(columns=2, height=2.2, share_x=False)
NOTHING = "The table holds no runs"
APART = 0.02  # decades between arms' points, so that bars do not hide each other


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say how many runs of each arm fail at the most steps."""
    last = rows[rows["steps"] == rows["steps"].max()].sort_values("arm")
    said = [f"{row.arm} {100 * row.failed:.0f}{wording.NO_BREAK}%" for row in last.itertuples()]
    return f"at {int(rows['steps'].max())} steps there fail", ", ".join(said)


def title(found: list[tuple[str, pd.DataFrame]]) -> str:
    """Say of how many arms clearly more runs fail at the most steps than at the fewest."""
    grows = []
    for _, rows in found:
        for _, own in rows.sort_values("steps").groupby("arm"):
            if own["steps"].nunique() > 1:
                grows.append(own["failed_low"].iloc[-1] > own["failed_high"].iloc[0])
    if not grows:
        return "Share of runs that fail, by arm"
    return f"Runs clearly fail more often over more steps in {sum(grows)} of {len(grows)} arms"


def _points(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the arms' shares, side by side."""
    arms = sorted(rows["arm"].unique())
    parts = []
    for place, arm in enumerate(arms):
        own = rows[rows["arm"] == arm].sort_values("steps")
        x = 10 ** facets.apart(np.log10(own["steps"]), place, len(arms), APART)
        parts.append(facets.intervals(name, arm, x, own, "failed"))
    return pd.concat(parts)


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw shares of failed runs, a panel a task and initialisation.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.trainability`.
    """
    if table.empty:
        return style.nothing(NOTHING)
    found = families(table)
    diverged = round((table["diverged"] * table["n"]).sum())
    lengths = table[["epochs", "optimiser_steps"]].drop_duplicates()
    trained = " or ".join(
        f"{epochs} epochs ({steps:,} optimiser steps)"
        for epochs, steps in sorted(lengths.itertuples(index=False))
    )
    n = {name: wording.several(rows["n"].min(), rows["n"].max()) for name, rows in found}
    sheet, panels = facets.draw(
        (
            title(found),
            "Share of runs that diverge or whose test accuracy cannot be told from guessing, "
            "against the steps of a sequence (of an MLP as a map, its layers)",
            f"{wording.counted(int(table['n'].sum()), 'run')}, "
            f"{wording.several(table['n'].min(), table['n'].max())} a point; {diverged} diverged. "
            f"After {trained}. Bars: 95 %, Wilson. At chance: an exact binomial test at 1 % does "
            "not tell it from guessing.",
        ),
        [
            wording.Panel(name, name.partition(", ")[0], f"{name.partition(', ')[2]}; {n[name]}")
            for name, _ in found
        ],
        [(pd.concat(_points(name, rows) for name, rows in found), ["range", "line"])],
        style.marks(table["arm"]),
        GRID,
        ("steps (log)", "share that fails"),
        {name: finding(rows) for name, rows in found},
    )
    for (_, rows), (_, axes) in zip(found, panels, strict=True):
        steps = sorted(rows["steps"].unique())
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(steps))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(steps[0] / 1.3, steps[-1] * 1.3)
        axes.set_ylim(-0.04, 1.04)
        style.percent_axis(axes)
    return sheet
