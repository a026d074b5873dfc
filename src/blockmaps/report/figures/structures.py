"""Test accuracy by structure, ordered, above the densities of its six blocks."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.analysis.summary import by_structure, final_outcomes, without_repeats
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import Multiples
from blockmaps.results import outcome
from blockmaps.results.outcome import Outcome

PANEL_HEIGHT, TITLE, BESIDE = 1.75, 0.4, 0.68
ROW, GAP = 0.14, 0.2
NAMED = ("dense", "uniform")
REFERENCES = ("dense", "uniform")


def _densities(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the densities of the six blocks by pattern, a mean over budgets."""
    columns = [f"density_{name}" for name in RNN_BLOCKS]
    return outcomes.groupby("pattern")[columns].mean().set_axis(RNN_BLOCKS, axis=1)


def _ordered(means: pd.DataFrame) -> list[str]:
    """Order structures by their mean over panels, each panel's own mean taken off first."""
    panel = means.groupby(["experiment", "budget"])["mean"]
    order = (means["mean"] - panel.transform("mean")).groupby(means["structure"]).mean()
    return order.sort_values(kind="stable").index.tolist()


def finding(means: pd.DataFrame, judged: Outcome = outcome.ACCURACY) -> tuple[str, str]:
    """Say how many structures of a panel are clear of dense, their intervals lying apart."""
    means = means.dropna(subset="mean")
    if means.empty:
        return wording.NOTHING, ""
    arms = means.set_index("arm")
    reference = next((arm for arm in REFERENCES if arm in arms.index), None)
    if reference is None:
        low, high = means["mean"].min(), means["mean"].max()
        return (
            f"mean {judged.said} of structures ranges from",
            f"{judged.write(low)} to {judged.write(high)}",
        )
    base = arms.loc[[reference]].iloc[0]
    others = means[means["arm"] != reference]
    group = "other structures"
    if (means["arm"] == "mixed").any():
        others, group = means[means["arm"] == "mixed"], "mixed structures"
    if others["low"].isna().all() or np.isnan(base["low"]):
        return f"too few seeds to tell {group} from {reference}", ""
    above, below = (others["low"] > base["high"]).sum(), (others["high"] < base["low"]).sum()
    if above == below == 0:
        return f"no clear difference between any of {len(others)} {group} and {reference}", ""
    return (
        f"of {len(others)} {group}, clear of {reference}:",
        f"{above} above and {below} below",
    )


def _draw_means(axes: Axes, means: pd.DataFrame, marks: dict[str, style.Mark]) -> None:
    """Draw a dot and an interval a structure, at column `place`."""
    for arm, mark in marks.items():
        rows = means[means["arm"] == arm]
        named = arm in NAMED
        axes.vlines(
            rows["place"],
            rows["low"],
            rows["high"],
            color=mark.color,
            linewidth=2.2 if named else 1.1,
            alpha=1 if named else 0.75,
            zorder=4 if named else 2,
        )
        axes.scatter(
            rows["place"],
            rows["mean"],
            s=52 if named else 17,
            color=mark.color,
            marker=mark.marker,
            edgecolors="black" if named else "none",
            linewidths=1 if named else 0,
            zorder=5 if named else 3,
        )


def _name_columns(axes: Axes, places: dict[str, int], marks: dict[str, style.Mark]) -> None:
    """Write the names of dense and uniform over their columns, apart where these are close."""
    low, high = axes.get_xlim()
    ordered = sorted(places, key=places.__getitem__)
    close = len(places) == 2 and abs(np.diff(list(places.values()))[0]) < 0.12 * (high - low)
    for arm in ordered:
        share = (places[arm] - low) / (high - low)
        side = "left" if share < 0.04 else "right" if share > 0.96 else "center"
        if close:
            side = "right" if arm == ordered[0] else "left"
        shift = {"left": -3, "right": 3, "center": 0}[side]
        axes.annotate(
            arm,
            (places[arm], 1),
            xycoords=("data", "axes fraction"),
            xytext=(shift, 3),
            textcoords="offset points",
            ha=side,
            size=10,
            weight="bold",
            color=marks[arm].color,
        )


