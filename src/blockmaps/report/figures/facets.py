"""Panels of one kind, drawn by seaborn: lines with bands, points with intervals, heat maps.

A figure is a declaration: its words, its panels, the layers that tables are drawn as, and its two
axes. A layer's table has a row a point: its panel, its arm, what its columns x and y are, and the
analysis' own interval, handed over as data.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import seaborn
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from blockmaps.report.figures import style, wording
from blockmaps.results import outcome

ABOVE, BETWEEN, BELOW, LEFT, RIGHT = 0.46, 0.2, 0.5, 0.78, 0.08  # inches around panels
BELOW_CHANCE = 14  # points that the name of chance takes below its line
_UPRIGHT = {"ymin": "low", "ymax": "high"}
# What a table is drawn as, one over another: seaborn's mark, and what it reads beside x and y.
KINDS = {
    "band": (so.Band(alpha=0.16), _UPRIGHT),
    "line": (so.Line(linewidth=1.7, pointsize=5), {}),
    "range": (so.Range({"zorder": 3, "capstyle": "butt"}, linewidth=1.4), _UPRIGHT),
    "across": (
        so.Range({"zorder": 3}, linewidth=1.3),
        {"xmin": "low", "xmax": "high", "orient": "y"},
    ),
    "dots": (so.Dot({"zorder": 4}, pointsize=5.5, edgewidth=0), {"marker": "arm"}),
    "open": (so.Dot({"zorder": 4}, pointsize=5.5, fill=False, edgewidth=1.2), {"marker": "arm"}),
    "cloud": (so.Dot({"zorder": 2.5}, pointsize=4.5, alpha=0.75, edgewidth=0), {"marker": "arm"}),
}
MARKED = 10  # markers on a line
_UP = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class PanelLayer(NamedTuple):
    """A table and what it is drawn as: names of `KINDS`, and its columns of x and y."""

    kinds: str
    table: pd.DataFrame
    x: str
    y: str

    @property
    def points(self) -> pd.DataFrame:
        """A row a point; bounds are the columns low and high, or named after the value."""
        of = self.x if "across" in self.kinds else self.y
        read = {"panel": "panel", "arm": "arm", "x": self.x, "y": self.y}
        for name in ("low", "high"):
            read[name] = f"{of}_{name}" if f"{of}_{name}" in self.table else name
        found = pd.DataFrame({to: self.table.get(name, np.nan) for to, name in read.items()})
        kinds: dict[str, Any] = dict.fromkeys(("x", "y", "low", "high"), float)
        return found.astype(kinds | {"panel": object, "arm": object})  # quicker than strings


class PanelAxis(NamedTuple):
    """One of the two axes of all panels.

    Attributes
    ----------
    limits : of all panels, or of each by its name; seaborn's, with a margin, if left out.
    ticks : places and what is written there; at most `most` round ones if left out.
    names : whether the places are rows with names, from the top down.
    line : where a line crosses the panels.
    """

    label: str = ""
    limits: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None
    ticks: Mapping[float, str] | None = None
    write: Callable[[float], str] = "{:g}".format
    most: int = 8
    log: bool = False
    names: bool = False
    line: float | None = None

    def apply(self, axes: Axes, name: Literal["x", "y"], panel: str) -> None:
        """Set the axis of a panel that is called x or y."""
        axis = getattr(axes, f"{name}axis")
        limits = self.limits[panel] if isinstance(self.limits, Mapping) else self.limits
        axes.set(**{f"{name}scale": "log"} if self.log else {})
        axes.set(**{f"{name}lim": limits} if limits else {})
        axis.set_minor_formatter(NullFormatter())
        if (ticks := self.ticks) is not None:
            axis.set_major_locator(FixedLocator(list(ticks)))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda at, _: ticks.get(at, "")))
        else:
            round_ones = MaxNLocator(self.most, steps=[1, 2, 2.5, 5, 10])
            axis.set_major_locator(LogLocator(numticks=9) if self.log else round_ones)
            axis.set_major_formatter(FuncFormatter(lambda at, _: wording.minus(self.write(at))))
        if self.line is not None:
            {"x": axes.axvline, "y": axes.axhline}[name](self.line, **_ACROSS)
        if self.names:
            axes.tick_params(axis=name, length=0, which="both")
            axis.set_minor_locator(FixedLocator([at + 0.5 for at in self.ticks or ()][:-1]))
            axes.grid(True, axis=name, which="minor")
            axes.grid(False, axis=name)
            axes.grid(True, axis="x")


_NO_MARKS: dict[str, style.Mark] = {}
_PLAIN = PanelAxis()
_ACROSS: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.9, "zorder": 2}


def percent(share: float) -> str:
    """Write a share in percent, with as many decimals as it needs."""
    return f"{100 * share:.4g} %"


def power(value: float) -> str:
    """Write a power of ten, as 10⁻³, without mathtext."""
    exponent = round(np.log10(value))
    return "10" + str(exponent).translate(_UP) if exponent < 0 else f"{10.0**exponent:g}"


def rows(names: Sequence[str]) -> PanelAxis:
    """Return a y axis of rows with names, from the top down: the first is at 0."""
    return PanelAxis("", (len(names) - 0.5, -0.5), dict(enumerate(names)), names=True)


def aside(at: pd.Series, arms: pd.Series, order: Sequence[str], gap: float) -> pd.Series:
    """Move each arm's points aside, so that their bars stand beside each other."""
    return at + gap * (arms.map(list(order).index) - (len(order) - 1) / 2)


