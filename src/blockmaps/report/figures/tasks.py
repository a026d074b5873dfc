"""Recognition and control on one axis of the hidden proportion: where sparsity moves a model."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import multiples, returns, style, wording
from blockmaps.report.figures.returns import NAMED

HEIGHT, TITLE, BELOW = 2.3, 0.5, 0.22
NOTHING = "The tables hold no two tasks to compare"


def recognised(structures: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy of the experiment with the most structures, at its largest budget."""
    rows = structures[structures["outcome"] == "test_accuracy"]
    if rows.empty:
        return rows
    counts = rows.groupby(["experiment", "budget"])["structure"].nunique()
    experiment = counts.groupby("experiment").max().idxmax()
    budget = counts[experiment].index.max()
    return rows[(rows["experiment"] == experiment) & (rows["budget"] == budget)]


def towards(rows: pd.DataFrame) -> str:
    """Say which way uniform sparsity moves the hidden proportion from dense."""
    dense, uniform = (rows.loc[rows["arm"] == arm, "hidden_proportion"].mean() for arm in NAMED)
    if np.isnan([dense, uniform]).any():
        return ""  # one of them is not among the arms
    way = "towards" if abs(uniform - 0.5) < abs(dense - 0.5) else "away from"
    return f"{way} ½, from {dense:.2f} to {uniform:.2f}"


def _arrow(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw an arrow from dense to uniform."""
    ends = [rows.loc[rows["arm"] == arm, ["hidden_proportion", "mean"]].mean() for arm in NAMED]
    if any(end.isna().any() for end in ends):
        return
    axes.annotate(
        "",
        ends[1],
        ends[0],
        arrowprops={"arrowstyle": "->", "color": style.FAINT, "shrinkA": 6, "shrinkB": 6},
        zorder=6,
    )


@style.themed
def draw(structures: pd.DataFrame, table: pd.DataFrame) -> style.Sheet:
    """Draw accuracy and, under it, mean return against the hidden proportion, on one axis.

    Parameters
    ----------
    structures : columns in `blockmaps.analysis.summary`.
    table : columns in `blockmaps.analysis.control`.
    """
    first = recognised(structures)
    scored = table[table["outcome"] == "return"]
    if first.empty or scored.empty:
        return style.sheet(NOTHING, "", "", 0.2)
    found = [rows for _, rows in scored.groupby(["experiment", "dataset", "budget"])]
    every = [first, *found]
    marks = style.marks(pd.concat([rows["arm"] for rows in every]))
    said = {
        f"{rows['experiment'].iloc[0]}, {rows['budget'].iloc[0]:,} unknowns": towards(rows)
        for rows in every
    }
    moves = {
        name: ("making a dense model sparse moves its hidden proportion", way)
        for name, way in said.items()
        if way
    }
    runs = " and ".join(
        f"{int(rows['n'].sum()):,} ({rows['experiment'].iloc[0]})" for rows in every
    )
    keys = style.key_height(marks)
    room = {"beside": 0.75, "below": BELOW, "above": TITLE, "right": 0.1, "under": 0.3}
    layout = multiples.Multiples(len(every), 1, HEIGHT, keys=keys, **room)
    sheet = style.sheet(
        moves or "Tasks on one axis of the hidden proportion",
        "Accuracy of recognition above, return in the simulator below, against the realised hidden "
        "proportion; arrows from dense to uniform",
        f"Runs: {runs}. Bars: 95 % over seed indices. Above: the experiment with the most "
        "structures, at its largest budget. Dashed: the expert's mean with sampled actions; "
        "dotted: ½.",
        layout.body,
    )
    style.key(sheet, layout.beside, marks, lines=False)
    cells = scored["hidden_proportion"].isna().any() or first["hidden_proportion"].isna().any()
    for place, (rows, (_, axes)) in enumerate(zip(every, layout.axes(sheet), strict=True)):
        name = f"{rows['experiment'].iloc[0]}, {rows['budget'].iloc[0]:,} unknowns"
        n = wording.several(rows["n"].min(), rows["n"].max())
        about = f"{wording.counted(len(rows), 'structure')}, {n} runs each"
        style.panel_title(axes, name, about)
        returns.draw_structures(axes, rows, marks)
        _arrow(axes, rows)
        axes.axvline(0.5, color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        values = pd.concat([rows["mean"], rows["low"], rows["high"]]).dropna()
        axes.set_ylim(*style.padded(values, 0.1))
        if place:
            expert = pd.concat([values, rows["expert"]])
            axes.set_ylim(*style.padded(expert, 0.08))
            returns.expert_line(axes, rows)
            returns.returns_axis(axes)
            axes.set_ylabel("mean return")
        else:
            style.percent_axis(axes)
            axes.set_ylabel("test accuracy")
        returns.proportion_axis(axes, cells)
        if place < len(every) - 1:
            axes.set_xlabel("")
    return sheet
