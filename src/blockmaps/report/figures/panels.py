"""Rows and columns of equal panels on a page, with a key of arms above them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import style

HEIGHT, TITLE, BELOW, LEFT, BETWEEN = 2.5, 0.5, 0.62, 0.75, 0.35  # inches
BOUNDS = ("low", "high")


def body(number: int, columns: int, drawn: dict[str, style.Mark]) -> float:
    """Return the height that panels and their key take."""
    return style.key_height(drawn) + -(-number // columns) * (TITLE + HEIGHT + BELOW) - 0.15


def axes_of(
    page: style.Page, number: int, columns: int, drawn: dict[str, style.Mark], **options
) -> Iterator[Axes]:
    """Yield the panels' axes, row after row, and draw the key first.

    Parameters
    ----------
    number, columns : how many panels, and how many of them side by side.
    drawn : the arms' marks, for the key.
    options : of every axes.
    """
    style.key(page, LEFT, drawn, lines=True)
    top = style.key_height(drawn)
    width = (page.right - page.left - LEFT - (columns - 1) * (BETWEEN + LEFT)) / columns
    for place in range(number):
        row, column = divmod(place, columns)
        yield page.axes(
            LEFT + column * (width + BETWEEN + LEFT),
            top + TITLE + row * (TITLE + HEIGHT + BELOW),
            width,
            HEIGHT,
            **options,
        )


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
