"""Return and success in the simulator against the hidden proportion, beside the expert's."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import facets, style, wording

GRID = facets.Arrangement(columns=2, height=2.2, share_y=False, left=0.85)
PANEL = ["experiment", "dataset", "budget"]
LABELS = {"return": "mean return", "success": "success rate"}
CELL_AT = 1.1  # where a cell stands, which has no hidden proportion
NAMED = ("dense", "uniform")  # what claim A3 compares
NOTHING = "The table holds no returns"
NOT_COMPARED = "No experiment here has both a dense and a uniform arm"


def bounds(labels: dict, differences: pd.DataFrame) -> pd.Series | None:
    """Return dense less uniform in mean return; None without the two."""
    same = (differences[list(labels)] == pd.Series(labels)).all(axis=1)
    rows = differences[same & (differences["difference"] == "dense - uniform")]
    rows = rows[rows["outcome"] == "return"]
    return None if rows.empty else rows.iloc[0]


def finding(row: pd.Series) -> tuple[str, str]:
    """Say how dense comes out against uniform."""
    if np.isnan(row["low"]):
        return "too few seeds to tell dense from uniform in mean return", ""
    said = f"dense ends {wording.relation(row['low'], row['high'])} uniform in mean return:"
    return said, wording.estimate(row["mean"], row["low"], row["high"], 0)


def title(rows: list[pd.Series]) -> str:
    """Say how dense comes out against uniform in most panels."""
    if not rows:
        return NOT_COMPARED  # panels that compare nothing say nothing
    known = [None if np.isnan(row["low"]) else (row["low"], row["high"]) for row in rows]
    if not any(known):
        return "Too few seeds to tell dense from uniform in mean return"
    said = wording.compared("dense", known, "uniform").replace(" panels", " experiments")
    return wording.first_upper(f"{said} in mean return" if len(known) == 1 else said)


def _with_error(row: pd.Series) -> str:
    """Write the expert's mean ± its standard error, which tables that were kept before lack."""
    error = f" ± {row['expert_error']:,.0f} (standard error)" if "expert_error" in row else ""
    return f"{row['expert']:,.0f}{error}"


def facts(table: pd.DataFrame) -> str:
    """Say what was scored, how often, and what the bars are."""
    rows = table[table["outcome"] == "return"]
    expert = rows.drop_duplicates(["dataset", "expert"])
    experts = ", ".join(
        f"{_with_error(row)} over {row.expert_episodes:,} episodes ({row.dataset})"
        for _, row in expert.iterrows()
    )
    diverged = int(rows["diverged"].sum())
    episodes = wording.several(rows["episodes"].min(), rows["episodes"].max()).removeprefix("n = ")
    methods = " or ".join(
        sorted(table.loc[~table["method"].str.startswith("none"), "method"].unique())
    )
    bars = f"Bars: 95 % over seed indices ({methods}), given these start states"
    return (
        f"{wording.counted(int(rows['n'].sum()), 'run')} ({diverged} diverged, counted as they "
        f"are), {episodes} episodes each from the same start states. "
        f"{bars if methods else 'No bars'}; none where all runs are alike or seeds too few. "
        f"Dashed: the expert's mean with sampled actions, {experts}, all of the "
        f"data set; models do not sample. A cell has no hidden proportion. In brackets: 95 % "
        f"Welch's t interval."
    )


def expert_line(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the expert's mean as a line with its name."""
    value = rows["expert"].iloc[0]
    if np.isfinite(value):
        axes.axhline(value, color=style.INK, linewidth=1.3, linestyle=(0, (5, 2)), zorder=2)
        place = (0, value), ("axes fraction", "data"), (3, 2)
        style.note(axes, "expert, sampled actions", *place, color=style.INK, va="bottom")


def proportion_axis(axes: Axes, cells: bool) -> None:
    """Mark the x axis in hidden proportions, with a place for cells beyond it."""
    ticks = np.linspace(0, 1, 6)
    names = [f"{tick:g}" for tick in ticks]
    if cells:
        axes.axvline((1 + CELL_AT) / 2, color=style.GRID, linewidth=1, zorder=0)
        ticks, names = np.append(ticks, CELL_AT), [*names, "LSTM"]
    axes.set_xticks(ticks, names)
    axes.set_xlim(-0.03, (CELL_AT if cells else 1) + 0.07)


def points(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return every structure with its interval; the arms that are compared by name on top."""
    rows = rows.sort_values("arm", key=lambda arms: arms.isin(NAMED), kind="stable")
    x = rows["hidden_proportion"].fillna(CELL_AT)
    return facets.intervals(name, rows["arm"], x, rows, "mean")


def value_axis(axes: Axes, rows: pd.DataFrame) -> None:
    """Scale the y axis to the values and the expert's: in percent, or whole numbers."""
    if (rows["outcome"] == "success").all():
        axes.set_ylim(-0.04, 1.04)
        style.percent_axis(axes)
        return
    values = pd.concat([rows[name] for name in ("mean", "low", "high", "expert")])
    axes.set_ylim(*style.padded(values.dropna(), 0.08))
    style.written(axes.yaxis, lambda value: f"{value:,.0f}", 7)


@style.themed
def draw(table: pd.DataFrame, differences: pd.DataFrame) -> style.Sheet:
    """Draw mean return and success rate of every structure, two panels an experiment and budget.

    Parameters
    ----------
    table, differences : columns in `blockmaps.analysis.control`.
    """
    if table.empty:
        return style.nothing(NOTHING)
    shown, parts, said = [], [], {}
    for labels, own in table.groupby(PANEL):
        name = f"{labels[0]}, {labels[2]:,} unknowns"
        row = bounds(dict(zip(PANEL, labels, strict=True)), differences)
        if row is not None:
            said[name] = row
        for outcome, label in LABELS.items():
            rows = own[own["outcome"] == outcome]
            seeds = wording.several(rows["seeds"].min(), rows["seeds"].max())
            structures = wording.counted(len(rows), "structure")
            about = f"{labels[2]:,} unknowns, {structures}, {seeds} seeds each"
            shown.append(wording.Panel(f"{name}: {label}", f"{labels[0]}: {label}", about))
            parts.append(rows)
    sheet, panels = facets.draw(
        (
            title(list(said.values())),
            "Policies cloned from the expert and scored in the simulator, against the realised "
            "share of the hidden rows' unknowns that read the state; a point a structure",
            facts(table),
        ),
        shown,
        [(pd.concat(map(points, (one.name for one in shown), parts)), ["range", "dots"])],
        style.marks(table["arm"]),
        GRID,
        ("hidden proportion (realised)", "value"),
        {name: finding(row) for name, row in said.items()},
    )
    cells = table["hidden_proportion"].isna().any()
    for rows, (panel, axes) in zip(parts, panels, strict=True):
        proportion_axis(axes, cells)
        value_axis(axes, rows)
        expert_line(axes, rows)
        axes.set_ylabel(panel.name.rpartition(": ")[2])
        axes.yaxis.get_label().set_visible(True)
    return sheet