def score(outcomes: pd.DataFrame, *values: pd.Series) -> PanelAxis:
    """Return the y axis of an outcome: from chance on, unless that is far below all values.

    Far is further than half again the range of the values, which would press them into a strip.

    Parameters
    ----------
    outcomes : the `final_outcomes` that the values are of.
    """
    judged = outcome.of(outcomes)
    chance = judged.chance(outcomes["outputs"].max())
    drawn = judged.drawn(pd.concat(values)).dropna()
    low, high = (drawn.min(), drawn.max()) if len(drawn) else (0.0, 1.0)
    low = low if low - chance > 1.5 * (high - low) else min(low, chance)
    room = 0.1 * (max(high, chance) - low) or 0.05
    write = percent if judged.scale == 100 else "{:.4g}".format
    return PanelAxis(judged.said, (low - room, max(high, low) + room), write=write)


class PanelGrid(NamedTuple):
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

    @property
    def gaps(self) -> tuple[float, float]:
        """Between columns and between rows."""
        return BETWEEN if self.share_y else self.left, 0.12 if self.share_x else self.below

    def width(self, panels: int) -> float:
        """Return a panel's width."""
        _, columns = self.side(panels)
        return (style.WIDTH - self.left - self.right - self.gaps[0] * (columns - 1)) / columns

    def body(self, panels: int, keys: float = 0.0) -> float:
        """Return the height of all rows below a key."""
        lines, _ = self.side(panels)
        return keys + lines * (self.above + self.height) + (lines - 1) * self.gaps[1] + self.below

    def box(self, place: int, panels: int, keys: float = 0.0) -> style.Box:
        """Return a panel's left, down, width and height, as `Sheet.box` takes them."""
        line, column = divmod(place, self.side(panels)[1])
        wide, down = self.width(panels), self.above + self.height + self.gaps[1]
        left = self.left - style.MARGIN + column * (wide + self.gaps[0])
        return left, keys + self.above + line * down, wide, self.height

    @property
    def scales(self) -> str:
        """Say which scales differ between panels, for the facts."""
        differ = [one for one, shared in (("x", self.share_x), ("y", self.share_y)) if not shared]
        return f" Panels differ in their scale of {' and '.join(differ)}." if differ else ""


def draw(
    title: str,
    caption: str,
    facts: str,
    found: wording.Findings,
    panels: Mapping[str, str],
    layers: Sequence[PanelLayer] = (),
    marks: Mapping[str, style.Mark] = _NO_MARKS,
    x: PanelAxis = _PLAIN,
    y: PanelAxis = _PLAIN,
    *,
    grid: PanelGrid,
    key: Mapping[str, style.Mark] | None = None,
    chance: pd.DataFrame | None = None,
) -> style.Sheet:
    """Draw panels on a sheet of their own; without layers they are left for heat maps.

    Parameters
    ----------
    found : the finding by panel: its numbers begin the facts.
    panels : their names, and what is added in small. The first part of a name is its heading.
    marks : of every arm in the layers.
    key : what the key shows, of the arms that there are; the marks if not given.
    chance : runs by panel, to draw what knows nothing.
    """
    there = {arm for one in layers for arm in one.table["arm"]}
    lined = {arm for one in layers if "line" in one.kinds.split() for arm in one.table["arm"]}
    shown = {
        arm: mark if arm in lined else mark._replace(line="")
        for arm, mark in (marks if key is None else key).items()
        if arm in there
    }
    keys, many = style.key_height(shown), len(panels)
    facts += grid.scales if many > 1 else ""
    sheet = style.sheet(title, caption, facts, grid.body(many, keys), found)
    plot = _plotted(sheet, list(panels), layers, marks, grid, (x.label, y.label))
    sheet = sheet._replace(panels=dict(zip(panels, plot, strict=True)))
    for name, axes in sheet.panels.items():
        x.apply(axes, "x", name)
        y.apply(axes, "y", name)
    grid = _with_room(sheet, grid, keys)
    if shown:
        style.key(sheet, grid.left - style.MARGIN, shown)
    for place, (name, axes) in enumerate(sheet.panels.items()):
        if chance is not None:
            _chance_line(axes, chance[chance["panel"] == name])
        last = (place + 1) % grid.side(many)[1] == 0
        room = grid.width(many) + (grid.right - 0.04 if last else BETWEEN - 0.1)
        heading, _, about = name.partition(", ")
        style.panel_title(axes, heading, "; ".join(filter(None, [about, panels[name]])), room)
    return sheet


