"""Regret against N: the best of N random patterns less the recommended one, size by size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from blockmaps.core.fixed import SEARCHED
from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import Multiples

BEST = f"recommended - expected best of {SEARCHED} random"
COLUMNS, HEIGHT = 3, 2.2
NOTHING = "The table holds no recommended pattern beside random ones"

LINES = {
    "best of N": style.Mark("#0072B2", "", "-"),
    "as a search reports it": style.Mark("#D55E00", "", (0, (5, 1.5))),
    "what its choice is worth": style.Mark("#00664B", "", (0, (1.2, 1.2))),
}


def finding(table: pd.DataFrame, apriori: pd.DataFrame) -> str:
    """Say how the recommended pattern stands against ten random ones, size by size."""
    at = table[table["N"] == SEARCHED]
    if at.empty:
        return NOTHING
    worse, better = (at["low"] > 0).sum(), (at["high"] < 0).sum()
    rows = apriori[(apriori["statistic"] == BEST) & (apriori["level"] == "all sizes")]
    over = ""
    if len(rows):
        value, low, high = rows.iloc[0][["estimate", "low", "high"]]
        over = (
            f"; on average {value:+.1f} points {wording.interval(low, high, 1)} "
            f"({wording.counted(int(rows.iloc[0]['n']), 'size')})"
        ).replace("-", "−")
    return (
        f"Against the best of {SEARCHED} random patterns the recommended one is clearly better at "
        f"{better} and clearly worse at {worse} of {wording.counted(len(at), 'size')}{over}"
    )


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw three lines and a band."""
    N = rows["N"].to_numpy(float)
    values = {
        "best of N": rows["regret"],
        "as a search reports it": rows["reported"] - rows["recommended"],
        "what its choice is worth": rows["chosen"] - rows["recommended"],
    }
    axes.fill_between(
        N, rows["low"], rows["high"], color=LINES["best of N"].color, alpha=0.18, linewidth=0
    )
    for name, mark in LINES.items():
        axes.plot(N, values[name], color=mark.color, linestyle=mark.line, linewidth=1.6)
    axes.axhline(0, color=style.INK, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(1, N.max())
    axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")


@style.themed
def draw(table: pd.DataFrame, apriori: pd.DataFrame) -> style.Sheet:
    """Draw regret against N, a panel a size.

    Parameters
    ----------
    table, apriori : `analysis/regret.csv` and `analysis/apriori.csv`.
    """
    panels = list(table.groupby(["inputs", "outputs", "budget", "experiment"]))
    layout = Multiples(
        len(panels), COLUMNS, HEIGHT, below=0.66, between=0.2, keys=style.key_height(LINES)
    )
    facts = ""
    if len(table):
        first = table.iloc[0]
        data = ", ".join(sorted(table["dataset"].unique()))
        facts = (
            f"{first['patterns']} random patterns a size (normal_size of 2509.15057, learning rate "
            f"and spreads left at the recipe's), {first['seeds']} seeds each; recommended: "
            f"{first['n']} seeds. Data sets {data}: not the paper's scale. Band: 95 %, jackknife "
            "over patterns and t over seeds, up to two fifths of the patterns."
        )
    sheet = style.sheet(
        finding(table, apriori),
        "Test accuracy of the best of N random patterns less that of the recommended one, in "
        "percentage points: below zero the recommended one is better",
        facts,
        layout.body,
        {
            f"|x| = {row.inputs}, |y| = {row.outputs}, {row.budget:,} unknowns": (
                f"{row.regret:+.1f} {wording.interval(row.low, row.high, 1)}".replace("-", "−")
            )
            for row in table[table["N"] == SEARCHED].itertuples()
        },
    )
    style.key(sheet, layout.beside, LINES, lines=True)
    drawn = table[["regret", "low", "high"]].to_numpy(float)
    low, high = (np.nanmin(drawn), np.nanmax(drawn)) if len(table) else (0, 1)
    # a size at which most random patterns fail would press the others into a strip
    floor = max(low, -4 * max(high, 1.0))
    room = 0.06 * (high - floor)
    for ((inputs, outputs, budget, _), panel), (column, axes) in zip(
        panels, layout.axes(sheet), strict=True
    ):
        name = f"|x| = {inputs}, |y| = {outputs}"
        score = f"{budget:,} unknowns; recommended: {panel['recommended'].iloc[0]:.1f} %"
        style.panel_title(axes, name, score)
        _draw_panel(axes, panel)
        axes.set_ylim(floor - room, high + room)
        axes.set_xlabel("N, random patterns tried")
        if column == 0:
            axes.set_ylabel("points")
        else:
            axes.tick_params(labelleft=False)
    return sheet
