"""Differences between two folders' runs, arm by arm: a forest plot."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

PANEL = ["experiment", "budget", "initialisation"]
ROW = 0.19  # inches
SHARE = 0.9  # of the bars are to fit the axis; longer ones are cut, their numbers stand beside


class Names(NamedTuple):
    """What the two sides are called."""

    first: str
    second: str


def limit(rows: pd.DataFrame) -> float:
    """Return where the axis ends, on both sides of zero."""
    bounds = rows[["low", "high"]].abs().stack()
    bounds = bounds[np.isfinite(bounds) & (bounds > 0)]
    return 1.12 * float(np.nanmax([rows["estimate"].abs().max(), 0.5, bounds.quantile(SHARE)]))


def _numbers(row: pd.Series) -> str:
    """Write a difference, its interval and n beside its bar."""
    text = wording.estimate(row[["estimate", "low", "high"]] + 0.0, 2)
    return f"{text}, n = {row['n']}".replace("+0.00", "0.00")


@style.themed
def draw(arms: pd.DataFrame, finding: str, names: Names) -> style.Sheet:
    """Draw the difference of every arm that has an accuracy, an experiment and budget a block.

    Parameters
    ----------
    arms : columns in `comparison.arms.COLUMNS`.
    finding : the sentence above.
    names : of the two sides.
    """
    tested = wording.counted(int(arms["p"].notna().sum()), "arm")
    title = f"{int(arms['moved'].sum())} of {tested} moved"
    if arms["p"].isna().all():
        title = "Not told whether an arm moved: too few pairs"
    # one axis has one unit: of arms that are judged differently those with classes are drawn
    judged = outcome.R2 if set(arms["outcome"]) & {"accuracy", "r2"} == {"r2"} else outcome.ACCURACY
    rows = arms[arms["outcome"] == judged.name]
    others = wording.counted(len(arms) - len(rows), "arm") + " in another unit are not drawn."
    others *= len(arms) > len(rows)
    if rows.empty:
        return style.sheet(title, others.rstrip(".") or finding, "", 0.2)
    # a line an arm, and one above each block for its name
    block = rows.groupby(PANEL, sort=False).ngroup().to_numpy()
    several = rows["iterations"].map(", K = {:g}".format).where(rows["iterations"].notna(), "")
    named = (rows["arm"] + several).tolist()
    end, y = limit(rows), np.arange(len(rows)) + block + 1
    rows = rows.assign(y=y, panel="", low=rows["low"].clip(-end), high=rows["high"].clip(upper=end))
    sheet = facets.draw(
        title,
        f"{judged.said_first} after the last epoch, {names.second} less {names.first}, in "
        f"{judged.unit}",
        f"{finding} {wording.counted(int(rows['shared'].sum()), 'run')} of the same variant in "
        f"both. Compared by {' or '.join(sorted(set(rows['by'])))}; n: pairs of patterns where "
        "an arm samples them (even, mixed …), else of seeds and replicates. Bars: 95 %, "
        "Student's t, each by itself; none where the runs of an arm agree. Filled: moved, "
        f"after Holm over all arms. {others}".strip(),
        (),
        {"": ""},
        [
            facets.PanelLayer("across", rows, "estimate", "y"),
            facets.PanelLayer("dots", rows[rows["moved"]], "estimate", "y"),
            facets.PanelLayer("open", rows[~rows["moved"]], "estimate", "y"),
        ],
        style.marks(rows["arm"]),
        facets.PanelAxis(
            f"{judged.unit}: ← {names.first} higher, {names.second} higher →",
            (-end, end),
            write=lambda value: f"{value:+g}" if abs(value) > 1e-9 else "0",
            line=0,
        ),
        facets.PanelAxis("", (y.max() + 0.7, -0.6), dict(zip(y, named, strict=True)), names=True),
        grid=facets.PanelGrid(
            columns=1, height=ROW * (y.max() + 1), left=1.9, right=2.2, above=0.0
        ),
        key={},
    )
    axes = sheet.panels[""]
    left = axes.get_yaxis_transform()
    for (experiment, budget, start), own in rows.groupby(PANEL, sort=False):
        unknowns = f", {budget:,} unknowns" if budget else ""
        look: dict[str, Any] = {"va": "center", "weight": "bold", "color": style.INK}
        at = 0, own["y"].min() - 1
        style.note(axes, f"{experiment}{unknowns}, {start}", at, left, (4, 0), **look)
    uncut = arms.loc[rows.index].assign(y=y)
    for _, row in uncut.iterrows():
        weight = "bold" if row["moved"] else "normal"
        look = {"va": "center", "annotation_clip": False, "color": style.INK, "weight": weight}
        style.note(axes, _numbers(row), (1, row["y"]), left, (8, 0), **look)
    return sheet
