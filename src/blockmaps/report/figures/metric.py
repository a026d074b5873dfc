"""What the hidden proportion explains: final accuracy, or how fast and how far an arm fits.

Fixed before any run of the papers' `even` design at its own scale: four outcomes, R² of patterns
left out of a natural spline with 4 degrees of freedom, alone and given each rival, patterns
resampled and refitted.
"""

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording

OUTCOMES = {
    "logit_clean": "final test accuracy",
    "logit_train": "final train accuracy",
    "area_clean": "area under the test curve",
    "steps_to_half_clean": "steps to half way",
}
ALONE = "alone"
MARKS = {
    ALONE: style.Mark("#00664B", "s", ""),
    "given n_yh": style.Mark("#D55E00", "^", ""),
    "given the spectral radius": style.Mark("#0072B2", "o", ""),
    "given |h|": style.Mark("#868686", "D", ""),
}
LOW = {f"{given}, below": style.Mark(mark.color, "<", "") for given, mark in MARKS.items()}
_RIVALS = {"n_yh": "given n_yh", "radius": "given the spectral radius", "|h|": "given |h|"}
DESIGN = "even"  # unknowns and |h| fixed
PROPORTION, FORM = "hidden_proportion", "spline"
LOWEST = -0.6  # R² below it is drawn at the left edge, with an arrow
LEFT, ROW = 1.85, 0.36  # inches
TOO_FEW = "Too few patterns of one number of unknowns and |h|"


def selected(explained: pd.DataFrame, partial: pd.DataFrame) -> pd.DataFrame:
    """Return R² by panel, outcome and what is given, of the design in which N and |h| are fixed.

    Returns
    -------
    Columns of the panel, outcome, given, value, low, high, patterns, n, and `judged`: whether what
    is given can be told from the proportion. What does not vary in the design has no row.
    """
    bounds = {"cv_bootstrap_low": "low", "cv_bootstrap_high": "high"}
    jackknife = ["cv_low", "cv_high"]
    alone = explained.drop(columns=jackknife).rename(columns={"cv_r2": "value", **bounds})
    beside = partial[partial["given"].isin(_RIVALS) & (partial["inflation"] > 1)]
    beside = beside.drop(columns=jackknife).rename(columns={"cv_partial_r2": "value", **bounds})
    beside = beside.assign(
        given=beside["given"].map(_RIVALS), judged=beside["separable"].astype(bool)
    )
    rows = pd.concat([alone.assign(given=ALONE, judged=True), beside], ignore_index=True)
    chosen = (rows["explanation"] == PROPORTION) & (rows["form"] == FORM)
    chosen &= rows["outcome"].isin(OUTCOMES) & (rows["design"] == DESIGN)
    names = ["experiment", "dataset", "budget", "inputs", "outputs", "outcome", "given"]
    return rows.loc[chosen, [*names, "value", "low", "high", "judged", "patterns", "n"]]


def _said(row: pd.Series) -> str:
    value = f"{row['value']:.2f}".replace("-", "−")
    if not np.isfinite(row["low"]):
        return value
    if row["low"] < -1:  # far below the mean is no number to remember
        return f"{value} [below{wording.NO_BREAK}−1,{wording.NO_BREAK}{row['high']:.2f}]"
    return f"{value} {wording.interval(row['low'], row['high'], 2)}"


def finding(panel: pd.DataFrame) -> tuple[str, str]:
    """Say the R² of every outcome, alone."""
    own = panel[panel["given"] == ALONE].set_index("outcome")
    said = [f"{name} {_said(own.loc[one])}" for one, name in OUTCOMES.items() if one in own.index]
    return "R² of the hidden proportion for", ", ".join(said)


def title(panels: list[tuple[str, pd.DataFrame]]) -> str:
    """Say in how many panels the proportion explains speed better than final accuracy."""
    if not panels:
        return TOO_FEW
    more = 0
    for _, panel in panels:
        value = panel[panel["given"] == ALONE].set_index("outcome")["value"]
        more += value.get("area_clean", np.nan) > value.get("logit_clean", np.nan)
    of = wording.counted(len(panels), "panel")
    return f"The area under the curve is explained better than final accuracy in {more} of {of}"


def _points(name: str, panel: pd.DataFrame) -> pd.DataFrame:
    """Return a point an outcome and what is given; what is below `LOWEST` stands there."""
    place = {one: at for at, one in enumerate(OUTCOMES)}
    y = panel["outcome"].map(place) + 0.2 * (panel["given"].map(list(MARKS).index) - 1.5)
    value, low, high = (panel[of].clip(lower=LOWEST) for of in ("value", "low", "high"))
    arm = panel["given"].where(panel["value"] >= LOWEST, panel["given"] + ", below")
    return facets.rows(name, arm, value, y, low, high, panel.index)


@style.themed
def draw(explained: pd.DataFrame, partial: pd.DataFrame) -> style.Sheet:
    """Draw what the proportion explains of four outcomes, a panel an experiment and budget.

    Parameters
    ----------
    explained, partial : `analysis/explained.csv`, `analysis/partial.csv` (see `analysis.columns`).
    """
    rows = selected(explained, partial)
    found = list(wording.panels(rows))
    if not found:
        return style.nothing(title(found))
    sizes = rows[["dataset", "inputs", "outputs"]].drop_duplicates().to_numpy()
    data = ", ".join(f"{name} (|x| = {x}, |y| = {y})" for name, x, y in sizes)
    points = pd.concat([_points(name, panel) for name, panel in found])
    told = rows["judged"].loc[points.index].to_numpy(bool)
    sheet, panels = facets.draw(
        (
            title(found),
            "Share of the variance that a spline on the hidden proportion predicts of patterns "
            f"left out, alone or given another explanation (below {LOWEST:g}: an arrow)".replace(
                "-", "−"
            ),
            f"Data set {data}. Number of unknowns and |h| are fixed (design even). What does not "
            "vary in it cannot be given, and has no mark. Open: an inflation of variance above 10, "
            "so that the two are hardly told apart. Bars: 95 %, bootstrap over patterns that fits "
            "again. Spline: natural cubic, 4 degrees of freedom. Accuracies by their logit.",
        ),
        [
            wording.panel(name, f"n = {panel['n'].iloc[0]:,}, {panel['patterns'].iloc[0]} patterns")
            for name, panel in found
        ],
        [(points[told], ["across", "dots"]), (points[~told], ["across", "open"])],
        MARKS | LOW,
        facets.Arrangement(
            columns=3 if len(found) > 4 else 2, height=ROW * len(OUTCOMES), left=LEFT
        ),
        ("cross-validated R²", ""),
        {name: finding(panel) for name, panel in found},
        {given: mark for given, mark in MARKS.items() if given in set(rows["given"])},
    )
    for _, axes in panels:
        axes.axvline(0, color=style.FAINT, linewidth=0.9, zorder=2)
        axes.set_xlim(LOWEST - 0.06, 1.03)
        axes.set_ylim(len(OUTCOMES) - 0.5, -0.5)
        axes.set_yticks(range(len(OUTCOMES)), list(OUTCOMES.values()))
        axes.tick_params(axis="y", length=0)
        axes.set_xticks([-0.5, 0, 0.5, 1], ["−0.5", "0", "0.5", "1"])
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
    return sheet
