"""Panels of one kind, drawn by seaborn: facets of lines with bands and of points with intervals.

What is drawn is a table with a row a point, in the columns panel, arm, x, y, low and high:
intervals are the analysis' own, handed over as data.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from blockmaps.report.figures import style, wording

ABOVE, BETWEEN, BELOW, LEFT, RIGHT = 0.46, 0.2, 0.5, 0.78, 0.08  # inches around panels
_UPRIGHT = {"ymin": "low", "ymax": "high"}
# What a table is drawn as, one over another: seaborn's mark, and what it reads beside x and y.
LAYERS = {
    "band": (so.Band(alpha=0.16), _UPRIGHT),
    "line": (so.Line(linewidth=1.7, pointsize=5), {}),
    "range": (so.Range({"zorder": 3, "capstyle": "butt"}, linewidth=1.4), _UPRIGHT),
    "across": (
        so.Range({"zorder": 3}, linewidth=1.3),
        {"xmin": "low", "xmax": "high", "orient": "y"},
    ),
    "dots": (so.Dot({"zorder": 4}, pointsize=5.5, edgewidth=0), {}),
    "open": (so.Dot({"zorder": 4}, pointsize=5.5, fill=False, edgewidth=1.2), {}),
    "cloud": (so.Dot({"zorder": 2.5}, pointsize=4.5, alpha=0.75, edgewidth=0), {}),
}
_WITH_MARKER = ("dots", "open", "cloud")
MARKED = 10  # markers on a line


class Arrangement(NamedTuple):
    """How panels are laid out; lengths in inches.

    Attributes
    ----------
    columns : where there are as many panels.
    height : of a panel.
    share_x, share_y : whether all panels have one scale.
    left, right, below : room at the left of the first column (of every one if y is not shared), at
        the right of the last, and under the last row (under each if x is not shared).
    """

    columns: int = 3
    height: float = 2.3
    share_x: bool = True
    share_y: bool = True
    left: float = LEFT
    right: float = RIGHT
    below: float = BELOW
    above: float = ABOVE

    def side(self, panels: int) -> tuple[int, int]:
        """Return rows and columns."""
        columns = max(min(panels, self.columns), 1)
        return max(-(-panels // columns), 1), columns

    def width(self, panels: int) -> float:
        """Return a panel's width."""
        _, columns = self.side(panels)
        gap = BETWEEN if self.share_y else self.left
        whole = style.WIDTH - self.left - self.right - gap * (columns - 1)
        return whole / columns

    def body(self, panels: int, keys: float = 0.0) -> float:
        """Return the height of all rows below a key."""
        rows, _ = self.side(panels)
        gaps = (rows - 1) * (0.12 if self.share_x else self.below)
        return keys + rows * (self.above + self.height) + gaps + self.below

    def place(self, part: SubFigure, panels: int, keys: float) -> None:
        """Set the margins of a figure's part that the panels are in."""
        body = self.body(panels, keys)
        gap = BETWEEN if self.share_y else self.left
        under = self.above + (0.12 if self.share_x else self.below)
        part.subplots_adjust(
            left=self.left / style.WIDTH,
            right=1 - self.right / style.WIDTH,
            top=1 - (keys + self.above) / body,
            bottom=self.below / body,
            wspace=gap / self.width(panels),
            hspace=under / self.height,
        )


def scales(grid: Arrangement, panels: int) -> str:
    """Say which scales differ between panels, for the facts."""
    differ = [name for name, one in zip("xy", grid[2:4], strict=True) if not one]
    many = panels > 1 and differ
    return f" Panels differ in their scale of {' and '.join(differ)}." if many else ""


def draw(
    said: tuple[str, str, str],
    panels: Sequence[wording.Panel],
    drawn: Sequence[tuple[pd.DataFrame, Sequence[str]]],
    marks: Mapping[str, style.Mark],
    grid: Arrangement,
    labels: tuple[str, str],
    found: wording.Findings | None = None,
    key: Mapping[str, style.Mark] | None = None,
) -> tuple[style.Sheet, Iterator[tuple[wording.Panel, Axes]]]:
    """Draw panels on a sheet of their own.

    Parameters
    ----------
    said : title, subtitle, facts.
    drawn : tables, each with the layers that it is drawn as.
    marks : of every arm in the tables.
    labels : of x and y.
    found : the finding by panel.
    key : what the key shows; the marks if not given, nothing if empty.

    Returns
    -------
    The sheet, and every panel with its axes.
    """
    shown = dict(marks if key is None else key)
    lined = {arm for table, layers in drawn if "line" in layers for arm in table["arm"]}
    lines = bool(lined & set(shown))
    keys, many = style.key_height(shown), len(panels)
    title, subtitle, facts = said
    facts += scales(grid, many)
    sheet = style.sheet(title, subtitle, facts, grid.body(many, keys), found)
    part = sheet.part()
    plot = _plotted(part, panels, drawn, marks, grid, labels)
    grid.place(part, many, keys)
    if shown:
        style.key(sheet, grid.left - style.MARGIN, shown, lines)
    made, (_, columns) = list(zip(panels, plot, strict=True)), grid.side(many)
    for place, (panel, axes) in enumerate(made, 1):
        beside = BETWEEN - 0.1 if place % columns else grid.right - 0.04
        style.panel_title(axes, panel.heading, panel.about, grid.width(many) + beside)
    return sheet, iter(made)


