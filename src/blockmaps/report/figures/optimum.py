"""Accuracy against the hidden proportion, size by size, with the fitted curve and its optimum."""

import pandas as pd
from matplotlib.axes import Axes

from blockmaps.analysis.smoothing import BANDWIDTH, FEWEST, fit_local_mean
from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import BOOTSTRAP_FROM
from blockmaps.analysis.summary import final_outcomes
from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import (
    Multiples,
    Panel,
    designs_of,
    drawn,
    each_panel,
    title,
)
from blockmaps.results import outcome

DESIGNS = ("even", "grid", "random", "factorial")
COLUMNS, HEIGHT = 4, 1.9
POINT, CURVE = "#6e6e6e", "#0072B2"


def panels(outcomes: pd.DataFrame) -> list[Panel]:
    """Return every panel with the runs that its curve is fitted to.

    Those of the first of `DESIGNS` with enough patterns for a curve, else all that have blocks.
    """
    found = []
    for panel in each_panel(outcomes[outcomes["hidden_proportion"].notna()]):
        runs = panel.runs
        for design in DESIGNS:
            own = runs[runs["design"] == design]
            if own["pattern"].nunique() >= FEWEST:
                runs = own
                break
        found.append(panel._replace(runs=runs))
    return found


def fitted(rows: pd.DataFrame) -> SplineFit | None:
    """Fit a panel's local mean, None with too few patterns.

    A spline rings beside a cliff; table `optimum` has both.
    """
    runs = rows.assign(value=rows["test_accuracy"])
    try:
        return fit_local_mean(runs, "hidden_proportion")
    except ValueError:
        return None


def finding(fits: list[SplineFit | None]) -> str:
    """Say where the optima lie, and of how many the interval holds ½."""
    found = [fit for fit in fits if fit is not None and fit.optimum.low <= fit.optimum.high]
    if not found:
        return "Too few patterns to place an optimum of the hidden proportion"
    places = [fit.optimum.mean for fit in found]
    half = sum(fit.optimum.low <= 0.5 <= fit.optimum.high for fit in found)
    return (
        f"The fitted curve is highest at hidden proportions from {min(places):.2f} to "
        f"{max(places):.2f}; the interval holds ½ in {half} of "
        f"{wording.counted(len(found), 'panel')}"
    )


def _draw_panel(axes: Axes, rows: pd.DataFrame, fit: SplineFit | None) -> None:
    """Draw a point a run, the curve, its band, and the optimum with its interval."""
    axes.scatter(
        rows["hidden_proportion"],
        rows["test_accuracy"],
        s=13,
        color=POINT,
        alpha=0.65,
        linewidths=0,
        zorder=2,
    )
    if fit is None:
        return
    axes.plot(fit.x, fit.mean, color=CURVE, linewidth=1.7, zorder=4)
    axes.fill_between(fit.x, fit.low, fit.high, color=CURVE, alpha=0.2, linewidth=0, zorder=3)
    best, top = fit.optimum, fit.mean.max()
    axes.errorbar(
        best.mean,
        top,
        xerr=[[max(best.mean - best.low, 0)], [max(best.high - best.mean, 0)]]
        if best.low <= best.high
        else None,
        color="#D55E00",
        marker="D",
        markersize=5,
        markeredgecolor="white",
        linewidth=1.8,
        capsize=3,
        zorder=5,
    )


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against the hidden proportion, a panel an experiment and budget.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    outcomes = final_outcomes(runs)
    judged = outcome.of(outcomes)
    found = panels(outcomes)
    fits = [fitted(panel.runs) for panel in found]
    shown = drawn(found, outcomes)
    layout = Multiples(len(found), COLUMNS, HEIGHT)
    sheet = style.sheet(
        finding(fits) if found else wording.NOTHING.capitalize(),
        f"{judged.said_first} against the realised share of the hidden rows' unknowns that read "
        "the state",
        wording.facts(
            shown,
            f"{designs_of(shown)}. Curve: local mean, Gaussian kernel of {BANDWIDTH}; band, and "
            "bar at the optimum: 95 %, bootstrap over patterns, where there are "
            f"{BOOTSTRAP_FROM}.",
        ),
        layout.body,
        {
            panel.name: f"{fit.optimum.mean:.2f} "
            + wording.interval(fit.optimum.low, fit.optimum.high, 2)
            for panel, fit in zip(found, fits, strict=True)
            if fit is not None and fit.optimum.low <= fit.optimum.high
        },
    )
    limits = style.shown(shown["test_accuracy"], shown)
    for panel, fit, (column, axes) in zip(found, fits, layout.axes(sheet), strict=True):
        title(axes, panel)
        _draw_panel(axes, panel.runs, fit)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(*limits)
        style.outcome_axis(axes, judged)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
        axes.set_xlabel("hidden proportion")
        if column:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
    return sheet