def _with_room(sheet: style.Sheet, grid: PanelGrid, keys: float) -> PanelGrid:
    """Put the panels where the grid says, with more room at the left where y's words need it."""

    def put(grid: PanelGrid) -> None:
        for place, axes in enumerate(sheet.panels.values()):
            axes.set_position(sheet.box(*grid.box(place, len(sheet.panels), keys)))

    put(grid)
    # where y is shared, the first column alone has its words
    apart = grid.side(len(sheet.panels))[1] if grid.share_y else 1
    dots, inside = sheet.figure.dpi, grid.left - 0.02
    over = 0.0
    for axes in list(sheet.panels.values())[::apart]:
        words = axes.yaxis.get_tightbbox()
        if words is not None:
            over = max(over, (axes.get_window_extent().x0 - words.x0) / dots - inside)
    if over > 0:
        grid = grid._replace(left=grid.left + over)
        put(grid)
    return grid


def _plotted(sheet, panels, layers, marks, grid, labels) -> list[Axes]:
    """Let seaborn draw the layers; return the panels' axes in their order."""
    points = [one.points.assign(layer=number) for number, one in enumerate(layers)]
    every = pd.concat([pd.DataFrame({"panel": panels, "arm": None}), *points], ignore_index=True)
    there = [arm for arm in marks if arm in set(every["arm"])]
    plot = (
        so.Plot(every)
        .on(sheet.figure)
        .facet("panel", order=panels, wrap=grid.side(len(panels))[1])
        .share(x=grid.share_x, y=grid.share_y)
        .scale(
            color=so.Nominal([marks[arm].color for arm in there], order=there),
            marker=so.Nominal([marks[arm].marker or "o" for arm in there], order=there),
        )
        .label(title=lambda _: "", x=labels[0], y=labels[1])
        .theme(style.THEME)
    )
    for number, layer in enumerate(layers):
        own = every[every["layer"] == number]
        if own["y"].notna().any():
            for name in layer.kinds.split():
                mark, read = KINDS[name]
                read = {"x": "x", "y": "y", "color": "arm"} | read
                plot = plot.add(mark, data=own, legend=False, **read)
    plot.plot()
    by_color = {marks[arm].color.lower(): marks[arm] for arm in reversed(there)}
    for axes in sheet.figure.axes:
        for line in axes.lines:  # seaborn would cross every marker with every line
            mark = by_color[to_hex(line.get_color())]
            every_few = max(1, len(line.get_xdata()) // MARKED)
            line.set(linestyle=mark.line, marker=mark.marker or "", markevery=every_few)
            line.set(markeredgewidth=0, zorder=3)
    return list(sheet.figure.axes)


def _chance_line(axes: Axes, outcomes: pd.DataFrame) -> None:
    """Draw what knows nothing with its name, or say that it lies below the axis."""
    judged, (low, high) = outcome.of(outcomes), axes.get_ylim()
    chance = judged.chance(outcomes["outputs"].iloc[0])
    name = f"{judged.chance_said}, {judged.scale * chance:.3g}{' %' if judged.scale == 100 else ''}"
    beside: dict[str, Any] = {"ha": "right", "va": "bottom"}
    if chance < low:
        style.note(axes, f"↓ {name}, is below", (1, 0), "axes fraction", (-2, 3), **beside)
        return
    axes.axhline(chance, **_ACROSS | {"linestyle": (0, (2, 2)), "zorder": 1.5})
    points = 72 * axes.get_window_extent().height / axes.figure.dpi
    if points * (chance - low) / (high - low) > BELOW_CHANCE:
        beside["va"] = "top"
    aside = -3 if beside["va"] == "top" else 2
    style.note(axes, name, (1, chance), ("axes fraction", "data"), (-2, aside), **beside)


def heat(axes: Axes, table: pd.DataFrame, labels: tuple[str, str] = ("", ""), **look) -> None:
    """Draw a table as a heat map, with each number dark on light cells and white on dark ones.

    The line between them is where both contrasts are the same (WCAG 2: luminance 0.18); seaborn's
    leaves white on mid tones.

    Parameters
    ----------
    labels : of x and y.
    look : as `seaborn.heatmap` takes it.
    """
    before = len(axes.texts)
    seaborn.heatmap(table, ax=axes, **{"cbar": False, "fmt": "", **look})
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.tick_params(length=0, labelsize=8)
    axes.tick_params(axis="y", rotation=0)
    axes.grid(False)
    if len(axes.texts) == before:
        return
    cells = axes.collections[0]
    there = ~np.ma.getmaskarray(np.ma.asarray(cells.get_array())).ravel()
    colors = np.asarray(cells.get_facecolor())[there, :3]
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    bright = linear @ [0.2126, 0.7152, 0.0722]
    for text, light in zip(axes.texts[before:], bright, strict=False):
        text.set_color("black" if light > 0.18 else "white")
