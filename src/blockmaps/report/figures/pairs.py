"""Accuracy by pair of transforms, a heat map an arm."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import Normalize

from blockmaps.report.figures import style

ARMS = ("uniform", "balanced", "dense")
SIDE, LABELS, TITLE, BETWEEN, BELOW = 2.15, 1.28, 0.5, 0.12, 1.15  # inches
NOTHING = "the table holds no pairs of transforms"


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn, of split test: the first experiment with the most of `ARMS` and pairs.

    Of several budgets the largest at which it has those arms.
    """
    rows = table[(table["split"] == "test") & table["anomaly"].notna()]
    rows = rows[rows["anomaly"] != ""]
    if rows.empty:
        return rows
    # an experiment and budget with none of the arms shows its own first arm
    panels = rows.groupby(["experiment", "budget"])["arm"].agg(
        lambda arms: len(set(arms) & set(ARMS))
    )
    best = panels[panels == panels.max()].reset_index()
    experiment = best["experiment"].iloc[0]
    budget = best.loc[best["experiment"] == experiment, "budget"].max()
    rows = rows[(rows["experiment"] == experiment) & (rows["budget"] == budget)]
    main = rows[rows["arm"].isin(ARMS)]
    return main if len(main) else rows[rows["arm"] == rows["arm"].iloc[0]]


def overall(rows: pd.DataFrame) -> pd.Series:
    """Return every arm's accuracy over all pairs, a mean over sequences."""
    right = (rows["mean"] * rows["sequences"]).groupby(rows["arm"]).sum()
    return right / rows.groupby("arm")["sequences"].sum()


def finding(rows: pd.DataFrame) -> str:
    """Say which pair is easiest and which hardest for the best of the arms drawn."""
    if rows.empty:
        return NOTHING[0].upper() + NOTHING[1:]
    best = overall(rows).idxmax()
    means = rows[rows["arm"] == best].set_index(["others", "anomaly"])["mean"]
    (a, b), (c, d) = means.idxmax(), means.idxmin()
    return (
        f"Accuracy by pair of transforms, of {best}: from {100 * means.min():.0f} % "
        f"({d} among {c}) to {100 * means.max():.0f} % ({b} among {a})"
    )


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw a heat map an arm.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.pairs`.
    """
    rows = shown(table)
    arms = [arm for arm in (*ARMS, *rows["arm"].unique()) if arm in set(rows["arm"])]
    arms = list(dict.fromkeys(arms))
    facts = ""
    if len(rows):
        counts = rows.groupby("arm")["runs"].max()
        runs = ", ".join(f"{arm} {counts[arm]}" for arm in arms)
        low, high = rows["sequences"].min(), rows["sequences"].max()
        facts = (
            f"Experiment {rows['experiment'].iloc[0]}, data set {rows['dataset'].iloc[0]}, "
            f"{rows['budget'].iloc[0]:,} unknowns, test sequences of images not trained on, "
            f"{low} to {high} a pair. Runs: {runs}; intervals are in pairs.csv."
        )
    sheet = style.sheet(
        finding(rows),
        "Accuracy in percent, by the transform of the one image that differs (columns) and of the "
        "others (rows)",
        facts,
        TITLE + SIDE + BELOW,
        {arm: f"{100 * value:.1f} %" for arm, value in overall(rows).items()} if len(rows) else {},
    )
    names = list(dict.fromkeys([*rows["others"], *rows["anomaly"]]))
    colors, norm = mpl.colormaps["cividis"], Normalize(0, 1)
    for place, arm in enumerate(arms[:3]):
        axes = sheet.axes(LABELS + place * (SIDE + BETWEEN), TITLE, SIDE, SIDE)
        own = rows[rows["arm"] == arm].pivot(index="others", columns="anomaly", values="mean")
        own = own.reindex(index=names, columns=names)
        values = own.to_numpy(float)
        axes.imshow(np.ma.masked_invalid(values), cmap=colors, norm=norm, interpolation="none")
        for row, column in zip(*np.nonzero(np.isfinite(values)), strict=True):
            value = values[row, column]
            axes.text(
                column,
                row,
                f"{100 * value:.0f}",
                size=7,
                ha="center",
                va="center",
                color="white" if value < 0.55 else "black",
            )
        axes.set_xticks(range(len(names)), names, rotation=90, size=7.5)
        axes.set_yticks(range(len(names)), names if place == 0 else [], size=7.5)
        axes.tick_params(length=0)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        style.panel_title(axes, arm, f"all pairs: {100 * overall(rows)[arm]:.1f} %")
    return sheet
