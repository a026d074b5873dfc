"""Small multiples: panels of one size in rows, each with its title above it, and what they show."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.analysis.summary import PANEL
from blockmaps.report.figures import style

BOUNDS = ("low", "high")


class Multiples(NamedTuple):
    """The layout of a number of panels; lengths in inches.

    Attributes
    ----------
    panels : how many there are.
    most : columns, where there are as many panels.
    height : of a panel.
    beside, below, between : room for labels at the left, under a panel, and between columns.
    keys : room above them all.
    above : room for a panel's title.
    right : room at the right of the last column.
    under : room under the last row; below zero where its labels need less than `below`.
    """

    panels: int
    most: int
    height: float
    beside: float = 0.62
    below: float = 0.62
    between: float = 0.16
    keys: float = 0.0
    above: float = 0.46
    right: float = 0.0
    under: float = -0.08

    @property
    def columns(self) -> int:
        """Columns that are used."""
        return max(min(self.panels, self.most), 1)

    @property
    def body(self) -> float:
        """The height of all rows."""
        rows = max(-(-self.panels // self.columns), 1)
        return self.keys + rows * (self.above + self.height + self.below) + self.under

    def width(self, whole: float) -> float:
        """Return a panel's width, of a whole of so many inches."""
        room = self.beside + self.right + self.between * (self.columns - 1)
        return (whole - room) / self.columns

    def axes(self, sheet: style.Sheet, **options) -> Iterator[tuple[int, Axes]]:
        """Add the panels in order; yield each one's column. The options are of every axes."""
        width = self.width(sheet.right - sheet.left)
        for place in range(self.panels):
            row, column = divmod(place, self.columns)
            left = self.beside + column * (width + self.between)
            down = self.keys + self.above + row * (self.above + self.height + self.below)
            yield column, sheet.axes(left, down, width, self.height, **options)


def in_pairs(panels: int, drawn: dict[str, style.Mark]) -> Multiples:
    """Return the layout of panels in two columns, each with its own axis, below a key of arms."""
    keys = style.key_height(drawn)
    room = {"beside": 0.75, "below": 0.62, "between": 1.1, "above": 0.5, "under": -0.15}
    return Multiples(panels, 2, 2.5, keys=keys, **room)


class Panel(NamedTuple):
    """One experiment and budget: its name, its sizes, and the runs that are drawn."""

    name: str
    about: str
    runs: pd.DataFrame


def each_panel(outcomes: pd.DataFrame) -> Iterator[Panel]:
    """Yield the runs that have a test accuracy, by experiment and budget."""
    several = outcomes["experiment"].nunique() > 1
    for (experiment, _, budget), rows in outcomes.groupby(PANEL):
        runs = rows[rows["test_accuracy"].notna()]
        if len(runs):
            name = f"{experiment}, {budget:,}" if several else f"{budget:,} unknowns"
            x, y = (runs[size].iloc[0] for size in ("inputs", "outputs"))
            yield Panel(name, f"|x| = {x}, |y| = {y}", runs)


def designs_of(outcomes: pd.DataFrame) -> str:
    """Name the designs of the runs, for a caption."""
    return f"Designs: {' and '.join(sorted(outcomes['design'].unique()))}"


def title(axes: Axes, panel: Panel) -> None:
    """Write a panel's name, sizes and number of runs above it."""
    style.panel_title(axes, panel.name, f"{panel.about}; n = {len(panel.runs)}")


def drawn(panels: list[Panel], outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of all panels; all outcomes if there is none."""
    return pd.concat([panel.runs for panel in panels]) if panels else outcomes


def points(axes: Axes, x: pd.Series, rows: pd.DataFrame, mark: style.Mark, of: str) -> None:
    """Draw values with their intervals: columns `of`, and its bounds.

    Parameters
    ----------
    x : where.
    rows : columns `of`, and `low` and `high`, or `of`_low and `of`_high.
    """
    low, high = (rows[f"{of}_{name}"] if f"{of}_{name}" in rows else rows[name] for name in BOUNDS)
    axes.errorbar(
        x,
        rows[of],
        # rounding may put a bound a hair beyond the value
        yerr=[(rows[of] - low).clip(lower=0), (high - rows[of]).clip(lower=0)],
        color=mark.color,
        marker=mark.marker,
        markersize=5,
        linestyle=mark.line or "none",
        linewidth=1.6,
        capsize=2.5,
        zorder=3,
    )


def level(axes: Axes, rows: pd.DataFrame, mark: style.Mark) -> None:
    """Draw accuracies that do not depend on x as lines, with their intervals as bands."""
    for row in rows.itertuples():
        if np.isfinite(row.low):
            axes.axhspan(row.low, row.high, color=mark.color, alpha=0.18, linewidth=0, zorder=1)
        axes.axhline(row.accuracy, color=mark.color, linestyle=mark.line, linewidth=1.2, zorder=2)


def banded(axes: Axes, rows: pd.DataFrame, mark: style.Mark, x: str, of: str, floor: float) -> None:
    """Draw a line with a band between the columns `low` and `high`, nothing below a floor."""
    rows = rows.sort_values(x)
    low, high = (rows[name].clip(lower=floor) for name in BOUNDS)
    axes.fill_between(rows[x], low, high, color=mark.color, alpha=0.15, linewidth=0)
    axes.plot(
        rows[x],
        rows[of].where(rows[of] > 0),
        color=mark.color,
        linestyle=mark.line,
        marker=mark.marker,
        markersize=4,
        markevery=max(1, len(rows) // 8),
        linewidth=1.6,
    )
