"""Return and success in the simulator against the hidden proportion, beside the expert's."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.proportion import AXIS, NAMED, SHARES

PANEL = ["experiment", "dataset", "budget"]
LABELS = {"return": "mean return", "success": "success in percent"}
CELL_AT = 1.1  # where a cell stands, which has no hidden proportion
COMPARED = "uniform in mean return"
SPARSE = "making a dense model sparse moves its hidden proportion"
NOTHING = "The table holds no returns"
NOT_COMPARED = "No experiment here has both a dense and a uniform arm"


def compared(table: pd.DataFrame, differences: pd.DataFrame) -> dict[str, pd.Series]:
    """Return dense less uniform in mean return, by panel of those that have both."""
    own = differences[differences["difference"] == "dense - uniform"]
    names = table[[*PANEL, "panel"]].drop_duplicates(PANEL)
    rows = names.merge(own[own["outcome"] == "return"], on=PANEL).set_index("panel")
    return dict(rows[["mean", "low", "high"]].iterrows())


def title(found: list[pd.Series]) -> str:
    """Say how dense comes out against uniform in most panels."""
    if not found:
        return NOT_COMPARED  # panels that compare nothing say nothing
    said = wording.compared("dense ends", "uniform", [row.to_numpy()[1:] for row in found])
    said = said.replace(" panels", " experiments")
    return f"{said} in mean return" if len(found) == 1 or said.startswith("Too") else said


def facts(table: pd.DataFrame) -> str:
    """Say what was scored, how often, and what the bars are."""
    rows = table[table["outcome"] == "return"]
    expert = rows.drop_duplicates(["dataset", "expert"])
    # tables that were kept before lack the error
    error = expert.get("expert_error", pd.Series(dtype=float)).map(
        " ± {:,.0f} (standard error)".format
    )
    experts = ", ".join(
        expert["expert"].map("{:,.0f}".format)
        + error.reindex(expert.index, fill_value="")
        + expert["expert_episodes"].map(" over {:,} episodes (".format)
        + expert["dataset"]
        + ")"
    )
    episodes = wording.several(rows["episodes"]).removeprefix("n = ")
    methods = sorted({one for one in table["method"] if not one.startswith("none")})
    bars = f"Bars: 95 % over seed indices ({' or '.join(methods)}), given these start states"
    return (
        f"{wording.counted(int(rows['n'].sum()), 'run')} ({int(rows['diverged'].sum())} diverged, "
        f"counted as they are), {episodes} episodes each from the same start states. "
        f"{bars if methods else 'No bars'}; none where all runs are alike or seeds too few. "
        f"Dashed: the expert's mean with sampled actions, {experts}, all of the data set; models "
        "do not sample. A cell has no hidden proportion. Arrow: from dense to uniform. In "
        "brackets: 95 % Welch's t interval."
    )


@style.themed
def draw(table: pd.DataFrame, differences: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw return and success by structure (columns in `blockmaps.analysis.control`)."""
    if table.empty:
        return style.nothing(NOTHING)
    share = table["outcome"] == "success"
    values = ["mean", "low", "high", "expert"]
    table = table.assign(
        panel=table["experiment"] + table["budget"].map(", {:,} unknowns".format),
        at=table["hidden_proportion"].fillna(CELL_AT),
        **table[values].mul(np.where(share, 100, 1), axis=0),
    ).sort_values("outcome", kind="stable")
    found = compared(table, differences)
    ways = {name: wording.towards(rows) for name, rows in table.groupby("panel", sort=False)}
    # the arms that are compared by name come last, on top
    points = table.sort_values("arm", key=lambda arms: arms.isin(NAMED), kind="stable")
    points["panel"] = list(map(wording.part, points["panel"], points["outcome"].map(LABELS)))
    parts = {
        name: points[points["panel"] == name]
        for name in (wording.part(one, label) for one in ways for label in LABELS.values())
    }
    cells = table["hidden_proportion"].isna().any()
    sheet = facets.draw(
        title(list(found.values())),
        caption,
        facts(table),
        [(name, *wording.told("dense ends", COMPARED, row, 0)) for name, row in found.items()]
        + [(name, SPARSE, way) for name, way in ways.items()],
        {
            name: f"{wording.counted(len(rows), 'structure')}, {wording.several(rows['seeds'])}"
            for name, rows in parts.items()
        },
        [facets.PanelLayer("range dots", points, "at", "mean")],
        style.marks(table["arm"]),
        AXIS._replace(
            limits=(-0.03, (CELL_AT if cells else 1) + 0.07),
            ticks=SHARES | ({CELL_AT: "LSTM"} if cells else {}),
            line=0.5,
        ),
        facets.PanelAxis(write="{:,.0f}".format, most=7),
        grid=facets.PanelGrid(columns=2, height=2.2, share_y=False, left=0.85),
    )
    for name, axes in sheet.panels.items():
        _beside(axes, parts[name])
    return sheet


def _beside(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the expert's mean as a line with its name, and an arrow from dense to uniform."""
    expert, ends = rows["expert"].iloc[0], rows.groupby("arm")[["at", "mean"]].mean()
    if np.isfinite(expert):
        axes.axhline(expert, color=style.INK, linewidth=1.3, linestyle=(0, (5, 2)), zorder=2)
        place = (0, expert), ("axes fraction", "data"), (3, -3)
        style.note(axes, "expert, sampled actions", *place, color=style.INK, va="top")
    if set(NAMED) <= set(ends.index):
        look = {"arrowstyle": "->", "color": style.FAINT, "shrinkA": 6, "shrinkB": 6}
        dense, uniform = ends.loc[list(NAMED)].to_numpy()
        axes.annotate("", uniform, dense, arrowprops=look, zorder=6)
