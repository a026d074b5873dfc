"""The test score against the realised hidden proportion: a point a run, a curve and its optimum."""

import numpy as np
import pandas as pd

from blockmaps.analysis.answers import plateau_ends
from blockmaps.analysis.smoothing import BANDWIDTH, FEWEST, fit_local_mean
from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import BOOTSTRAP_FROM
from blockmaps.analysis.summary import final_outcomes
from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

DESIGNS = ("even", "grid", "random", "factorial")
CURVE = {
    "local mean": style.Mark("#000000", "", "-"),
    "where it is highest": style.Mark("#8D00EB", "X", ""),
}
NAMED = ("dense", "uniform")  # what claims compare, on top of the others
SHARES = {0: "0", 0.25: "¼", 0.5: "½", 0.75: "¾", 1: "1"}
AXIS = facets.PanelAxis("hidden proportion (realised)", (-0.03, 1.03), SHARES)


def curve_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that a panel's curve is fitted to: of one design, or all where it is small.

    In the even design the number of unknowns and |h| are fixed, so that the curve is the
    proportion's own (claim A2). Over all patterns it would be |h|'s and density's as well.
    """
    for design in DESIGNS:
        own = rows[rows["design"] == design]
        if own["pattern"].nunique() >= BOOTSTRAP_FROM:
            return own
    return rows


def fitted(rows: pd.DataFrame) -> SplineFit | None:
    """Fit the local mean of runs, None with too few patterns; a spline rings beside a cliff."""
    try:
        return fit_local_mean(rows.assign(value=rows["test_accuracy"]), "hidden_proportion")
    except ValueError:
        return None


def finding(fit: SplineFit | None) -> tuple[str, str]:
    """Say where the curve is highest, if the interval of that place allows saying it."""
    if fit is None:
        return f"no curve, with fewer than {FEWEST} patterns", ""
    best, highest = fit.optimum, "the fitted curve is highest at a hidden proportion of"
    if np.isnan(best.low):
        found = "with too few patterns for an interval, the curve peaks at a hidden proportion of"
        return found, f"{best.mean:.2f}"
    step = fit.x[1] - fit.x[0]
    above_first, below_last = best.low > fit.x[0] + step, best.high < fit.x[-1] - step
    if above_first and below_last:
        return highest, wording.estimate(best[:3], 2, "")
    if above_first:
        return f"{highest} at least", f"{best.low:.2f}"
    if below_last:
        return f"{highest} at most", f"{best.high:.2f}"
    found = "no clear optimum of the hidden proportion, which may be anywhere in"
    return found, wording.interval(best.low, best.high, 2)


def fixed(
    found: dict[str, pd.DataFrame], fits: dict[str, SplineFit | None]
) -> list[SplineFit | None]:
    """Return the fits of panels whose curve has unknowns and |h| fixed, all where there is none."""
    even = [fits[name] for name, rows in found.items() if _is_even(curve_runs(rows))]
    return even if placed(even) else list(fits.values())


def _is_even(rows: pd.DataFrame) -> bool:
    return bool((rows["design"] == "even").all())


def placed(fits: list[SplineFit | None]) -> list[SplineFit]:
    """Return the fits whose optimum has an interval."""
    return [fit for fit in fits if fit is not None and fit.optimum.low <= fit.optimum.high]


def title(fits: list[SplineFit | None], chance: float, said: str, panels: int = 0) -> str:
    """Say what shape most curves have: where they are nearly as high as at their highest place.

    Parameters
    ----------
    panels : how many there are, if the fits are those alone in which |h| is fixed.
    """
    known = placed(fits)
    if not known:
        return "Too few patterns to place an optimum of the hidden proportion"
    shapes = [(fit.x, plateau_ends(fit.x, fit.mean, chance)) for fit in known]
    falls = [ends[0] for x, ends in shapes if ends[0] > x[0] and ends[1] >= x[-1]]
    peaks = sum(ends[0] > x[0] and ends[1] < x[-1] for x, ends in shapes)
    flat = sum(ends[0] <= x[0] and ends[1] >= x[-1] for x, ends in shapes)
    if len(falls) > max(peaks, flat):
        found, many = f"falls off below a hidden proportion of {max(falls):.2f}", len(falls)
    elif peaks > flat:
        found, many = "falls off on both sides of a best hidden proportion", peaks
    else:
        found, many = "hardly varies with the hidden proportion", flat
    return f"{said} {found}{wording.where_fixed(many, len(known), panels)}"


def half(fits: list[SplineFit | None]) -> str:
    """Say in how many panels the interval of the optimum holds ½."""
    held = [fit.optimum.low <= 0.5 <= fit.optimum.high for fit in placed(fits)]
    return f"The interval of the best holds ½{wording.of_panels(sum(held), len(held))}. " * any(
        held
    )


def _curves(fits: dict[str, SplineFit | None]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return every second point of the curves, and their highest points where these are known."""
    known = {name: fit for name, fit in fits.items() if fit is not None}
    lines = [
        pd.DataFrame({"x": fit.x, "y": fit.mean, "low": fit.low, "high": fit.high})[::2].assign(
            panel=name, arm="local mean"
        )
        for name, fit in known.items()
    ]
    best = [(name, fit.mean.max(), *fit.optimum[:3]) for name, fit in known.items()]
    points = pd.DataFrame(best, columns=["panel", "y", "x", "low", "high"]).dropna()
    columns = ["x", "y", "low", "high", "panel", "arm"]
    return (
        pd.concat(lines) if lines else pd.DataFrame(columns=columns),
        points.assign(arm="where it is highest"),
    )


