"""Accuracy on the path from an MLP to random places: a panel an experiment."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import multiples, style, wording

PANEL = ["experiment", "dataset", "budget", "initialisation"]
# The arms' names on a sheet and their marks; dense is drawn as everywhere.
NAMES = {
    "control": "torch's layers",
    "mlp": "MLP",
    "path-0.5": "half moved",
    "random-places": "random places",
    "dense": "dense",
}
ARMS = {
    "control": style.Mark("#595959", "", (0, (5, 1.5))),
    "mlp": style.Mark("#1a1a1a", "o", "-"),
    "path-0.5": style.Mark("#AA4499", "v", (0, (3, 1.5, 1, 1.5))),
    "random-places": style.Mark("#D55E00", "D", (0, (4, 1.5))),
    **style.marks(["dense"]),
}
PATH = style.Mark("#AA4499", "o", "-")
KEY = {
    NAMES["control"]: ARMS["control"],
    "path from the MLP to random places": PATH,
    "dense map": ARMS["dense"]._replace(line=""),
}
FEWEST = 3  # shares on a path that is drawn
NOTHING = "The table holds no path from an MLP to random places"
DENSE_AT = 1.12


def paths(table: pd.DataFrame) -> list[tuple[dict, pd.DataFrame]]:
    """Return labels and rows of every path, those with as many iterations as the MLP's layers."""
    found = []
    for labels, rows in table.groupby(PANEL, sort=True):
        mlp = rows.loc[rows["arm"] == "mlp", "iterations"]
        least = mlp.min() if len(mlp) else rows["iterations"].max()
        own = rows[(rows["iterations"] == least) | (rows["arm"] == "control")]
        if own["moved"].nunique() >= FEWEST:
            found.append((dict(zip(PANEL, labels, strict=True)), own))
    return found


def named(labels: dict) -> str:
    """Return a panel's name."""
    return f"{labels['experiment']}, {labels['initialisation']}"


def finding(labels: dict, differences: pd.DataFrame) -> tuple[str, str]:
    """Say how random places come out against the MLP."""
    same = (differences[list(labels)] == pd.Series(labels)).all(axis=1)
    rows = differences[same & (differences["difference"] == "random - MLP")]
    if rows.empty or rows["low_95"].isna().all():
        return "too few seeds to tell random places from the MLP", ""
    row = rows.sort_values("iterations").iloc[0]
    low, high = row["low_95"], row["high_95"]
    relation = "not clearly apart from"
    if low > 0 or high < 0:
        relation = "above" if low > 0 else "below"
    numbers = f"{row['mean']:+.1f}{wording.NO_BREAK}{wording.interval(low, high, 1)}"
    return f"random places end {relation} the MLP:", numbers.replace("-", "−")


def facts(found: list[tuple[dict, pd.DataFrame]]) -> str:
    """Say what was trained, on what, and what the bars are."""
    every = pd.concat([rows for _, rows in found])
    runs = wording.counted(int(every["n"].sum()), "run")
    sizes = every.groupby("dataset", sort=True)["test_images"].first()
    data = ", ".join(f"{name} ({number:,} test images)" for name, number in sizes.items())
    budgets = " or ".join(f"{one:,}" for one in sorted(every["budget"].unique()))
    epochs = every[["epochs", "steps"]].drop_duplicates().itertuples(index=False)
    after = " or ".join(f"{one} epochs ({steps:,} steps)" for one, steps in epochs)
    diverged = int(every["diverged"].sum())
    return (
        f"{runs} ({diverged} diverged), {budgets} unknowns in every arm, after {after}. "
        f"Data set {data}. Bars and band: 95 %, t with the variance between seeds pooled over the "
        "arms; in the title: 95 % Welch's t interval of the difference in points. The path "
        "takes as many iterations as the MLP has layers."
    )


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    multiples.level(axes, rows[rows["arm"] == "control"], ARMS["control"])
    path = rows[rows["moved"].notna()].sort_values("moved")
    multiples.points(axes, path["moved"], path, PATH, "accuracy")
    dense = rows[rows["arm"] == "dense"].assign(moved=DENSE_AT)
    multiples.points(axes, dense["moved"], dense, KEY["dense map"], "accuracy")


@style.themed
def draw(table: pd.DataFrame, differences: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against the share of unknowns that are moved.

    Parameters
    ----------
    table, differences : columns in `blockmaps.analysis.continuum`.
    """
    found = paths(table)
    if not found:
        return style.sheet(NOTHING, "", "", 0.2)
    layout = multiples.in_pairs(len(found), KEY)
    sheet = style.sheet(
        {named(labels): finding(labels, differences) for labels, _ in found},
        "Test accuracy against ρ, the share of the MLP's unknowns that are moved to any place of "
        "the rows of the state; all arms have exactly as many unknowns",
        facts(found),
        layout.body,
    )
    style.key(sheet, layout.beside, KEY, lines=True)
    every = layout.axes(sheet)
    for (labels, rows), (_, axes) in zip(found, every, strict=True):
        n = wording.several(rows["n"].min(), rows["n"].max())
        about = f"{labels['budget']:,} unknowns, {n} an arm"
        style.panel_title(axes, named(labels), about)
        _draw(axes, rows)
        axes.set_xlim(-0.05, DENSE_AT + 0.06)
        ticks = np.linspace(0, 1, 6)
        labels_of = ["0\nMLP", *(f"{tick:g}" for tick in ticks[1:-1]), "1\nrandom"]
        axes.set_xticks(ticks, labels_of)
        values = pd.concat([rows["accuracy"], rows["low"], rows["high"]]).dropna()
        axes.set_ylim(*style.padded(values, 0.1))
        style.percent_axis(axes)
        axes.set_ylabel("test accuracy")
        axes.set_xlabel("ρ")
    return sheet