def _draw_matrix(axes: Axes, densities: pd.DataFrame, inches: float, several: bool) -> None:
    """Draw a square a block and structure, the darker the denser; with two levels full or empty.

    Parameters
    ----------
    densities : (structures, 6), in the order of the columns.
    inches : width of a column.
    several : whether there are several panels, over which means were taken.
    """
    side = min(0.82 * inches, 0.8 * ROW) * 72
    low, high = np.nanmin(densities), np.nanmax(densities)
    for row, name in enumerate(RNN_BLOCKS):
        values = densities[name].to_numpy(float)
        shade = 1 - (values - low) / (high - low) if high > low else np.zeros(len(values))
        shade = 0.1 + 0.9 * np.where(np.isnan(shade), 1, shade)
        axes.scatter(
            np.arange(len(values)),
            np.full(len(values), row),
            s=side**2,
            marker="s",
            facecolors=[str(grey) for grey in shade],
            edgecolors="#a6a6a6",
            linewidths=0.5,
            zorder=3,
        )
    axes.set_ylim(len(RNN_BLOCKS) - 0.4, -0.6)
    axes.set_yticks(range(len(RNN_BLOCKS)), RNN_BLOCKS)
    axes.tick_params(axis="both", length=0, pad=3)
    axes.set_xticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    over = " over budgets" if several else ""
    levels = f"filled: density {high:.3g}, empty: {low:.3g}"
    if len(np.unique(densities.to_numpy(float).round(9))) > 2:
        mean = "mean density" if several else "density"
        levels = f"{mean}{over} from {low:.2g} (white) to {high:.2g} (black)"
    axes.set_xlabel(f"structures, ordered by their mean{over}; {levels}", labelpad=5)


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy after the last epoch by structure, a panel a budget and experiment.

    The 64 structures of the factorial design if the table has them, otherwise all there are.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    runs = without_repeats(runs)
    outcomes, means = final_outcomes(runs), by_structure(runs)
    judged = outcome.of(outcomes)
    means = means[means["outcome"].isin(outcome.named("test_accuracy", one) for one in outcome.ALL)]
    factorial = outcomes.loc[outcomes["design"] == "factorial", "pattern"].unique()
    if len(factorial):
        outcomes = outcomes[outcomes["pattern"].isin(factorial)]
        means = means[means["structure"].isin(factorial)]
    panels = list(wording.panels(means)) or [("any budget", means)]
    order = _ordered(means) or sorted(outcomes["pattern"].unique())
    place = {structure: number for number, structure in enumerate(order)}
    means = means.assign(place=means["structure"].map(place))
    densities = _densities(outcomes).loc[order]
    names = 0.0 if len(factorial) else 0.064 * max(map(len, order)) + 0.05
    matrix = ROW * len(RNN_BLOCKS)
    found = {name: finding(panel, judged) for name, panel in panels}
    bands = (
        "Bars: 95 % t intervals, variance between seeds pooled over a budget's patterns, not "
        "corrected for the number of structures; clear: bars do not overlap."
    )
    if means["low"].isna().all():
        bands = "No intervals: one seed a pattern."
    layout = Multiples(
        len(panels),
        1,
        PANEL_HEIGHT,
        beside=BESIDE,
        below=0,
        keys=0.12,
        above=TITLE,
        right=0.05,
        under=GAP + matrix + names + 0.22,
    )
    sheet = style.sheet(
        found,
        f"{judged.said_first}, the mean of each structure, and the densities of its six blocks "
        "(target source)",
        wording.facts(outcomes, bands),
        layout.body,
    )
    marks = style.marks(outcomes["arm"])
    limits = (-0.8, len(order) - 0.2)
    special = {
        arm: place[rows["structure"].iloc[0]]
        for arm, rows in means[means["arm"].isin(NAMED)].groupby("arm")
    }
    for number, ((name, panel), (_, axes)) in enumerate(
        zip(panels, layout.axes(sheet), strict=True)
    ):
        axes.set_title(name, pad=5 if number else 18)  # the arms' names are between
        axes.set_xlim(*limits)
        values = pd.concat([panel["mean"], panel["low"], panel["high"]])
        low, high = style.shown(values, outcomes)
        axes.set_ylim(low, high)
        _draw_means(axes, panel.assign(place=panel["structure"].map(place)), marks)
        style.chance_line(axes, outcomes, low, over=True)  # the best are right
        style.outcome_axis(axes, judged)
        axes.set_xticks([])
        _shade(axes, special, marks)
        if number == 0:
            _name_columns(axes, special, marks)
    width = layout.width(sheet.right - sheet.left)
    axes = sheet.axes(BESIDE, layout.body - layout.under + GAP, width, matrix)
    axes.set_xlim(*limits)
    _draw_matrix(axes, densities, width / (limits[1] - limits[0]), len(panels) > 1)
    _shade(axes, special, marks)
    if names:
        axes.set_xticks(range(len(order)), order, rotation=90, size=7.5 if len(order) < 50 else 6)
    return sheet


def _shade(axes: Axes, places: dict[str, int], marks: dict[str, style.Mark]) -> None:
    """Shade the columns of the named arms, so that the eye follows them through the panels."""
    for arm, at in places.items():
        axes.axvspan(at - 0.5, at + 0.5, color=marks[arm].color, alpha=0.13, linewidth=0, zorder=1)
