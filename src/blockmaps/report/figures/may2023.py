"""Our test loss beside the authors' of May 2023, by data set, loss mode, model and rate."""

import numpy as np
import pandas as pd

from blockmaps.analysis.may2023 import AUTHORS, MODELS, NAMES, THEIR_SEEDS, cells
from blockmaps.report.figures import facets, style

THEIRS = "the authors, 0.02 by their code"
_OURS = (
    style.Mark("#00664B", "s", ""),
    style.Mark("#D55E00", "^", ""),
    style.Mark("#0072B2", "D", ""),
    style.Mark("#7A1F6B", "v", ""),
)
RANGE = (1.0, 20.0)  # of the loss that is drawn; what is above is drawn at the right edge


def title(known: pd.DataFrame) -> str:
    """Say in how many cells our loss agrees with theirs, at each learning rate."""
    said = [
        f"{int((rows['apart'] == 'holds').sum())} of {len(rows)} (rate {rate:g})"
        for rate, rows in sorted(known.groupby("learning_rate"), reverse=True)
    ]
    whole = f"Our loss is not clearly apart from theirs in {', '.join(said)}"
    return whole if style.fits(whole) else f"Not apart from theirs: {', '.join(said)}"


def losses(known: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return a row a model and source: `loss` with a standard deviation to both sides, and `at`."""
    theirs = known.drop_duplicates(["name", "model"])
    theirs = theirs.assign(arm=THEIRS, loss=theirs["authors_loss"], sd=theirs["authors_sd"])
    ours = known.assign(arm="ours, " + known["learning_rate"].map("{:g}".format))
    rows = pd.concat([theirs, ours], ignore_index=True)
    sd, loss = rows["sd"].fillna(0), rows["loss"]
    at = facets.aside(rows["model"].map(MODELS.index), rows["arm"], names, 0.8 / len(names))
    bounds = {"loss": loss, "low": loss - sd, "high": loss + sd}
    inside = {name: values.clip(*RANGE) for name, values in bounds.items()}
    return rows.assign(at=at, panel=rows["name"].map(NAMES), **inside)


@style.themed
def draw(table: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw our loss beside theirs, a panel a data set and loss mode (see `analysis.may2023`)."""
    if table.empty:
        return style.nothing("The table holds no run of the authors' models")
    known = cells(table)
    rates = sorted(set(known["learning_rate"]), reverse=True)
    marks = {THEIRS: style.Mark(style.INK, "o", "")}
    marks |= {f"ours, {rate:g}": mark for rate, mark in zip(rates, _OURS, strict=False)}
    lost, finite = int(known["diverged"].sum()), int(known["n"].sum())
    counts = known.groupby("name")["n"].sum()
    return facets.draw(
        title(known),
        caption,
        f"n = {finite + lost} runs of ours ({lost} diverged, not in the means), {THEIR_SEEDS} "
        "of theirs a cell (qbhershey/iterativenn, notebooks/paper/project.csv). Images 50×50, "
        "three a sequence. Not clearly apart: Welch's 95 % interval holds 0. The table has "
        "every difference. A loss above 20 stands at the right edge.",
        (),
        {NAMES[name]: f"n = {counts[name]}" for name in AUTHORS if name in counts},
        [facets.PanelLayer("across dots", losses(known, list(marks)), "loss", "at")],
        marks,
        facets.PanelAxis(
            "test loss (log)",
            (RANGE[0], 1.05 * RANGE[1]),
            {loss: f"{loss}" for loss in (1, 2, 5, 10, 20)},
            log=True,
            line=np.log(10),
        ),
        facets.rows(MODELS),
        grid=facets.PanelGrid(columns=3, height=0.4 * len(MODELS), left=0.9),
    )
