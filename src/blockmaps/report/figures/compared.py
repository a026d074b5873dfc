"""Differences between two folders' runs, arm by arm: a forest plot."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

PANEL = ["experiment", "budget", "initialisation"]
ROW = 0.19  # inches
GRID = facets.Arrangement(columns=1, left=1.9, right=2.2, above=0.0)
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


def _numbers(row: pd.Series) -> str:
    """Write a difference, its interval and n beside its bar."""
    text = f"{row['estimate'] + 0.0:+.2f}"
    if np.isfinite(row["low"]):
        text += f" [{row['low'] + 0.0:.2f}, {row['high'] + 0.0:.2f}]"
    return f"{text}, n = {row['n']}".replace("-", "−").replace("+0.00", "0.00")


def _points(rows: pd.DataFrame, end: float) -> pd.DataFrame:
    """Return the differences with their intervals, cut where the axis ends."""
    low, high = (rows[name].astype(float).clip(-end, end) for name in ("low", "high"))
    return facets.rows("", rows["arm"], rows["estimate"], rows["y"], low, high, rows.index)


def _title(arms: pd.DataFrame) -> str:
    """Count the arms that moved."""
    tested = int(arms["p"].notna().sum())
    if not tested:
        return "Not told whether an arm moved: too few pairs"
    return f"{int(arms['moved'].sum())} of {wording.counted(tested, 'arm')} moved"


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
    if rows.empty:
        none = f"{wording.counted(others, 'arm')} in another unit"
        return style.sheet(_title(arms), f"{none} are not drawn" if others else finding, "", 0.2)
    first = rows.groupby(PANEL, sort=False).ngroup()
    # a line an arm, and one above each block for its name
    rows = rows.assign(y=np.arange(len(rows)) + first.to_numpy() + 1.0)
    end, marks = limit(rows), style.marks(rows["arm"])
    runs = wording.counted(int(rows["shared"].sum()), "run")
    pairing = " or ".join(sorted(set(rows["by"])))
    grid = GRID._replace(height=ROW * (rows["y"].max() + 1))
    sheet, panels = facets.draw(
        (
            _title(arms),
            f"{judged.said_first} after the last epoch, {names.second} less {names.first}, in "
            f"{judged.unit}",
            f"{finding} {runs} of the same variant in both. Compared by {pairing}; n: pairs of "
            "patterns where an arm samples them (even, mixed …), else of seeds and replicates. "
            "Bars: 95 %, Student's t, each by itself; none where the runs of an arm agree. Filled: "
            "moved, after Holm over all arms."
            + (f" {wording.counted(others, 'arm')} in another unit are not drawn." * bool(others)),
        ),
        [wording.Panel("", "", "")],
        [
            (_points(rows, end), ["across"]),
            (_points(rows[rows["moved"]], end), ["dots"]),
            (_points(rows[~rows["moved"]], end), ["open"]),
        ],
        marks,
        grid,
        (f"{judged.unit}: ← {names.first} higher, {names.second} higher →", ""),
        key={},
    )
    ((_, axes),) = panels
    axes.axvline(0, color=style.INK, linewidth=1, zorder=1.5)
    axes.set(xlim=(-end, end), ylim=(rows["y"].max() + 0.7, -0.6))
    several = rows["iterations"].map("{:g}".format).where(rows["iterations"].notna())
    axes.set_yticks(rows["y"], rows["arm"] + (", K = " + several).fillna(""))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    style.written(axes.xaxis, lambda value: f"{value:+g}" if abs(value) > 1e-9 else "0")
    left = axes.get_yaxis_transform()
    for (experiment, budget, start), own in rows.groupby(PANEL, sort=False):
        unknowns = f", {budget:,} unknowns" if budget else ""
        at = (0, own["y"].min() - 1)
        look: dict[str, Any] = {"va": "center", "weight": "bold", "color": style.INK}
        style.note(axes, f"{experiment}{unknowns}, {start}", at, left, (4, 0), **look)
    for _, row in rows.iterrows():
        weight = "bold" if row["moved"] else "normal"
        look = {"va": "center", "annotation_clip": False, "color": style.INK, "weight": weight}
        style.note(axes, _numbers(row), (1, row["y"]), left, (8, 0), **look)
    return sheet
