"""Test accuracy by structure, ordered, above the densities of its six blocks."""

import numpy as np
import pandas as pd
import seaborn

from blockmaps.analysis.summary import by_structure, final_outcomes, without_repeats
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome
from blockmaps.results.outcome import Outcome

HEIGHT, ROW, GAP = 1.5, 0.14, 0.12  # inches
REFERENCES = ("dense", "uniform")
PITCH = 8.5 / 72  # inches that a structure's name takes


def _densities(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the densities of the six blocks by pattern, a mean over budgets."""
    columns = [f"density_{name}" for name in RNN_BLOCKS]
    return outcomes.groupby("pattern")[columns].mean().set_axis(RNN_BLOCKS, axis=1)


def _ordered(means: pd.DataFrame) -> list[str]:
    """Order structures by their mean over panels, each panel's own mean taken off first."""
    panel = means.groupby(["experiment", "budget"])["mean"]
    order = (means["mean"] - panel.transform("mean")).groupby(means["structure"]).mean()
    return order.sort_values(kind="stable").index.tolist()


def clear(means: pd.DataFrame) -> tuple[str, str, int, int, int] | None:
    """Count structures whose intervals lie clear of dense's, None without such intervals.

    Returns
    -------
    What is counted, against which arm, of how many, above and below.
    """
    arms = means.set_index("arm")
    reference = next((arm for arm in REFERENCES if arm in arms.index), None)
    if reference is None:
        return None
    base = arms.loc[[reference]].iloc[0]
    others, group = means[means["arm"] != reference], "other structures"
    if (means["arm"] == "mixed").any():
        others, group = means[means["arm"] == "mixed"], "mixed structures"
    if others["low"].isna().all() or np.isnan(base["low"]):
        return None
    above, below = (others["low"] > base["high"]).sum(), (others["high"] < base["low"]).sum()
    return group, reference, len(others), int(above), int(below)


def finding(means: pd.DataFrame, judged: Outcome = outcome.ACCURACY) -> tuple[str, str]:
    """Say how many structures of a panel are clear of dense, their intervals lying apart."""
    means = means.dropna(subset="mean")
    if means.empty:
        return wording.NOTHING, ""
    found = clear(means)
    if found is None:
        low, high = means["mean"].min(), means["mean"].max()
        ends = f"{judged.write(low)} to {judged.write(high)}"
        return f"mean {judged.said} of structures ranges from", ends
    group, reference, number, above, below = found
    return f"of {number} {group}, clear of {reference}:", f"{above} above and {below} below"


def title(panels: list[pd.DataFrame]) -> str:
    """Say how many structures are clear of dense, over all panels."""
    panels = [means.dropna(subset="mean") for means in panels]
    if not any(map(len, panels)):
        return wording.NOTHING
    counted = [found for found in map(clear, panels) if found is not None]
    if not counted:
        return "Accuracy by structure, with too few seeds to tell them from dense"
    numbers = [one[2:] for one in counted]
    number, above, below = (sum(column) for column in zip(*numbers, strict=True))
    group, reference = (
        counted[0][:2] if len({one[:2] for one in counted}) == 1 else ("structures", "dense")
    )
    return f"Clearly above {reference}: {above} of {number} {group}; clearly below: {below}"


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy after the last epoch by structure, a panel a budget and experiment.

    The 64 structures of the factorial design if the table has them, otherwise all there are.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    runs = without_repeats(runs)
    outcomes, means = final_outcomes(runs), by_structure(runs, ["test_accuracy"])
    judged = outcome.of(outcomes)
    factorial = outcomes.loc[outcomes["design"] == "factorial", "pattern"].unique()
    if len(factorial):
        outcomes = outcomes[outcomes["pattern"].isin(factorial)]
        means = means[means["structure"].isin(factorial)]
    found = list(wording.panels(means)) or [("any budget", means)]
    order = _ordered(means) or sorted(outcomes["pattern"].unique())
    place = {structure: number + 0.5 for number, structure in enumerate(order)}
    named = not len(factorial) and (style.WIDTH - 0.8) / len(order) > PITCH
    names = 0.07 * max(map(len, order)) + 0.05 if named else 0.0
    matrix = ROW * len(RNN_BLOCKS)
    bands = (
        "Bars: 95 % t intervals, variance between seeds pooled over a budget's patterns, on the "
        "logit beyond 0 and 100 %, not corrected for the number of structures; clear: bars do not "
        "overlap."
    )
    if means["low"].isna().all():
        bands = "No intervals: one seed a pattern."
    grid = facets.Arrangement(
        columns=1, height=HEIGHT, share_y=False, below=GAP + matrix + names + 0.3
    )
    marks = style.marks(outcomes["arm"])
    sheet, panels = facets.draw(
        (
            title([rows for _, rows in found]),
            f"{judged.said_first}, the mean of each structure, and the densities of its six blocks "
            "(target source)",
            wording.facts(outcomes, bands),
        ),
        [wording.panel(name, wording.counted(len(rows), "structure")) for name, rows in found],
        [(pd.concat(_points(name, rows, place) for name, rows in found), ["range", "dots"])],
        marks,
        grid,
        ("", judged.said),
        {name: finding(rows, judged) for name, rows in found},
    )
    for (_, rows), (_, axes) in zip(found, panels, strict=True):
        low, high = style.shown(pd.concat([rows["mean"], rows["low"], rows["high"]]), outcomes)
        axes.set_ylim(low, high)
        axes.set_xlim(0, len(order))
        axes.set_xticks([])
        style.chance_line(axes, outcomes, low, over=True)  # the best are right
        style.outcome_axis(axes, judged)
        for arm, own in rows[rows["arm"].isin(REFERENCES)].groupby("arm"):
            for at in own["structure"].map(place):
                axes.axvspan(at - 0.5, at + 0.5, color=marks[arm].color, alpha=0.13, linewidth=0)
    down = grid.body(len(found), style.key_height(marks)) - grid.below + GAP
    wide = grid.width(len(found))
    axes = sheet.axes(grid.left - style.MARGIN, down, wide, matrix)
    several = " over budgets" if len(found) > 1 else ""
    _matrix(axes, _densities(outcomes).loc[order], order if named else False)
    axes.set_xlabel(f"structures, ordered by their mean{several}; density: white 0, black 1")
    return sheet


def _points(name: str, rows: pd.DataFrame, place: dict[str, float]) -> pd.DataFrame:
    at = rows["structure"].map(place)
    return facets.rows(name, rows["arm"], at, rows["mean"], rows["low"], rows["high"], rows.index)


def _matrix(axes, densities: pd.DataFrame, names) -> None:
    """Draw a square a block and structure, the darker the denser."""
    look = {"cmap": "Greys", "vmin": 0, "vmax": 1, "cbar": False, "xticklabels": names}
    look["yticklabels"] = RNN_BLOCKS
    seaborn.heatmap(densities.T, ax=axes, linewidths=0.6, linecolor="#c8c8c8", **look)
    axes.tick_params(length=0, pad=3, labelsize=8)
    axes.tick_params(axis="y", rotation=0)
    axes.grid(False)
    axes.set_ylabel("")
