"""Test accuracy against the realised hidden proportion: every run a point, and a fitted curve."""

import numpy as np
import pandas as pd

from blockmaps.analysis.answers import plateau_ends
from blockmaps.analysis.smoothing import BANDWIDTH, fit_local_mean
from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import BOOTSTRAP_FROM
from blockmaps.analysis.summary import final_outcomes, without_repeats
from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

GRID = facets.Arrangement(columns=3, height=2.3)
CURVE = {"local mean": style.Mark("#000000", "", "-")}
NAMED = ("dense", "uniform")
AXIS = "hidden proportion (realised)"


def fitted(rows: pd.DataFrame) -> SplineFit | None:
    """Fit the local mean of runs, None with too few patterns; a spline rings beside a cliff."""
    try:
        return fit_local_mean(rows.assign(value=rows["test_accuracy"]), "hidden_proportion")
    except ValueError:
        return None


def held(fit: SplineFit | None) -> tuple[bool, bool]:
    """Say whether an optimum's interval stays clear of the first and of the last proportion."""
    if fit is None or np.isnan(fit.optimum.low):
        return False, False
    step = fit.x[1] - fit.x[0]
    return fit.optimum.low > fit.x[0] + step, fit.optimum.high < fit.x[-1] - step


def finding(fit: SplineFit | None) -> tuple[str, str]:
    """Say where the curve is highest, if the interval of that place allows saying it."""
    if fit is None:
        return "too few patterns for a curve on the hidden proportion", ""
    best, highest = fit.optimum, "the fitted curve is highest at a hidden proportion of"
    if np.isnan(best.low):
        found = "with too few patterns for an interval, the curve peaks at a hidden proportion of"
        return found, f"{best.mean:.2f}"
    above_first, below_last = held(fit)
    interval = wording.interval(best.low, best.high, 2)
    if above_first and below_last:
        return highest, f"{best.mean:.2f} {interval}"
    if above_first:
        return f"{highest} at least", f"{best.low:.2f}"
    if below_last:
        return f"{highest} at most", f"{best.high:.2f}"
    return "no clear optimum of the hidden proportion, which may be anywhere in", interval


def title(fits: list[SplineFit | None], chance: float, said: str) -> str:
    """Say what shape the curves have: where they are nearly as high as at their highest place."""
    known = [fit for fit in fits if fit is not None and fit.optimum.low <= fit.optimum.high]
    if not known:
        return "Too few patterns to place an optimum of the hidden proportion"
    shapes = [(fit, plateau_ends(fit.x, fit.mean, chance)) for fit in known]
    falls = [ends[0] for fit, ends in shapes if ends[0] > fit.x[0] and ends[1] >= fit.x[-1]]
    peaks = sum(ends[0] > fit.x[0] and ends[1] < fit.x[-1] for fit, ends in shapes)
    flat = sum(ends[0] <= fit.x[0] and ends[1] >= fit.x[-1] for fit, ends in shapes)
    if len(falls) > max(peaks, flat):
        found = f"{said} falls off below a hidden proportion of {max(falls):.2f}"
        return found + wording.of_panels(len(falls), len(known))
    if peaks > flat:
        return (
            f"{said} falls off on both sides of a best hidden proportion"
            f"{wording.of_panels(peaks, len(known))}"
        )
    return f"{said} hardly varies with the hidden proportion{wording.of_panels(flat, len(known))}"


def curve_of(name: str, fit: SplineFit | None, arm: str = "local mean") -> pd.DataFrame:
    """Return a fit's points with their band."""
    if fit is None:
        return facets.rows(name, arm, [], [])
    every_other = (one[::2] for one in (fit.x, fit.mean, fit.low, fit.high))
    return facets.rows(name, arm, *every_other)


def points_of(name: str, runs: pd.DataFrame, arm: str | pd.Series) -> pd.DataFrame:
    """Return a point a run; what claims compare comes last, on top of the others."""
    runs = runs.sort_values("arm", key=lambda arms: arms.isin(NAMED), kind="stable")
    arm = arm if isinstance(arm, str) else arm.loc[runs.index]
    at = runs["hidden_proportion"], runs["test_accuracy"]
    return facets.rows(name, arm, *at, index=runs.index)


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
    outcomes = final_outcomes(without_repeats(runs))
    judged = outcome.of(outcomes)
    found = list(wording.panels(outcomes))
    fits = [fitted(curve_runs(rows)) for _, rows in found]
    bands = "No curve: fewer than 10 patterns."
    if any(fits):
        bands = (
            f"Curve: local mean, Gaussian kernel of {BANDWIDTH}, over the patterns of the even "
            "design alone (unknowns and |h| fixed) where there are at least "
            f"{BOOTSTRAP_FROM}, else over all; band and interval of its optimum: 95 %, bootstrap "
            "over patterns."
        )
    valued = {name: rows[rows["test_accuracy"].notna()] for name, rows in found}
    marks = style.marks(outcomes["arm"])
    sheet, panels = facets.draw(
        (
            title(fits, judged.chance(outcomes["outputs"].iloc[0]), judged.said_first)
            if any(map(len, valued.values()))
            else wording.NOTHING,
            f"{judged.said_first} against the realised share of the hidden rows' unknowns that "
            "read the state; a point a run",
            wording.facts(outcomes, bands),
        ),
        [wording.panel(name, wording.runs_and_patterns(rows)) for name, rows in valued.items()],
        [
            (pd.concat(points_of(name, rows, rows["arm"]) for name, rows in found), ["cloud"]),
            (pd.concat(map(curve_of, valued, fits)), ["band", "line"]),
        ],
        marks | CURVE,
        GRID,
        (AXIS, judged.said),
        {name: finding(fit) for name, fit in zip(valued, fits, strict=True) if len(valued[name])},
        marks,
    )
    low, high = style.shown(outcomes["test_accuracy"], outcomes)
    for (_, rows), (_, axes) in zip(found, panels, strict=True):
        axes.set_ylim(low, high)
        axes.set_xlim(*style.padded(outcomes["hidden_proportion"]))
        style.chance_line(axes, rows, low)
        style.outcome_axis(axes, judged)
    return sheet
