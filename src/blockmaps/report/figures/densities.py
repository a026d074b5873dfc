"""A heat map over the densities of hx and hh: where accuracy is close to a size's best."""

import numpy as np
import pandas as pd

from blockmaps.analysis.summary import final_outcomes
from blockmaps.report.figures import facets, style, wording

DESIGNS = ("grid", "factorial", "random")
NEAR = "cells within a point of the best lie at hidden proportions of"
MOST_LEVELS = 6
EDGES = np.array([0, 0.1, 0.2, 0.4, 0.7, 1.0])
WORST = 10.0  # points below the best: what is worse has the same colour


def panels(outcomes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return every panel with a design over both densities, and its runs."""
    found = {}
    for name, rows in wording.panels(outcomes[outcomes["test_accuracy"].notna()]).items():
        designs = [design for design in DESIGNS if design in set(rows["design"])]
        own = rows[rows["design"] == (designs or [""])[0]]
        if own[["density_hx", "density_hh"]].round(6).nunique().min() >= 2:
            found[name] = own
    return found


def levels(density: pd.Series) -> pd.Series:
    """Return the level of every density as text: its own if they are few and short, or a range."""
    exact = density.round(6)
    if exact.nunique() <= MOST_LEVELS and (exact == exact.round(2)).all():
        return exact.map("{:g}".format)
    place = np.clip(np.digitize(exact, EDGES[1:-1], right=True), 0, len(EDGES) - 2)
    named = [f"{EDGES[i]:g}–{EDGES[i + 1]:g}" for i in place]
    return pd.Series(named, index=density.index, dtype=object)


def cells(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 100 × the mean outcome and mean hidden proportion, by level of hx (down) and of hh."""
    named = rows.assign(
        hx=levels(rows["density_hx"]), hh=levels(rows["density_hh"]), of=100 * rows["test_accuracy"]
    )
    hx, hh = (
        sorted(named[name].unique(), key=lambda level: float(level.split("–")[0]))
        for name in ("hx", "hh")
    )
    accuracy, proportions = (
        named.pivot_table(index="hx", columns="hh", values=value).reindex(hx[::-1], columns=hh)
        for value in ("of", "hidden_proportion")
    )
    return accuracy, proportions


def near_best(accuracy: pd.DataFrame, proportions: pd.DataFrame) -> np.ndarray:
    """Return the hidden proportions of the cells within a point of the best."""
    return proportions.to_numpy()[accuracy.to_numpy() >= np.nanmax(accuracy) - 1]


def finding(near: np.ndarray) -> str:
    """Say on which side of ½ the cells within a point of the best lie."""
    if not len(near):
        return "The table holds no design over the densities of hx and hh"
    below = int((near < 0.5).sum())
    some = "All" if below == len(near) else f"{below} of the"
    return f"{some} {len(near)} best cells have a hidden proportion below ½"


@style.themed
def draw(runs: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw a heat map an experiment and budget, from the runs table (see `results.runs`)."""
    outcomes = final_outcomes(runs)
    found = panels(outcomes)
    if not found:
        return style.nothing(finding(np.array([])))
    tables = {name: cells(rows) for name, rows in found.items()}
    near = {name: near_best(*table) for name, table in tables.items()}
    shown = pd.concat(found.values())
    designs = " and ".join(sorted(shown["design"].unique()))
    grid = facets.PanelGrid(height=1.9, share_x=False, share_y=False, left=0.74, below=0.62)
    sheet = facets.draw(
        finding(np.concatenate(list(near.values()))),
        caption,
        wording.facts(shown, f"Designs: {designs}; the other blocks' densities are averaged over."),
        [(name, NEAR, f"{own.min():.2f} to {own.max():.2f}") for name, own in near.items()],
        {name: f"n = {len(rows)}" for name, rows in found.items()},
        grid=grid,
    )
    for place, (name, axes) in enumerate(sheet.panels.items()):
        accuracy, proportions = tables[name]
        said = accuracy.map("{:.0f}".format) + "\n" + proportions.map("{:.2f}".format)
        below, numbers = np.nanmax(accuracy) - accuracy, {"size": 8, "linespacing": 1.05}
        labels = "density of hh", "" if place % grid.columns else "density of hx"
        look = {"cmap": "cividis_r", "annot": said, "annot_kws": numbers}
        facets.heat(axes, below, labels, vmin=0, vmax=WORST, **look)
    return sheet
