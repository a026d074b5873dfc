"""Accuracy against the hidden proportion, size by size, with the fitted curve and its optimum."""

import pandas as pd

from blockmaps.analysis.smoothing import BANDWIDTH, FEWEST
from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import BOOTSTRAP_FROM
from blockmaps.analysis.summary import final_outcomes
from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.proportion import curve_of, fitted, points_of
from blockmaps.results import outcome

DESIGNS = ("even", "grid", "random", "factorial")
GRID = facets.Arrangement(columns=4, height=1.6)
MARKS = {
    "a run": style.Mark("#868686", "o", ""),
    "local mean": style.Mark("#0072B2", "", "-"),
    "where it is highest": style.Mark("#D55E00", "D", ""),
}


def fitted_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a panel's curve: the first of `DESIGNS` with enough patterns, or all."""
    for design in DESIGNS:
        own = runs[runs["design"] == design]
        if own["pattern"].nunique() >= FEWEST:
            return own
    return runs


def finding(fits: list[SplineFit | None]) -> str:
    """Say in how many panels the interval of the optimum holds ½."""
    found = [fit for fit in fits if fit is not None and fit.optimum.low <= fit.optimum.high]
    if not found:
        return "Too few patterns to place an optimum of the hidden proportion"
    half = sum(fit.optimum.low <= 0.5 <= fit.optimum.high for fit in found)
    panels = wording.counted(len(found), "panel")
    return f"The interval of the best hidden proportion holds ½ in {half} of {panels}"


def _best(name: str, fit: SplineFit | None) -> pd.DataFrame:
    """Return a fit's highest point with the interval of its place."""
    if fit is None:
        return facets.rows(name, "", [], [])
    best = fit.optimum
    return facets.rows(name, list(MARKS)[2], [best.mean], fit.mean.max(), best.low, best.high)


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against the hidden proportion, a panel an experiment and budget.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    outcomes = final_outcomes(runs)
    judged = outcome.of(outcomes)
    own = outcomes[outcomes["hidden_proportion"].notna() & outcomes["test_accuracy"].notna()]
    found = {name: fitted_runs(rows) for name, rows in wording.panels(own)}
    if not found:
        return style.nothing(wording.NOTHING)
    fits = [fitted(rows) for rows in found.values()]
    shown = pd.concat(found.values())
    designs = " and ".join(sorted(shown["design"].unique()))
    sheet, panels = facets.draw(
        (
            finding(fits),
            f"{judged.said_first} against the realised share of the hidden rows' unknowns that "
            "read the state",
            wording.facts(
                shown,
                f"Designs: {designs}. Curve: local mean, Gaussian kernel of {BANDWIDTH}; band, and "
                "bar at the optimum: 95 %, bootstrap over patterns, where there are "
                f"{BOOTSTRAP_FROM}.",
            ),
        ),
        [wording.panel(name, f"n = {len(rows)}") for name, rows in found.items()],
        [
            (pd.concat(points_of(name, rows, "a run") for name, rows in found.items()), ["cloud"]),
            (pd.concat(map(curve_of, found, fits)), ["band", "line"]),
            (pd.concat(map(_best, found, fits)), ["across", "dots"]),
        ],
        MARKS,
        GRID,
        ("hidden proportion", judged.said),
        {
            name: (
                "highest at",
                f"{fit.optimum.mean:.2f} " + wording.interval(*fit.optimum[1:3], 2),
            )
            for name, fit in zip(found, fits, strict=True)
            if fit is not None and fit.optimum.low <= fit.optimum.high
        },
    )
    for _, axes in panels:
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(*style.shown(shown["test_accuracy"], shown))
        style.outcome_axis(axes, judged)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
    return sheet
