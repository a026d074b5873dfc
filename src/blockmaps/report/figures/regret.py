"""Regret against N: the best of N random patterns less the recommended one, size by size."""

import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from blockmaps.core.fixed import SEARCHED
from blockmaps.report.figures import facets, style, wording

BEST = f"recommended - expected best of {SEARCHED} random"
GRID = facets.Arrangement(columns=3, height=1.9)
NOTHING = "The table holds no recommended pattern beside random ones"
LINES = {
    "best of N": style.Mark("#0072B2", "", "-"),
    "as a search reports it": style.Mark("#D55E00", "", (0, (5, 1.5))),
    "what its choice is worth": style.Mark("#00664B", "", (0, (1.2, 1.2))),
}


def finding(table: pd.DataFrame) -> str:
    """Say how the recommended pattern stands against ten random ones, size by size."""
    at = table[table["N"] == SEARCHED]
    if at.empty:
        return NOTHING
    worse, better = (at["low"] > 0).sum(), (at["high"] < 0).sum()
    return (
        f"Recommended beats the best of {SEARCHED} random patterns at {better} of "
        f"{wording.counted(len(at), 'size')}, loses at {worse}"
    )


def average(apriori: pd.DataFrame) -> str:
    """Say the mean of the difference over sizes."""
    rows = apriori[(apriori["statistic"] == BEST) & (apriori["level"] == "all sizes")]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    said = wording.estimate(row["estimate"], row["low"], row["high"], 1)
    sizes = wording.counted(int(row["n"]), "size")
    return f"Recommended less the best of {SEARCHED}, over {sizes}: {said} points. "


def _lines(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return three lines, the first with its band."""
    values = [rows["regret"], *(rows[one] - rows["recommended"] for one in ("reported", "chosen"))]
    lines = [facets.rows(name, arm, rows["N"], one) for arm, one in zip(LINES, values, strict=True)]
    lines[0] = lines[0].assign(low=rows["low"], high=rows["high"])
    return pd.concat(lines)


@style.themed
def draw(table: pd.DataFrame, apriori: pd.DataFrame) -> style.Sheet:
    """Draw regret against N, a panel a size.

    Parameters
    ----------
    table, apriori : `analysis/regret.csv` and `analysis/apriori.csv`.
    """
    if table.empty:
        return style.nothing(NOTHING)
    found = {
        f"|x| = {x}, |y| = {y}, {budget:,} unknowns": rows
        for (x, y, budget, _), rows in table.groupby(["inputs", "outputs", "budget", "experiment"])
    }
    first, data = table.iloc[0], ", ".join(sorted(table["dataset"].unique()))
    at = table[table["N"] == SEARCHED].groupby(["inputs", "outputs", "budget"]).first()
    sheet, panels = facets.draw(
        (
            finding(table),
            "Test accuracy of the best of N random patterns less that of the recommended one: "
            "below zero the recommended one is better",
            f"{average(apriori)}{first['patterns']} random patterns a size (normal_size of "
            "2509.15057, learning rate and spreads left at the recipe's), "
            f"{first['seeds']} seeds each; recommended: {first['n']} seeds. Data sets {data}: not "
            "the paper's scale. Band: 95 %, jackknife over patterns and t over seeds, up to two "
            "fifths of the patterns.",
        ),
        [
            wording.Panel(
                name,
                name.rpartition(", ")[0],
                f"{name.rpartition(', ')[2]}; recommended: {rows['recommended'].iloc[0]:.1f} %",
            )
            for name, rows in found.items()
        ],
        [(pd.concat(_lines(name, rows) for name, rows in found.items()), ["band", "line"])],
        LINES,
        GRID,
        ("N, random patterns tried", "percentage points"),
        {
            f"|x| = {x}, |y| = {y}, {budget:,} unknowns": (
                f"best of {SEARCHED} less the recommended one",
                wording.estimate(row["regret"], row["low"], row["high"], 1),
            )
            for (x, y, budget), row in at.iterrows()
        },
    )
    low, high = table[["regret", "low", "high"]].stack().agg(["min", "max"])
    # a size at which most random patterns fail would press the others into a strip
    floor = max(low, -4 * max(high, 1.0))
    room = 0.06 * (high - floor)
    for _, axes in panels:
        axes.axhline(0, color=style.INK, linewidth=1)
        axes.set_xscale("log")
        axes.set_xlim(0.93, table["N"].max() * 1.08)
        axes.set_ylim(floor - room, high + room)
        axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
    return sheet