@style.themed
def draw(runs: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw the score by hidden proportion, from the runs table (see `blockmaps.results.runs`).

    Panels with fewer than `FEWEST` patterns are left out where others have as many.
    """
    every = wording.panels(final_outcomes(runs))
    many = {name: rows for name, rows in every.items() if rows["pattern"].nunique() >= FEWEST}
    found = many or every
    outcomes = pd.concat(found.values())
    judged, valued = outcome.of(outcomes), outcomes[outcomes["test_accuracy"].notna()]
    fits = {name: fitted(curve_runs(rows)) for name, rows in found.items()}
    curves, best = _curves(fits)
    marks = style.marks(outcomes["arm"])
    ways = [wording.towards(rows) for rows in found.values()]
    moved = "The way from dense to uniform leads " + wording.most(
        [way.partition(",")[0] for way in ways if way] or [""]
    )
    few = ", ".join(sorted(set(every) - set(found)))
    about = (
        f"Curve: local mean, Gaussian kernel of {BANDWIDTH}, of the first of the designs "
        f"{', '.join(DESIGNS)} with {BOOTSTRAP_FROM} patterns, else of all; in even alone unknowns "
        "and |h| are fixed. Band, and bar at the optimum: 95 %, bootstrap over patterns."
    )
    about = about if len(curves) else f"No curve, with fewer than {FEWEST} patterns."
    about += f" With fewer than {FEWEST}, and not drawn: {few}." * bool(few)
    lines = -(-len(found) // 4)
    on_top = valued.sort_values("arm", key=lambda arms: arms.isin(NAMED), kind="stable")
    chance = judged.chance(outcomes["outputs"].iloc[0])
    told = fixed(found, fits)
    shape = title(told, chance, judged.said_first, len(fits) if len(told) < len(fits) else 0)
    return facets.draw(
        shape if len(valued) else wording.NOTHING,
        caption,
        half(told) + f"{moved}. " * any(ways) + wording.facts(outcomes, about),
        [(name, *finding(fit)) for name, fit in fits.items() if len(valued)],
        {name: wording.runs_and_patterns(valued[valued["panel"] == name]) for name in found},
        [
            facets.PanelLayer("cloud", on_top, "hidden_proportion", "test_accuracy"),
            facets.PanelLayer("band line", curves, "x", "y"),
            facets.PanelLayer("across dots", best, "x", "y"),
        ],
        marks | CURVE,
        AXIS,
        facets.score(outcomes, outcomes["test_accuracy"]),
        grid=facets.PanelGrid(columns=-(-len(found) // lines), height=2.1 if lines == 1 else 1.8),
        chance=outcomes,
    )
