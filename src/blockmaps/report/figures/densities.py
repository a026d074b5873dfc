"""A heat map over the densities of hx and hh: where accuracy is close to a size's best."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from blockmaps.analysis.summary import final_outcomes
from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import (
    Multiples,
    Panel,
    designs_of,
    drawn,
    each_panel,
    title,
)
from blockmaps.results import outcome

DESIGNS = ("grid", "factorial", "random")
COLUMNS, MOST_HEIGHT = 4, 2.1
MOST_LEVELS = 8
EDGES = np.array([0, 0.1, 0.2, 0.4, 0.7, 1.0])
FEWEST_FOR_HALF = 8
WORST = 10.0  # points below the best: what is worse has the same colour


def panels(outcomes: pd.DataFrame) -> list[Panel]:
    """Return every panel with a design over both densities, and its runs."""
    found = []
    for panel in each_panel(outcomes):
        designs = [design for design in DESIGNS if design in set(panel.runs["design"])]
        own = panel.runs[panel.runs["design"] == (designs or [""])[0]]
        if own[["density_hx", "density_hh"]].round(6).nunique().min() >= 2:
            found.append(panel._replace(runs=own))
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
    """Return 100 × the mean outcome and mean hidden proportion, by level of hx and of hh."""
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


def near_best(drawn: list[tuple[pd.DataFrame, pd.DataFrame]]) -> tuple[float, float, int]:
    """Return the hidden proportions of the cells within a point of their panel's best.

    From the smallest to the largest, of many the middle half; and how many cells there are.
    """
    near = np.concatenate(
        [
            proportions.to_numpy()[accuracy.to_numpy() >= np.nanmax(accuracy.to_numpy()) - 1]
            for accuracy, proportions in drawn
        ]
    )
    low, high = np.nanquantile(near, [0.25, 0.75] if len(near) >= FEWEST_FOR_HALF else [0, 1])
    return low, high, len(near)


def finding(drawn: list[tuple[pd.DataFrame, pd.DataFrame]]) -> str:
    """Say at which hidden proportions the cells within a point of the best lie."""
    if not drawn:
        return "The table holds no design over the densities of hx and hh"
    low, high, cells = near_best(drawn)
    return (
        f"Cells within a point of their panel's best lie at hidden proportions of {low:.2f} to "
        f"{high:.2f} ({'middle half of ' if cells >= FEWEST_FOR_HALF else ''}"
        f"{wording.counted(cells, 'cell')}, {wording.counted(len(drawn), 'panel')})"
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
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw a heat map an experiment and budget.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    outcomes = final_outcomes(runs)
    found = panels(outcomes)
    tables = [cells(panel.runs) for panel in found]
    shown = drawn(found, outcomes)
    layout = Multiples(len(found), COLUMNS, MOST_HEIGHT)
    layout = layout._replace(height=min(layout.width(style.WIDTH - 2 * style.MARGIN), MOST_HEIGHT))
    sheet = style.sheet(
        finding(tables),
        f"Upper number: 100 × mean {outcome.of(outcomes).said}; lower: mean hidden proportion. "
        "Light: close "
        f"to the panel's best; darkest: {WORST:g} points below it or more",
        wording.facts(
            shown, f"{designs_of(shown)}; the other blocks' densities are averaged over."
        ),
        layout.body,
        {
            panel.name: "{:.2f} to {:.2f}".format(*near_best([one])[:2])
            for panel, one in zip(found, tables, strict=True)
        },
    )
    for panel, (accuracy, proportions), (column, axes) in zip(
        found, tables, layout.axes(sheet), strict=True
    ):
        title(axes, panel)
        _draw_panel(axes, accuracy, proportions)
        axes.set_xlabel("density of hh")
        if column == 0:
            axes.set_ylabel("density of hx")
        elif list(accuracy.index) == list(tables[0][0].index):
            axes.set_yticks([])  # as to the left
    return sheet
