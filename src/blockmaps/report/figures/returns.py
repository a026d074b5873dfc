"""Return and success in the simulator against the hidden proportion, beside the expert's."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from blockmaps.report.figures import multiples, style, wording

PANEL = ["experiment", "dataset", "budget"]
LABELS = {"return": "mean return", "success": "success rate"}
CELL_AT = 1.1  # where a cell stands, which has no hidden proportion
EXPERT = style.Mark(style.INK, "", (0, (5, 2)))
NAMED = ("dense", "uniform")  # what claim A3 compares
NOTHING = "The table holds no returns"
NOT_COMPARED = "No experiment here has both a dense and a uniform arm"


def finding(labels: dict, differences: pd.DataFrame) -> tuple[str, str] | None:
    """Say how dense comes out against uniform; None without the two."""
    same = (differences[list(labels)] == pd.Series(labels)).all(axis=1)
    rows = differences[same & (differences["difference"] == "dense - uniform")]
    rows = rows[rows["outcome"] == "return"]
    if rows.empty:
        return None
    if rows["low"].isna().all():
        return "too few seeds to tell dense from uniform in mean return", ""
    row = rows.iloc[0]
    relation = "is not clearly apart from"
    if row["low"] > 0 or row["high"] < 0:
        relation = "ends above" if row["low"] > 0 else "ends below"
    bounds = f"[{row['low']:,.0f},{wording.NO_BREAK}{row['high']:,.0f}]"
    numbers = f"{row['mean']:+,.0f}{wording.NO_BREAK}{bounds}".replace("-", "−")
    return f"dense {relation} uniform in mean return:", numbers


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
        f"data set; models do not sample. A cell has no hidden proportion. In the title: 95 % "
        f"Welch's t interval."
    )


def expert_line(axes: Axes, rows: pd.DataFrame, name: str = "expert, sampled actions") -> None:
    """Draw the expert's mean as a line with its name."""
    value = rows["expert"].iloc[0]
    if not np.isfinite(value):
        return
    axes.axhline(value, color=EXPERT.color, linestyle=EXPERT.line, linewidth=1, zorder=1.5)
    axes.annotate(
        name,
        (0, value),
        xycoords=("axes fraction", "data"),
        xytext=(3, 3),
        textcoords="offset points",
        size=8.5,
        color=EXPERT.color,
        path_effects=style.HALO,
    )


def proportion_axis(axes: Axes, cells: bool) -> None:
    """Mark the x axis in hidden proportions, with a place for cells beyond it."""
    ticks = np.linspace(0, 1, 6)
    names = [f"{tick:g}" for tick in ticks]
    if cells:
        axes.axvline((1 + CELL_AT) / 2, color=style.GRID, linewidth=1, zorder=0)
        ticks, names = np.append(ticks, CELL_AT), [*names, "LSTM"]
    axes.set_xticks(ticks, names)
    axes.set_xlim(-0.03, (CELL_AT if cells else 1) + 0.05)
    axes.set_xlabel("hidden proportion (realised)")


def returns_axis(axes: Axes) -> None:
    """Label the y axis in whole numbers with a comma at thousands."""
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.0f}".replace("-", "−"))
    )


def draw_structures(axes: Axes, rows: pd.DataFrame, marks: dict[str, style.Mark]) -> None:
    """Draw every structure with its interval; the arms that are compared by name on top."""
    ordered = sorted(marks.items(), key=lambda item: item[0] in NAMED)
    for arm, mark in ordered:
        own = rows[rows["arm"] == arm]
        x = own["hidden_proportion"].fillna(CELL_AT)
        multiples.points(axes, x, own, mark._replace(line=""), "mean")


@style.themed
def draw(table: pd.DataFrame, differences: pd.DataFrame) -> style.Sheet:
    """Draw mean return and success rate of every structure, two panels an experiment and budget.

    Parameters
    ----------
    table, differences : columns in `blockmaps.analysis.control`.
    """
    if table.empty:
        return style.sheet(NOTHING, "", "", 0.2)
    found = [(dict(zip(PANEL, labels, strict=True)), rows) for labels, rows in table.groupby(PANEL)]
    marks = style.marks(table["arm"])
    said = {
        f"{labels['experiment']}, {labels['budget']:,} unknowns": finding(labels, differences)
        for labels, _ in found
    }
    layout = multiples.in_pairs(2 * len(found), marks)
    sheet = style.sheet(
        # panels that compare nothing say nothing
        {name: one for name, one in said.items() if one is not None} or NOT_COMPARED,
        "Policies cloned from the expert and scored in the simulator, against the realised share "
        "of the hidden rows' unknowns that read the state; a point a structure",
        facts(table),
        layout.body,
    )
    style.key(sheet, layout.beside, marks, lines=True)
    every = layout.axes(sheet)
    cells = table["hidden_proportion"].isna().any()
    for labels, panel in found:
        for outcome, label in LABELS.items():
            _, axes = next(every)
            rows = panel[panel["outcome"] == outcome]
            seeds = wording.several(rows["seeds"].min(), rows["seeds"].max())
            structures = wording.counted(len(rows), "structure")
            about = f"{labels['budget']:,} unknowns, {structures}, {seeds} seeds each"
            style.panel_title(axes, f"{labels['experiment']}: {label}", about)
            draw_structures(axes, rows, marks)
            expert_line(axes, rows)
            proportion_axis(axes, cells)
            if outcome == "success":
                axes.set_ylim(-0.04, 1.04)
                style.percent_axis(axes)
            else:
                values = pd.concat([rows[name] for name in ("mean", "low", "high", "expert")])
                axes.set_ylim(*style.padded(values.dropna(), 0.08))
                returns_axis(axes)
            axes.set_ylabel(label)
    return sheet
