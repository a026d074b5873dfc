"""Accuracy on the path from an MLP to random places: a panel a data set and start."""

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording

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
    "mlp": style.Mark("#000000", "o", "-"),
    "path-0.5": style.Mark("#7A1F6B", "v", (0, (3, 1.5, 1, 1.5))),
    "random-places": style.Mark("#D55E00", "D", (0, (4, 1.5))),
    **style.marks(["dense"]),
}
KEY = {
    NAMES["control"]: ARMS["control"],
    "from MLP to random": style.Mark("#7A1F6B", "o", "-"),
    "dense map": ARMS["dense"]._replace(line=""),
}
GRID = facets.Arrangement(columns=3, height=2.2, share_y=False, left=0.78, below=0.62)
FEWEST = 3  # shares on a path that is drawn
NOTHING = "The table holds no path from an MLP to random places"
DENSE_AT, ENDS = 1.14, (-0.06, 1.21)
BARS = (
    "95 %, t over seeds with the arm's own variance, on the logit where it would leave 0 to 100 %"
)


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


def named(labels: dict) -> wording.Panel:
    """Return a panel in words: the data set, how unknowns start, how many there are."""
    start, data = wording.start(labels["initialisation"]), labels["dataset"].replace("-", " ")
    told = labels["experiment"] == labels["dataset"] or labels["experiment"].startswith("path")
    own = "" if told else f" ({labels['experiment']})"
    return wording.Panel(f"{data}{own}, {start}, {labels['budget']:,} unknowns", data + own, start)


def difference(labels: dict, differences: pd.DataFrame) -> pd.Series | None:
    """Return random places less the MLP, None with too few seeds for an interval."""
    same = (differences[list(labels)] == pd.Series(labels)).all(axis=1)
    rows = differences[same & (differences["difference"] == "random - MLP")]
    if rows.empty or rows["low_95"].isna().all():
        return None
    return rows.sort_values("iterations").iloc[0]


def finding(labels: dict, differences: pd.DataFrame) -> tuple[str, str]:
    """Say how random places come out against the MLP."""
    row = difference(labels, differences)
    if row is None:
        return "too few seeds to tell random places from the MLP", ""
    bounds = row["low_95"], row["high_95"]
    said = f"random places end {wording.relation(*bounds)} the MLP:"
    return said, wording.estimate(row["mean"], *bounds, 1)


def title(found: list[pd.Series | None]) -> str:
    """Say how random places come out in most panels."""
    bounds = [None if row is None else (row["low_95"], row["high_95"]) for row in found]
    if not any(bounds):
        return "Too few seeds to tell random places from the MLP"
    said = wording.compared("random places", bounds, "the MLP")
    return wording.first_upper(said.replace(" ends ", " end "))


def facts(found: list[tuple[dict, pd.DataFrame]]) -> str:
    """Say what was trained, on what, and what the bars are."""
    every = pd.concat([rows for _, rows in found])
    runs = wording.counted(int(every["n"].sum()), "run")
    sizes = every.groupby("dataset", sort=True)["test_images"].first()
    data = ", ".join(f"{name} ({number:,} test images)" for name, number in sizes.items())
    budgets = " or ".join(f"{one:,}" for one in sorted(every["budget"].unique()))
    epochs = every[["epochs", "steps"]].drop_duplicates().itertuples(index=False)
    after = " or ".join(f"{one} epochs ({steps:,} steps)" for one, steps in epochs)
    return (
        f"{runs} ({int(every['diverged'].sum())} diverged), "
        f"{wording.several(every['n'].min(), every['n'].max())} an arm, {budgets} unknowns in "
        f"every arm, after {after}. Data set {data}. Bars and band: {BARS}; in brackets: 95 % "
        "Welch's t interval of the difference in points. The path takes as many iterations as the "
        "MLP has layers."
    )


def _points(name: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Return the control's level, the path, and the dense map beside it."""
    control, path, dense = KEY
    moved = rows[rows["moved"].notna()].sort_values("moved")
    full = rows[rows["arm"] == "dense"]
    return (
        facets.level(name, control, rows[rows["arm"] == "control"], "accuracy", ENDS),
        facets.intervals(name, path, moved["moved"], moved, "accuracy"),
        facets.intervals(name, dense, full["moved"].fillna(DENSE_AT), full, "accuracy"),
    )


@style.themed
def draw(table: pd.DataFrame, differences: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against the share of unknowns that are moved.

    Parameters
    ----------
    table, differences : columns in `blockmaps.analysis.continuum`.
    """
    found = paths(table)
    if not found:
        return style.nothing(NOTHING)
    shown = [named(labels) for labels, _ in found]
    control, path, dense = map(
        pd.concat,
        zip(
            *(_points(panel.name, rows) for panel, (_, rows) in zip(shown, found, strict=True)),
            strict=True,
        ),
    )
    sheet, panels = facets.draw(
        (
            title([difference(labels, differences) for labels, _ in found]),
            "Test accuracy against the share of the MLP's unknowns that are moved to any place of "
            "the rows of the state; all arms have exactly as many unknowns",
            facts(found),
        ),
        shown,
        [
            (control, ["band", "line"]),
            (path, ["range", "line"]),
            (dense, ["range", "dots"]),
        ],
        KEY,
        GRID,
        ("share of unknowns moved", "test accuracy"),
        {
            panel.name: finding(labels, differences)
            for panel, (labels, _) in zip(shown, found, strict=True)
        },
    )
    for (_, rows), (_, axes) in zip(found, panels, strict=True):
        axes.set_xlim(*ENDS)
        axes.set_xticks(np.linspace(0, 1, 3), ["0\nMLP", "½", "1\nrandom"])
        axes.set_ylim(*style.padded(rows[["accuracy", "low", "high"]].stack(), 0.1))
        style.percent_axis(axes)
    return sheet
