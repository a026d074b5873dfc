"""Differences between two folders' runs, arm by arm: a forest plot."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from blockmaps.report.figures import style, wording
from blockmaps.results import outcome

PANEL = ["experiment", "budget", "initialisation"]
ROW, HEADING, GAP = 0.185, 0.24, 0.07  # inches
NAMES, NUMBERS, BELOW = 1.75, 2.15, 0.55  # inches
SIZE = 8.5  # points
SHARE = 0.9  # of the bars are to fit the axis; longer ones are cut, their numbers stand beside


class Names(NamedTuple):
    """What the two sides are called."""

    first: str
    second: str


def limit(rows: pd.DataFrame) -> float:
    """Return where the axis ends, on both sides of zero."""
    bounds = rows[["low", "high"]].abs().to_numpy(float)
    bounds = bounds[np.isfinite(bounds) & (bounds > 0)]
    most = [rows["estimate"].abs().max(), 0.5]
    if len(bounds):
        most.append(np.quantile(bounds, SHARE))
    return 1.12 * float(np.nanmax(most))


def _signed(value: float, _: int) -> str:
    """Write a tick's number with its sign; zero has none."""
    return f"{value:+g}".replace("-", "−") if abs(value) > 1e-9 else "0"


def _numbers(row: pd.Series) -> str:
    """Write a difference, its interval and n beside its bar."""
    text = f"{row['estimate'] + 0.0:+.2f}"
    if np.isfinite(row["low"]):
        text += f" [{row['low'] + 0.0:.2f}, {row['high'] + 0.0:.2f}]"
    return f"{text}, n = {row['n']}".replace("-", "−").replace("+0.00", "0.00")


def _draw_row(axes: Axes, y: float, row: pd.Series, mark: style.Mark, end: float) -> None:
    """Draw an arm's difference and interval; filled if it moved."""
    low, high = (np.clip(row[name], -end, end) for name in ("low", "high"))
    if np.isfinite(low):
        axes.plot([low, high], [y, y], color=mark.color, linewidth=1.6, zorder=2)
    for bound, cut, sign in ((row["low"], -end, "<"), (row["high"], end, ">")):
        if abs(bound) > end:
            axes.plot(cut, y, sign, color=mark.color, markersize=4, clip_on=False, zorder=3)
    axes.plot(
        row["estimate"],
        y,
        marker=mark.marker,
        markersize=5.5,
        color=mark.color,
        markerfacecolor=mark.color if row["moved"] else "white",
        zorder=4,
    )


@style.themed
def draw(arms: pd.DataFrame, finding: str, names: Names) -> style.Sheet:
    """Draw the difference of every arm that has an accuracy, an experiment and budget a block.

    Parameters
    ----------
    arms : columns in `comparison.arms.COLUMNS`.
    finding : the sentence above.
    names : of the two sides.
    """
    # one axis has one unit: of arms that are judged differently those with classes are drawn
    judged = outcome.R2 if set(arms["outcome"]) & {"accuracy", "r2"} == {"r2"} else outcome.ACCURACY
    rows = arms[arms["outcome"] == judged.name]
    others = len(arms) - len(rows)
    panels = [(labels, own) for labels, own in rows.groupby(PANEL, sort=False)]
    body = len(panels) * (HEADING + GAP) + len(rows) * ROW
    runs = wording.counted(int(rows["shared"].sum()), "run")
    pairing = " or ".join(sorted(set(rows["by"])))
    sheet = style.sheet(
        # no line is broken within an interval
        re.sub(r"\[.*?\]", lambda one: one[0].replace(" ", wording.NO_BREAK), finding).strip("."),
        f"{judged.said_first} after the last epoch, {names.second} less {names.first}, in "
        f"{judged.unit}",
        f"{runs} of the same variant in both. Compared by {pairing}; n: pairs of patterns where an "
        "arm samples them (even, mixed …), else of seeds and replicates. Bars: 95 %, Student's t, "
        "each by itself; none where the runs of an arm agree. Filled: moved, after Holm over all "
        f"arms ({int(arms['moved'].sum())} of {int(arms['p'].notna().sum())})."
        + (f" {wording.counted(others, 'arm')} in another unit are not drawn." if others else ""),
        body + BELOW,
    )
    if rows.empty:
        return sheet
    width = sheet.right - sheet.left - NAMES - NUMBERS
    axes = sheet.axes(NAMES, 0, width, body)
    marks, end = style.marks(rows["arm"]), limit(rows)
    y = 0.0
    for (experiment, budget, start), own in panels:
        unknowns = f", {budget:,} unknowns" if budget else ""
        y += GAP + HEADING
        _write(axes, -NAMES / width, y - HEADING / 2, f"{experiment}{unknowns}, {start}", True)
        axes.axhline(y - HEADING - GAP / 2, color=style.GRID, linewidth=0.8, zorder=1)
        for _, row in own.iterrows():
            y += ROW
            middle = y - ROW / 2
            several = "" if pd.isna(row["iterations"]) else f", K = {row['iterations']}"
            _write(axes, 0.12 / width - NAMES / width, middle, row["arm"] + several)
            _draw_row(axes, middle, row, marks[row["arm"]], end)
            _write(axes, 1 + 0.12 / width, middle, _numbers(row), row["moved"])
    axes.axvline(0, color=style.INK, linewidth=1, zorder=1.5)
    axes.set_ylim(body, 0)
    axes.set_xlim(-end, end)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(FuncFormatter(_signed))
    axes.set_xlabel(f"points: ← {names.first} higher, {names.second} higher →")
    return sheet


def _write(axes: Axes, x: float, y: float, text: str, strong: bool = False) -> None:
    """Write beside the axes: x in their widths, y in inches from their top."""
    axes.text(
        x,
        y,
        text,
        transform=axes.get_yaxis_transform(),
        size=SIZE,
        weight="bold" if strong else "normal",
        va="center",
        ha="left",
        clip_on=False,
        path_effects=style.HALO,
    )
