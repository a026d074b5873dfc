"""Test accuracy against the realised hidden proportion: every run a point, and a fitted curve."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.analysis.smoothing import BANDWIDTH, fit_local_mean
from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import BOOTSTRAP_FROM
from blockmaps.analysis.summary import final_outcomes, without_repeats
from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import Multiples
from blockmaps.results import outcome

COLUMNS = 3
PANEL_HEIGHT, BELOW, BESIDE = 3.1, 0.68, 0.68
TITLE = 0.45
NAMED = ("dense", "uniform")


def fitted(outcomes: pd.DataFrame) -> SplineFit | None:
    """Fit a panel's curve, None with too few patterns."""
    values = curve_runs(outcomes).assign(value=lambda runs: runs["test_accuracy"])
    try:
        return fit_local_mean(values, "hidden_proportion")
    except ValueError:
        return None


def finding(fit: SplineFit | None) -> tuple[str, str]:
    """Say where the curve is highest, if the interval of that place allows saying it."""
    if fit is None:
        return "too few patterns for a curve on the hidden proportion", ""
    best, first, last = fit.optimum, fit.x[0], fit.x[-1]
    if np.isnan(best.low):
        found = "with too few patterns for an interval, the curve peaks at a hidden proportion of"
        return found, f"{best.mean:.2f}"
    step = fit.x[1] - fit.x[0]
    above_first, below_last = best.low > first + step, best.high < last - step
    interval = wording.interval(best.low, best.high, 2)
    if above_first and below_last:
        return (
            "the fitted curve is highest at a hidden proportion of",
            f"{best.mean:.2f} {interval}",
        )
    if above_first:
        return "the fitted curve is highest at a hidden proportion of at least", f"{best.low:.2f}"
    if below_last:
        return "the fitted curve is highest at a hidden proportion of at most", f"{best.high:.2f}"
    return "no clear optimum of the hidden proportion, which may be anywhere in", interval


def _draw_points(axes: Axes, outcomes: pd.DataFrame, marks: dict[str, style.Mark]) -> None:
    """Draw a point a run: the arms that are compared by name on top, large and outlined."""
    for arm, mark in marks.items():
        runs = outcomes[outcomes["arm"] == arm]
        named = arm in NAMED
        axes.scatter(
            runs["hidden_proportion"],
            runs["test_accuracy"],
            s=60 if named else 24,
            color=mark.color,
            marker=mark.marker,
            edgecolors="black" if named else "white",
            linewidths=1.1 if named else 0.3,
            alpha=1 if named else 0.75,
            zorder=5 if named else 2 + 0.1 * (arm != "mixed"),
        )


def _name_points(axes: Axes, outcomes: pd.DataFrame, marks: dict[str, style.Mark]) -> None:
    """Write the names of dense and uniform, above the higher of the two and below the other."""
    centres = outcomes[outcomes["arm"].isin(NAMED)].groupby("arm")[
        ["hidden_proportion", "test_accuracy"]
    ]
    tops, bottoms = centres.max()["test_accuracy"], centres.min()["test_accuracy"]
    for arm, (x, y) in centres.mean().dropna().iterrows():
        up = y >= centres.mean()["test_accuracy"].max()
        left, right = axes.get_xlim()
        place = (x - left) / (right - left)
        axes.annotate(
            arm,
            (x, tops[arm] if up else bottoms[arm]),
            xytext=(0, 9 if up else -9),
            textcoords="offset points",
            ha="left" if place < 0.06 else "right" if place > 0.94 else "center",
            va="bottom" if up else "top",
            size=10,
            weight="bold",
            color=marks[arm].color,
            path_effects=style.HALO,
            zorder=7,
        )


def curve_runs(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that the curve is fitted to: the even design's, or all where it is too small.

    Only there are the number of unknowns and |h| fixed, so that the curve is the proportion's own
    (claim A2). Over all patterns it would be |h|'s and density's as well.
    """
    even = outcomes[outcomes["design"] == "even"]
    return even if even["pattern"].nunique() >= BOOTSTRAP_FROM else outcomes


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy after the last epoch against the realised hidden proportion.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`); a panel a budget and experiment.
    """
    runs = without_repeats(runs)
    outcomes = final_outcomes(runs)
    judged = outcome.of(outcomes)
    panels = list(wording.panels(outcomes))
    fits = [fitted(panel) for _, panel in panels]
    found = {
        name: finding(fit) if panel["test_accuracy"].notna().any() else (wording.NOTHING, "")
        for (name, panel), fit in zip(panels, fits, strict=True)
    }
    bands = "No curve: fewer than 10 patterns."
    if any(fits):
        bands = (
            f"Curve: local mean, Gaussian kernel of {BANDWIDTH}, over the patterns of the even "
            "design alone (unknowns and |h| fixed) where there are at least "
            f"{BOOTSTRAP_FROM}, else over all; band and interval of its optimum: 95 %, bootstrap "
            "over patterns."
        )
    marks = style.marks(outcomes["arm"])
    room = {"beside": BESIDE, "below": BELOW, "between": 0.2, "above": TITLE}
    layout = Multiples(
        len(panels),
        COLUMNS,
        PANEL_HEIGHT,
        keys=style.key_height(marks),
        right=0.2,
        under=-0.2,
        **room,
    )
    sheet = style.sheet(
        found,
        f"{judged.said_first} against the realised share of the hidden rows' unknowns that read "
        "the state",
        wording.facts(outcomes, bands),
        layout.body,
    )
    style.key(sheet, BESIDE, marks, lines=False)
    low, high = style.shown(outcomes["test_accuracy"], outcomes)
    for (name, panel), fit, (column, axes) in zip(panels, fits, layout.axes(sheet), strict=True):
        valued = panel[panel["test_accuracy"].notna()]
        patterns = wording.counted(valued["pattern"].nunique(), "pattern")
        style.panel_title(axes, name, f"n = {len(valued)}, {patterns}")
        axes.set_ylim(low, high)
        axes.set_xlim(*style.padded(outcomes["hidden_proportion"]))
        _draw_points(axes, panel, marks)
        if fit is not None:
            axes.plot(fit.x, fit.mean, color=style.INK, linewidth=1.8, zorder=4)
            axes.fill_between(
                fit.x, fit.low, fit.high, color=style.INK, alpha=0.18, linewidth=0, zorder=3
            )
        _name_points(axes, panel, marks)
        style.chance_line(axes, panel, low)
        style.outcome_axis(axes, judged)
        axes.set_xlabel("hidden proportion (realised)")
        if column:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
    return sheet
