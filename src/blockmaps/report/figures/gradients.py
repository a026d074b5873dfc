"""Gradients with respect to the state some steps back, before and after training."""

import re

import pandas as pd

from blockmaps.report.figures import facets, style, wording

WHEN = ("before", "after")
LOWEST = 1e-18  # below it gradients are drawn at the edge


def task_of(dataset: str) -> str:
    """Return a data set's name without the number of steps at its end: copy-50 is copy."""
    return re.sub(r"[-_.]?\d+$", "", dataset)


def families(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of every task and start by name, whatever the steps: a column `panel`."""
    table, keys = table.assign(task=table["dataset"].map(task_of)), ["task", "initialisation"]
    if (table.groupby([*keys, "steps"])["budget"].nunique() > 1).any():
        keys.append("budget")
    found = {}
    for (task, start, *budget), rows in table.groupby(keys, sort=True):
        unknowns = [f"{one:,} unknowns" for one in budget]
        name = ", ".join([task, wording.start(start), *unknowns])
        found[name] = rows.assign(panel=name)
    return found


def left(rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of the gradient that reaches the first step before training, by arm."""
    found = {}
    for arm, own in rows[rows["trained"] == "before"].groupby("arm", sort=True):
        ends = own.set_index("back")["gradient"]
        found[arm] = float(ends[ends.index.max()] / ends[0])
    return found


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say how much of the gradient reaches the first step before training, by arm."""
    said = ", ".join(f"{arm} {magnitude(share)}" for arm, share in left(rows).items())
    back = int(rows["back"].max())
    return f"{back} steps back there is left of the gradient before training:", said


def title(found: list[pd.DataFrame]) -> str:
    """Say which arm's gradient fades most before training, where several are compared."""
    shares = [one for one in map(left, found) if len(one) > 1]
    least = {min(sorted(one), key=one.__getitem__) for one in shares}
    if not shares:
        return "Gradients some steps back, before and after training"
    if len(least) > 1:
        return "Which arm's gradient fades most before training differs by task"
    return f"Before training the gradient fades most in {least.pop()}"


def magnitude(ratio: float) -> str:
    """Write a ratio that may be tiny: 0.4, 10⁻⁷, nothing."""
    if not ratio > 0:
        return "nothing"
    return f"{ratio:.2g}" if ratio >= 0.01 else facets.power(ratio)


@style.themed
def draw(table: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw gradients by steps back (columns in `blockmaps.analysis.trainability`)."""
    if table.empty:
        return style.nothing("The table holds no gradients")
    found = {
        name: rows[rows["steps"] == rows["steps"].max()] for name, rows in families(table).items()
    }
    every = pd.concat(found.values())
    drawn = every[every["gradient"] > 0].sort_values("back")
    ends = drawn.groupby("panel")["gradient"].agg(["min", "max"])
    ends = pd.DataFrame({"low": ends["min"].clip(lower=LOWEST) / 3, "high": 3 * ends["max"]})
    drawn["low"] = drawn["low"].clip(lower=drawn["panel"].map(ends["low"]))
    drawn["panel"] = list(map(wording.part, drawn["panel"], drawn["trained"] + " training"))
    panels = {wording.part(name, f"{when} training"): name for name in found for when in WHEN}
    steps = every.groupby("task")["steps"].max()
    most = " and ".join(f"{task} {many}" for task, many in steps.items())
    return facets.draw(
        title(list(found.values())),
        caption,
        f"{wording.several(every['n'])} runs an arm, each a mean over 64 training sequences. "
        f"Of every task the most steps: {most}. Gradients that are exactly zero are not "
        "shown.",
        [(name, *finding(rows)) for name, rows in found.items()],
        dict.fromkeys(panels, ""),
        [facets.PanelLayer("band line", drawn, "back", "gradient")],
        style.marks(every["arm"]),
        facets.PanelAxis("steps back"),
        facets.PanelAxis(
            "gradient's norm (log)",
            {panel: tuple(ends.loc[name]) for panel, name in panels.items()},
            write=facets.power,
            log=True,
        ),
        grid=facets.PanelGrid(columns=2, height=1.9, share_x=False, share_y=False, left=0.8),
    )
