"""Recognition and control on one axis of the hidden proportion: where sparsity moves a model."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import facets, returns, style, wording
from blockmaps.report.figures.returns import NAMED

GRID = facets.Arrangement(columns=1, height=1.9, share_y=False, left=0.85)
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
    """Say which way uniform sparsity moves the hidden proportion from dense, "" without both."""
    dense, uniform = (rows.loc[rows["arm"] == arm, "hidden_proportion"].mean() for arm in NAMED)
    if np.isnan([dense, uniform]).any():
        return ""
    way = "towards" if abs(uniform - 0.5) < abs(dense - 0.5) else "away from"
    return f"{way} ½, from {dense:.2f} to {uniform:.2f}"


def title(ways: dict[str, str]) -> str:
    """Say which way sparsity leads in every experiment."""
    said: dict[str, list[str]] = {}
    for name, way in ways.items():
        experiment, direction = name.partition(", ")[0], way.partition(" ½")[0]
        if way and experiment not in said.setdefault(direction, []):
            said[direction].append(experiment)
    if not said:
        return "Tasks on one axis of the hidden proportion"
    ends = ", ".join(f"{way} ½ in {' and '.join(names)}" for way, names in said.items())
    whole = f"Sparsity moves the hidden proportion {ends}"
    if style.fits(whole):
        return whole
    toward, many = len(said.get("towards", [])), sum(map(len, said.values()))
    return f"Sparsity moves the hidden proportion towards ½ in {toward} of {many} tasks"


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
        return style.nothing(NOTHING)
    every = [first, *(rows for _, rows in scored.groupby(["experiment", "dataset", "budget"]))]
    names = [f"{one['experiment'].iloc[0]}, {one['budget'].iloc[0]:,} unknowns" for one in every]
    ways = dict(zip(names, map(towards, every), strict=True))
    runs = " and ".join(
        f"{int(rows['n'].sum()):,} ({rows['experiment'].iloc[0]})" for rows in every
    )
    sheet, panels = facets.draw(
        (
            title(ways),
            "Accuracy of recognition above, return in the simulator below, against the realised "
            "hidden proportion; arrows from dense to uniform",
            f"Runs: {runs}. Bars: 95 % over seed indices. Above: the experiment with the most "
            "structures, at its largest budget. Dashed: the expert's mean with sampled actions; "
            "dotted: ½.",
        ),
        [
            wording.panel(
                name,
                f"{wording.counted(len(rows), 'structure')}, "
                f"{wording.several(rows['n'].min(), rows['n'].max())} runs each",
            )
            for name, rows in zip(names, every, strict=True)
        ],
        [(pd.concat(map(returns.points, names, every)), ["range", "dots"])],
        style.marks(pd.concat([rows["arm"] for rows in every])),
        GRID,
        ("hidden proportion (realised)", "value"),
        {
            name: ("making a dense model sparse moves its hidden proportion", way)
            for name, way in ways.items()
        },
    )
    cells = any(rows["hidden_proportion"].isna().any() for rows in every)
    for place, (rows, (_, axes)) in enumerate(zip(every, panels, strict=True)):
        returns.proportion_axis(axes, cells)
        axes.axvline(0.5, color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        _arrow(axes, rows)
        if place:
            returns.value_axis(axes, rows)
            returns.expert_line(axes, rows)
            axes.set_ylabel("mean return")
        else:
            axes.set_ylim(*style.padded(rows[["mean", "low", "high"]].stack(), 0.1))
            style.percent_axis(axes)
            axes.set_ylabel("test accuracy")
    return sheet
