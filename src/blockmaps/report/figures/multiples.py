"""Small multiples: panels of one size in rows, each with its title above it."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from blockmaps.analysis.summary import PANEL
from blockmaps.report.figures import style


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
    """

    panels: int
    most: int
    height: float
    beside: float = 0.62
    below: float = 0.62
    between: float = 0.16
    keys: float = 0.0
    above: float = 0.46

    @property
    def columns(self) -> int:
        """Columns that are used."""
        return max(min(self.panels, self.most), 1)

    @property
    def body(self) -> float:
        """The height of all rows."""
        rows = max(-(-self.panels // self.columns), 1)
        return self.keys + rows * (self.above + self.height + self.below) - 0.08

    def width(self, whole: float) -> float:
        """Return a panel's width, of a whole of so many inches."""
        return (whole - self.beside - self.between * (self.columns - 1)) / self.columns

    def axes(self, page: style.Page) -> Iterator[tuple[int, Axes]]:
        """Add the panels in order; yield each one's column."""
        width = self.width(page.right - page.left)
        for place in range(self.panels):
            row, column = divmod(place, self.columns)
            left = self.beside + column * (width + self.between)
            down = self.keys + self.above + row * (self.above + self.height + self.below)
            yield column, page.axes(left, down, width, self.height)


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
