"""Singular values of W by arm, before and after training: a row of panels an experiment."""

import pandas as pd

from blockmaps.report.figures import multiples, style, wording
from blockmaps.report.figures.path import ARMS, NAMES

SHOWN = ("mlp", "path-0.5", "random-places", "dense")
WHEN = ("before", "after")
PANEL = ["experiment", "dataset", "budget"]
NOTHING = "The table holds no singular values"


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say by how much training raises the largest singular value of either end of the path."""
    largest = rows[rows["rank"] == 1].pivot_table(
        index="arm", columns="trained", values="value", aggfunc="mean"
    )
    said = [
        f"{NAMES[arm]} × {largest.loc[arm, 'after'] / largest.loc[arm, 'before']:.1f}"
        for arm in SHOWN
        if arm in largest.index and largest.loc[arm].notna().all() and len(largest.columns) == 2
    ]
    if not said:
        return "singular values of W by arm", ""
    return "training raises the largest singular value of W:", ", ".join(said)


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw singular values against their rank, both on log scales.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.continuum`.
    """
    rows = table[table["structure"].isin(SHOWN) & (table["value"] > 0)]
    if rows.empty:
        return style.sheet(NOTHING, "", "", 0.2)
    arms = [arm for arm in SHOWN if arm in set(rows["arm"])]
    drawn = {NAMES[arm]: ARMS[arm] for arm in arms}
    groups = list(rows.groupby(PANEL, sort=True))
    layout = multiples.in_pairs(2 * len(groups), drawn)
    sheet = style.sheet(
        {labels[0]: finding(own) for labels, own in groups},
        "Singular values of the state's rows of W against their rank; a line is the mean of the "
        "seeds, its band their range",
        f"{wording.counted(int(rows['n'].max()), 'seed')} an arm. Ranks are spread evenly on a log "
        "scale. Values that are zero are not shown: an MLP's W of few unknowns lacks full rank.",
        layout.body,
    )
    style.key(sheet, layout.beside, drawn, lines=True)
    axes_of = layout.axes(sheet, xscale="log", yscale="log")
    for labels, own in groups:
        floor = own["value"].max() * 1e-4  # below, rounding decides
        for when in WHEN:
            _, axes = next(axes_of)
            style.panel_title(axes, f"{labels[0]}, {when} training", f"{labels[2]:,} unknowns")
            for arm in arms:
                line = own[(own["arm"] == arm) & (own["trained"] == when)]
                multiples.banded(axes, line, ARMS[arm], "rank", "value", floor)
            axes.set_ylim(floor, own["high"].max() * 1.5)
            axes.set_xlim(0.9, own["rank"].max() * 1.1)
            axes.set_xlabel("rank")
            axes.set_ylabel("singular value of W")
    for axes in sheet.figure.axes:
        axes.grid(True, axis="both")
    return sheet
