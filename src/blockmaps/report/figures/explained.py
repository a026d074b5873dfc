"""Cross-validated R² by explanation: how much of accuracy each predicts of patterns left out."""

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

OUTCOME = "logit_clean"
DESIGNS = ("even", "factorial", "grid", "random", "all")
MOST_DESIGNS = 2  # of each panel, in that order; all only where there is no other
LOWEST = -0.6  # R² below it is drawn at the left edge, with an arrow
LEFT, ROW = 1.72, 0.23  # inches

NAMES = {
    "hidden_proportion": "hidden proportion",
    "hidden_proportion_hh_hx": "n_hh / (n_hx + n_hh)",
    "hidden_proportion_hh_all": "n_hh / all",
    "density": "overall density",
    "hidden": "|h|",
    "share_yx": "n_yx / N",
    "spectral_radius": "spectral radius before",
    "state_scale": "state's scale before",
}
MARKS = {
    "linear": style.Mark("#0072B2", "o", ""),
    "quadratic": style.Mark("#D55E00", "^", ""),
    "spline": style.Mark("#00664B", "s", ""),
}
LOW = {f"{form}, below": style.Mark(mark.color, "<", "") for form, mark in MARKS.items()}


def shown(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the panels drawn, named: of every experiment and budget at most two designs."""
    rows = table[table["outcome"].isin(outcome.named(OUTCOME, one) for one in outcome.ALL)]
    found = []
    several = rows["experiment"].nunique() > 1
    for (experiment, _, budget), panel in rows.groupby(["experiment", "dataset", "budget"]):
        there = [one for one in DESIGNS if one in set(panel["design"])]
        several_designs = [one for one in there if one != "all"][:MOST_DESIGNS]
        for design in several_designs or there:
            name = f"{design}, {budget:,}{wording.NO_BREAK}unknowns"
            name = f"{experiment}: {name}" if several else name
            found.append((name, panel[panel["design"] == design]))
    return found


def predicted(panels: list[tuple[str, pd.DataFrame]]) -> dict[str, pd.Series]:
    """Return R² of the hidden proportion's spline by panel: cv_r2, cv_low, cv_high.

    Of the panels where |h| and unknowns are fixed; of all where there is none.
    """
    even = [(name, panel) for name, panel in panels if (panel["design"] == "even").all()]
    found = {}
    for name, panel in even or panels:
        row = panel[(panel["explanation"] == "hidden_proportion") & (panel["form"] == "spline")]
        if len(row):
            found[name] = row.iloc[0][["cv_r2", "cv_low", "cv_high"]]
    return found


def finding(panels: list[tuple[str, pd.DataFrame]]) -> str:
    """Say in how many panels the hidden proportion predicts patterns that were left out."""
    if not panels:
        return "Too few patterns to explain the outcome by"
    said = predicted(panels)
    if not said:
        return "The hidden proportion does not vary here"
    told = sum(row["cv_low"] > 0 for row in said.values())
    panels_of = wording.counted(len(said), "panel")
    return f"The hidden proportion predicts patterns left out in {told} of {panels_of}"


def _points(name: str, panel: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return a point an explanation and form; what is below `LOWEST` stands there."""
    place = {one: at for at, one in enumerate(names)}
    y = panel["explanation"].map(place) + 0.24 * (panel["form"].map(list(MARKS).index) - 1)
    value, low, high = (panel[of].clip(lower=LOWEST) for of in ("cv_r2", "cv_low", "cv_high"))
    below = panel["cv_r2"] < LOWEST
    arm = panel["form"].where(~below, panel["form"] + ", below")
    return facets.rows(name, arm, value, y, low, high, panel.index)


def _scale(panels: list[tuple[str, pd.DataFrame]]) -> str:
    """Say which data sets and initialisations there are, and at what sizes."""
    rows = pd.concat([panel for _, panel in panels])
    sizes = rows[["dataset", "inputs", "outputs"]].drop_duplicates()
    data = ", ".join(f"{name} (|x| = {x}, |y| = {y})" for name, x, y in sizes.to_numpy())
    schemes = rows.groupby("initialisation")["experiment"].unique()
    said = "; ".join(f"{scheme}: {', '.join(names)}" for scheme, names in schemes.items())
    return f"Data set {data}. {f'Initialisation {said}. ' if len(schemes) > 1 else ''}"


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw cross-validated R² by explanation and form, a panel an experiment, budget and design.

    Parameters
    ----------
    table : `analysis/explained.csv` (columns in `analysis.columns`).
    """
    found = shown(table)
    if not found:
        return style.nothing(finding(found))
    names = [name for name in NAMES if any(name in set(p["explanation"]) for _, p in found)]
    grid = facets.Arrangement(
        columns=3 if len(found) > 4 else 2, height=max(ROW * len(names), 0.5), left=LEFT
    )
    numbers = {
        name: f"{row['cv_r2']:.2f} {wording.interval(row['cv_low'], row['cv_high'], 2)}"
        for name, row in predicted(found).items()
    }
    sheet, panels = facets.draw(
        (
            finding(found),
            "Share of the outcome's variance, on the scale of its logit or of its error's "
            "logarithm, that is predicted of patterns left out "
            f"(below {LOWEST:g}: an arrow)".replace("-", "−"),
            f"{_scale(found)}A pattern is left out with all its seeds. Below zero: worse than the "
            "mean of the others (in even: of those with the same |h|). An explanation that does "
            "not vary in a design has no mark. Bars: 95 %, jackknife over patterns. Spline: "
            "natural cubic, 4 degrees of freedom.",
        ),
        [
            wording.panel(name, f"n = {panel['n'].iloc[0]:,}, {panel['patterns'].iloc[0]} patterns")
            for name, panel in found
        ],
        [(pd.concat(_points(name, one, names) for name, one in found), ["across", "dots"])],
        MARKS | LOW,
        grid,
        ("cross-validated R²", ""),
        {
            name: ("R² of the hidden proportion's spline", text.replace("-", "−"))
            for name, text in numbers.items()
        },
        MARKS,
    )
    for _, axes in panels:
        axes.axvline(0, color=style.FAINT, linewidth=0.9, zorder=2)
        axes.set_xlim(LOWEST - 0.06, 1.03)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticks(range(len(names)), [NAMES[one] for one in names])
        axes.tick_params(axis="y", length=0)
        axes.set_xticks([-0.5, 0, 0.5, 1], ["−0.5", "0", "0.5", "1"])
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        for line in np.arange(len(names) - 1) + 0.5:
            axes.axhline(line, color=style.GRID, linewidth=0.7, zorder=1)
    return sheet
