"""A heat map over the densities of hx and hh: where accuracy is close to a size's best."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from blockmaps.figures import style, wording
from blockmaps.summary import PANEL, final_outcomes

DESIGNS = ("grid", "factorial", "random")
COLUMNS = 4
TITLE, BELOW, BESIDE, BETWEEN = 0.46, 0.62, 0.62, 0.16  # inches
MOST_LEVELS = 8
EDGES = np.array([0, 0.1, 0.2, 0.4, 0.7, 1.0])
WORST = 10.0  # points below the best: what is worse has the same colour


def panels(outcomes: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Return name and scale of every panel with a design over both densities, and its runs."""
    found = []
    several = outcomes["experiment"].nunique() > 1
    for (experiment, _, budget), rows in outcomes.groupby(PANEL):
        designs = [design for design in DESIGNS if design in set(rows["design"])]
        own = rows[(rows["design"] == (designs or [""])[0]) & rows["test_accuracy"].notna()]
        if own[["density_hx", "density_hh"]].round(6).nunique().min() < 2:
            continue
        sizes = f"|x| = {own['inputs'].iloc[0]}, |y| = {own['outputs'].iloc[0]}"
        name = f"{experiment}, {budget:,}" if several else f"{budget:,} unknowns"
        found.append(((name, sizes), own))
    return found


def levels(density: pd.Series) -> pd.Series:
    """Return the level of every density as text: its own if there are few, else a range."""
    exact = density.round(6)
    if exact.nunique() <= MOST_LEVELS:
        return exact.map("{:g}".format)
    place = np.clip(np.digitize(exact, EDGES[1:-1], right=True), 0, len(EDGES) - 2)
    return pd.Series(
        [f"{EDGES[i]:g}–{EDGES[i + 1]:g}" for i in place], index=density.index, dtype=object
    )


def cells(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return mean accuracy in percent and mean hidden proportion, by level of hx and of hh."""
    named = rows.assign(
        hx=levels(rows["density_hx"]), hh=levels(rows["density_hh"]), of=100 * rows["test_accuracy"]
    )
    order = [
        sorted(named[name].unique(), key=lambda level: float(level.split("–")[0]))
        for name in ("hx", "hh")
    ]
    accuracy, proportions = (
        named.pivot_table(index="hx", columns="hh", values=value).reindex(
            index=order[0], columns=order[1]
        )
        for value in ("of", "hidden_proportion")
    )
    return accuracy, proportions


def finding(drawn: list[tuple[pd.DataFrame, pd.DataFrame]]) -> str:
    """Say at which hidden proportions the cells within a point of the best lie."""
    if not drawn:
        return "The table holds no design over the densities of hx and hh"
    near = np.concatenate(
        [
            proportions.to_numpy()[accuracy.to_numpy() >= np.nanmax(accuracy.to_numpy()) - 1]
            for accuracy, proportions in drawn
        ]
    )
    low, high = np.nanquantile(near, [0.25, 0.75])
    return (
        f"Cells within a point of their panel's best lie at hidden proportions of {low:.2f} to "
        f"{high:.2f} (middle half of {wording.counted(len(near), 'cell')}, "
        f"{wording.counted(len(drawn), 'panel')})"
    )


def _draw_panel(axes: Axes, accuracy: pd.DataFrame, proportions: pd.DataFrame) -> None:
    """Draw a square a cell, its accuracy in it, its hidden proportion below that."""
    values = accuracy.to_numpy(float)
    below = np.nanmax(values) - values
    axes.imshow(
        np.ma.masked_invalid(below),
        cmap=mpl.colormaps["cividis_r"],
        norm=Normalize(0, WORST),
        aspect="auto",
        origin="lower",
    )
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            dark = below[row, column] > 0.55 * WORST
            axes.text(
                column,
                row,
                f"{value:.0f}\n{proportions.to_numpy()[row, column]:.2f}",
                size=7.5,
                linespacing=1.15,
                ha="center",
                va="center",
                color="white" if dark else "black",
            )
    axes.set_xticks(range(len(accuracy.columns)), accuracy.columns)
    axes.set_yticks(range(len(accuracy.index)), accuracy.index)
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)


@style.themed
def draw(runs: pd.DataFrame) -> Figure:
    """Draw a heat map an experiment and budget.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.runs`).
    """
    outcomes = final_outcomes(runs)
    drawn = panels(outcomes)
    tables = [cells(rows) for _, rows in drawn]
    shown = pd.concat([rows for _, rows in drawn]) if drawn else outcomes
    columns = max(min(len(drawn), COLUMNS), 1)
    rows = max(-(-len(drawn) // columns), 1)
    width = (style.WIDTH - 2 * style.MARGIN - BESIDE - BETWEEN * (columns - 1)) / columns
    height = min(width, 2.1)
    page = style.page(
        finding(tables),
        "Upper number: mean test accuracy in percent; lower: mean hidden proportion. Light: close "
        f"to the panel's best; darkest: {WORST:g} points below it or more",
        wording.facts(
            shown,
            f"Designs: {' and '.join(sorted(shown['design'].unique()))}; the other blocks' "
            "densities are averaged over.",
        ),
        rows * (TITLE + height + BELOW) - 0.05,
    )
    for place, (((name, sizes), own), found) in enumerate(zip(drawn, tables, strict=True)):
        row, column = divmod(place, columns)
        axes = page.axes(
            BESIDE + column * (width + BETWEEN),
            TITLE + row * (TITLE + height + BELOW),
            width,
            height,
        )
        style.panel_title(axes, name, f"{sizes}; n = {len(own)}")
        _draw_panel(axes, *found)
        if column and list(found[0].index) == list(tables[place - 1][0].index):
            axes.set_yticks([])  # as to the left
        axes.set_xlabel("density of hh")
        if column == 0:
            axes.set_ylabel("density of hx")
    return page.figure