def _plotted(part, panels, drawn, marks, grid, labels) -> list[Axes]:
    """Let seaborn draw the tables; return the panels' axes in their order."""
    every = (
        pd.concat([table for table, _ in drawn], ignore_index=True)
        if drawn
        else rows("", "", [], [])
    )
    if every["y"].isna().all():
        axes = part.subplots(*grid.side(len(panels)), squeeze=False).ravel()
        for one in axes[len(panels) :]:
            one.remove()
        return list(axes[: len(panels)])
    every = every.astype({"panel": object, "arm": object})  # quicker than strings
    names, start = [panel.name for panel in panels], 0
    arms = [arm for arm in marks if arm in set(every["arm"])]
    plot = (
        so.Plot(every, x="x", y="y", color="arm")
        .on(part)
        .facet("panel", order=names, wrap=grid.side(len(panels))[1])
        .share(x=grid.share_x, y=grid.share_y)
        .scale(
            x=so.Continuous(),
            y=so.Continuous(),
            color=so.Nominal([marks[arm].color for arm in arms], order=arms),
            marker=so.Nominal([marks[arm].marker or "o" for arm in arms], order=arms),
        )
        .label(title=lambda _: "", x=labels[0], y=labels[1])
        .theme(style.THEME)
    )
    for table, layers in drawn:
        own, start = every.iloc[start : start + len(table)], start + len(table)
        for name in layers:
            mark, read = LAYERS[name]
            read = {"x": "x", "y": "y", "color": "arm"} | read
            read |= {"marker": "arm"} if name in _WITH_MARKER else {}
            plot = plot.add(mark, data=own, legend=False, **read)
    plot.plot()
    by_color = {marks[arm].color.lower(): marks[arm] for arm in reversed(arms)}
    for axes in part.axes:
        for line in axes.lines:  # seaborn would cross every marker with every line
            mark = by_color[_hex(line.get_color())]
            every_few = max(1, len(line.get_xdata()) // MARKED)
            line.set(linestyle=mark.line, marker=mark.marker or "", markevery=every_few)
            line.set(markeredgewidth=0, zorder=3)
    return part.axes


def _hex(color) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in color[:3])


def rows(
    panel: str, arm: str | pd.Series, x, y, low=np.nan, high=np.nan, index=None
) -> pd.DataFrame:
    """Return points of a panel as `draw` takes them."""
    columns = {"panel": panel, "arm": arm, "x": x, "y": y, "low": low, "high": high}
    numbers = dict.fromkeys(("x", "y", "low", "high"), float)
    return pd.DataFrame(columns, index=index).astype({"panel": object} | numbers)


def intervals(panel: str, arm: str | pd.Series, x: pd.Series, table: pd.DataFrame, of: str):
    """Return a table's values with their bounds, which are named low and high or after the value.

    Parameters
    ----------
    of : the column of the values.
    """
    low, high = (
        table[name if name in table else f"{of}_{name}"].astype(float) for name in ("low", "high")
    )
    return rows(panel, arm, x, table[of], low, high, table.index)


def level(panel: str, arm: str, table: pd.DataFrame, of: str, ends: tuple[float, float]):
    """Return what does not depend on x as a line from end to end, with its interval as a band."""
    twice = table.loc[table.index.repeat(2)].reset_index(drop=True)
    return intervals(panel, arm, pd.Series(list(ends) * len(table), dtype=float), twice, of)


def apart(x: pd.Series, place: int, many: int, gap: float) -> pd.Series:
    """Move an arm's points aside, so that their bars stand beside each other."""
    return x + (place - (many - 1) / 2) * gap


def legible(axes: Axes) -> None:
    """Write each number of a heat map dark on light cells and white on dark ones.

    The line between them is where both contrasts are the same (WCAG 2: luminance 0.18); seaborn's
    leaves white on mid tones.
    """
    cells = axes.collections[0]
    there = ~np.ma.getmaskarray(np.ma.asarray(cells.get_array())).ravel()
    colors = np.asarray(cells.get_facecolor())[there, :3]
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    bright = linear @ [0.2126, 0.7152, 0.0722]
    for text, light in zip(axes.texts[-len(bright) :], bright, strict=True):
        text.set_color("black" if light > 0.18 else "white")
