"""Our test loss beside the authors' of May 2023, by data set, loss mode, model and rate."""

import numpy as np
import pandas as pd

from blockmaps.analysis.may2023 import AUTHORS, MODELS, NAMES, THEIR_SEEDS, cells
from blockmaps.report.figures import facets, style, wording

THEIRS = "the authors, 0.02 by their code"
_OURS = (
    style.Mark("#00664B", "s", ""),
    style.Mark("#D55E00", "^", ""),
    style.Mark("#0072B2", "D", ""),
    style.Mark("#7A1F6B", "v", ""),
)
RANGE = (1.0, 20.0)  # of the loss that is drawn; what is above is drawn at the right edge
TICKS = (1, 2, 5, 10, 20)
GRID = facets.Arrangement(columns=3, height=0.4 * len(MODELS), left=0.9)


def title(table: pd.DataFrame) -> str:
    """Say in how many cells our loss agrees with theirs, at each learning rate."""
    said = [
        f"{int((rows['apart'] == 'holds').sum())} of {len(rows)} (rate {rate:g})"
        for rate, rows in sorted(cells(table).groupby("learning_rate"), reverse=True)
    ]
    whole = f"Our loss is not clearly apart from theirs in {', '.join(said)}"
    return whole if style.fits(whole) else f"Not apart from theirs: {', '.join(said)}"


def _points(table: pd.DataFrame, marks: dict[str, style.Mark]) -> pd.DataFrame:
    """Return a point a model and source, a standard deviation to both sides; log10 of the loss."""
    parts = []
    for place, name in enumerate(marks):
        theirs = name == THEIRS
        rate = np.nan if theirs else float(name.removeprefix("ours, "))
        rows = table.drop_duplicates(["name", "model"])
        rows = rows if theirs else table[table["learning_rate"] == rate]
        mean, sd = (
            rows[f"authors_{one}" if theirs else one].fillna(0 if one == "sd" else np.nan)
            for one in ("loss", "sd")
        )
        x, low, high = (np.log10(one.clip(*RANGE)) for one in (mean, mean - sd, mean + sd))
        y = rows["model"].map(MODELS.index) + 0.8 / len(marks) * (place - (len(marks) - 1) / 2)
        own = facets.rows("", name, x, y, low, high, rows.index)
        parts.append(own.assign(panel=rows["name"].astype(object)))
    return pd.concat(parts)


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw our loss beside theirs, a panel a data set and loss mode.

    Parameters
    ----------
    table : `tables/may2023.csv` (columns in `analysis.may2023`).
    """
    if table.empty:
        return style.nothing("The table holds no run of the authors' models")
    known = cells(table)
    names = [name for name in AUTHORS if name in set(known["name"])]
    rates = sorted(set(known["learning_rate"]), reverse=True)
    marks = {THEIRS: style.Mark(style.INK, "o", "")}
    marks |= {f"ours, {rate:g}": mark for rate, mark in zip(rates, _OURS, strict=False)}
    lost, finite = int(known["diverged"].sum()), int(known["n"].sum())
    counts = known.groupby("name")["n"].sum()
    sheet, panels = facets.draw(
        (
            title(table),
            "Test loss after 100 epochs, mean and standard deviation over seeds; dashed: log 10, "
            "the loss of guessing",
            f"n = {finite + lost} runs of ours ({lost} diverged, not in the means), {THEIR_SEEDS} "
            "of theirs a cell (qbhershey/iterativenn, notebooks/paper/project.csv). Images 50×50, "
            "three a sequence. Not clearly apart: Welch's 95 % interval holds 0. The table has "
            "every difference. A loss above 20 stands at the right edge.",
        ),
        [wording.Panel(name, NAMES[name], f"n = {counts[name]}") for name in names],
        [(_points(known, marks), ["across", "dots"])],
        marks,
        GRID,
        ("test loss", ""),
    )
    for _, axes in panels:
        axes.set_xlim(*(np.log10(one) for one in (RANGE[0], 1.05 * RANGE[1])))
        axes.set_xticks([np.log10(one) for one in TICKS], [str(one) for one in TICKS])
        guessing = np.log10(np.log(10))
        axes.axvline(guessing, color=style.FAINT, linewidth=0.9, linestyle=(0, (2, 2)), zorder=2)
        axes.set_ylim(len(MODELS) - 0.5, -0.5)
        axes.set_yticks(range(len(MODELS)), MODELS)
        axes.tick_params(axis="y", length=0)
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
    return sheet
