"""Cross-validated R² by explanation: how much of accuracy each predicts of patterns left out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import Multiples
from blockmaps.results import outcome

OUTCOME = "logit_clean"
DESIGNS = ("even", "factorial", "grid", "random", "all")
MOST_DESIGNS = 2  # of each panel, in that order; all only where there is no other
MOST_NAMED = 4  # panels whose numbers the title gives
COLUMNS, LABELS, ROW, BETWEEN = 2, 1.75, 0.27, 0.2  # inches
LOWEST = -0.6  # R² below it is drawn at the left edge, with an arrow

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
    "linear": style.Mark("#0072B2", "o", "-"),
    "quadratic": style.Mark("#D55E00", "^", "-"),
    "spline": style.Mark("#00664B", "s", "-"),
}


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


def predicted(panels: list[tuple[str, pd.DataFrame]]) -> dict[str, tuple[float, str]]:
    """Return R² of the hidden proportion's spline by panel, and as text with its interval.

    Of the panels where |h| and unknowns are fixed; of all where there is none.
    """
    even = [(name, panel) for name, panel in panels if (panel["design"] == "even").all()]
    found = {}
    for name, panel in even or panels:
        row = panel[(panel["explanation"] == "hidden_proportion") & (panel["form"] == "spline")]
        if len(row):
            value, low, high = row.iloc[0][["cv_r2", "cv_low", "cv_high"]]
            text = f"{value:.2f} {wording.interval(low, high, 2)}".replace("-", "−")
            found[name] = (value, text)
    return found


def finding(panels: list[tuple[str, pd.DataFrame]]) -> str:
    """Say what the hidden proportion's spline predicts where |h| and unknowns are fixed."""
    if not panels:
        return "Too few patterns to explain the outcome by"
    said = predicted(panels)
    if not said:
        return "The hidden proportion does not vary here"
    what = "R² of the hidden proportion for patterns that were left out:"
    if len(said) > MOST_NAMED:
        low, middle, high = np.quantile([value for value, _ in said.values()], [0, 0.5, 1])
        return (
            f"{what} median {middle:.2f}, from {low:.2f} to {high:.2f} over {len(said)} panels"
        ).replace("-", "−")
    return wording.sentence({name: (what, text) for name, (_, text) in said.items()})


def _draw_panel(axes: Axes, panel: pd.DataFrame, names: list[str]) -> None:
    """Draw three marks an explanation, each with its interval."""
    for place, (form, mark) in enumerate(MARKS.items()):
        rows = panel[panel["form"] == form].set_index("explanation").reindex(names)
        y = np.arange(len(names)) + 0.24 * (place - 1)
        value = rows["cv_r2"].to_numpy(float)
        low = np.maximum(rows["cv_low"].to_numpy(float), LOWEST)
        high = np.maximum(rows["cv_high"].to_numpy(float), LOWEST)
        axes.hlines(y, low, high, color=mark.color, linewidth=1.3, zorder=3)
        inside = value >= LOWEST
        axes.scatter(value[inside], y[inside], s=20, color=mark.color, marker=mark.marker, zorder=4)
        below = value < LOWEST
        axes.scatter(
            np.full(below.sum(), LOWEST), y[below], s=22, color=mark.color, marker="<", zorder=4
        )
    axes.axvline(0, color=style.FAINT, linewidth=0.9, zorder=2)
    axes.set_xlim(LOWEST - 0.04, 1.02)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False)
    axes.grid(True, axis="x", color=style.GRID)
    for line in np.arange(len(names) - 1) + 0.5:
        axes.axhline(line, color=style.GRID, linewidth=0.7, zorder=1)


def _scale(panels: list[tuple[str, pd.DataFrame]]) -> str:
    """Say which data sets and initialisations there are, and at what sizes."""
    if not panels:
        return ""
    rows = pd.concat([panel for _, panel in panels])
    sizes = rows[["dataset", "inputs", "outputs"]].drop_duplicates()
    data = ", ".join(f"{name} (|x| = {x}, |y| = {y})" for name, x, y in sizes.to_numpy())
    schemes = rows.groupby("experiment", sort=False)["initialisation"].first()
    said = ", ".join(f"{name}: {scheme}" for name, scheme in schemes.items())
    several = f" Initialisation: {said}." if schemes.nunique() > 1 else ""
    return f"Data set {data}.{several} "


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw cross-validated R² by explanation and form, a panel an experiment, budget and design.

    Parameters
    ----------
    table : `analysis/explained.csv` (columns in `analysis.columns`).
    """
    panels = shown(table)
    names = [name for name in NAMES if any(name in set(p["explanation"]) for _, p in panels)]
    keys = style.key_height(MARKS)
    layout = Multiples(
        len(panels), COLUMNS, max(ROW * len(names), 0.5), LABELS, 0.58, BETWEEN, keys
    )
    sheet = style.sheet(
        finding(panels),
        "Share of the outcome's variance, on the scale of its logit or of its error's logarithm, "
        "that is predicted of patterns left out "
        f"(below {LOWEST:g}: an arrow)".replace("-", "−"),
        f"{_scale(panels)}A pattern is left out with all its seeds. Below zero: worse than the "
        "mean of the others (in even: of those with the same |h|). An explanation that does not "
        "vary in a design has no mark. Bars: 95 %, jackknife over patterns. Spline: natural "
        "cubic, 4 degrees of freedom.",
        layout.body,
        {name: text for name, (_, text) in predicted(panels).items()},
    )
    style.key(sheet, LABELS, MARKS, lines=False)
    for (name, panel), (column, axes) in zip(panels, layout.axes(sheet), strict=True):
        counts = f"n = {panel['n'].iloc[0]:,}, {panel['patterns'].iloc[0]} patterns"
        style.panel_title(axes, name, counts)
        _draw_panel(axes, panel, names)
        labels = [NAMES[one] for one in names] if column == 0 else [""] * len(names)
        axes.set_yticks(range(len(names)), labels)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("cross-validated R²")
    return sheet
