"""Singular values of W by arm, before and after training: two panels an experiment."""

import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.path import ARMS, NAMES

RAISED = "largest singular value after training over before"


def raised(rows: pd.DataFrame) -> pd.Series:
    """Return by how much training multiplies the largest singular value, by arm."""
    first = rows[rows["rank"] == 1].groupby(["trained", "arm"])["value"].mean()
    ends = first.unstack("trained").reindex(columns=["before", "after"])
    return (ends["after"] / ends["before"]).reindex(NAMES.values()).dropna()


@style.themed
def draw(table: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw singular values against their rank (columns in `blockmaps.analysis.continuum`)."""
    rows = table[table["structure"].isin(NAMES) & (table["value"] > 0)]
    if rows.empty:
        return style.nothing("The table holds no singular values")
    rows = rows[rows["value"] > 1e-4 * rows["value"].max()]  # below, rounding decides
    floor = rows["value"].min() / 1.5
    rows = rows.assign(low=rows["low"].clip(lower=floor), arm=rows["arm"].map(NAMES))
    found = wording.panels(rows.sort_values("rank"))
    rows = pd.concat(found.values())
    rows["panel"] = list(map(wording.part, rows["panel"], rows["trained"] + " training"))
    ratios = {name: raised(own) for name, own in found.items()}
    every = pd.concat(ratios.values())
    up = "every arm" if (every > 1).all() else f"{(every > 1).sum()} of {len(every)} arms"
    title = f"Training raises the largest singular value of W in {up}"
    return facets.draw(
        title if len(every) else "Singular values of W by arm",
        caption,
        f"{wording.counted(int(rows['n'].max()), 'seed')} an arm. Ranks are spread evenly on a log "
        "scale. Values that are zero are not shown: an MLP's W of few unknowns lacks full rank.",
        [
            (name, RAISED, ", ".join(f"{arm} × {ratio:.1f}" for arm, ratio in own.items()))
            for name, own in ratios.items()
        ],
        {
            wording.part(name, f"{one} training"): ""
            for name in found
            for one in ("before", "after")
        },
        [facets.PanelLayer("band line", rows, "rank", "value")],
        ARMS,
        facets.PanelAxis(
            "rank (log)", (0.9, rows["rank"].max() * 1.1), write=facets.power, log=True
        ),
        facets.PanelAxis(
            "singular value (log)", (floor, rows["high"].max() * 1.5), write=facets.power, log=True
        ),
        grid=facets.PanelGrid(columns=2, height=2.2),
    )
