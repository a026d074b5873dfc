"""Share of runs that diverge or stay at chance, against the steps a gradient goes through."""

import numpy as np
import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.gradients import families

APART = 0.02  # decades between arms' points, so that bars do not hide each other


def finding(rows: pd.DataFrame) -> tuple[str, str]:
    """Say how many runs of each arm fail at the most steps."""
    last = rows[rows["steps"] == rows["steps"].max()].sort_values("arm")
    said = [f"{row.arm} {100 * row.failed:.0f}{wording.NO_BREAK}%" for row in last.itertuples()]
    return f"at {int(rows['steps'].max())} steps there fail", ", ".join(said)


def title(table: pd.DataFrame) -> str:
    """Say of how many arms clearly more runs fail at the most steps than at the fewest.

    Where all have as many steps: of how many arms clearly more than half of the runs fail.
    """
    grows = [
        own["failed_low"].iloc[-1] > own["failed_high"].iloc[0]
        for _, own in table.sort_values("steps").groupby(["panel", "arm"])
        if own["steps"].nunique() > 1
    ]
    if not grows:
        most = (table["failed_low"] > 0.5).sum()
        return f"Clearly more than half of the runs fail in {most} of {len(table)} arms"
    return f"Runs clearly fail more often over more steps in {sum(grows)} of {len(grows)} arms"


@style.themed
def draw(table: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw shares of failed runs (columns in `blockmaps.analysis.trainability`)."""
    if table.empty:
        return style.nothing("The table holds no runs")
    found = families(table)
    every = pd.concat(found.values()).sort_values("steps")
    marks = style.marks(every["arm"])
    every["at"] = 10 ** facets.aside(np.log10(every["steps"]), every["arm"], list(marks), APART)
    diverged = (every["diverged"] * every["n"]).sum()
    steps = sorted(every["steps"].unique())
    return facets.draw(
        title(every),
        caption,
        f"{wording.ran(every['n'].sum(), round(diverged))}, {wording.several(every['n'])} a "
        f"point, {wording.trained(every, 'optimiser_steps')}. Bars: 95 %, Wilson. At chance: "
        "an exact binomial test at 1 % does not tell it from guessing.",
        [(name, *finding(rows)) for name, rows in found.items()],
        {name: wording.several(rows["n"]) for name, rows in found.items()},
        [facets.PanelLayer("range line", every, "at", "failed")],
        marks,
        facets.PanelAxis(
            "steps (log)",
            (steps[0] / 1.3, steps[-1] * 1.3),
            {step: f"{step:g}" for step in steps},
            log=True,
        ),
        facets.PanelAxis("share that fails", (-0.04, 1.04), write=facets.percent),
        grid=facets.PanelGrid(columns=3, height=2.2),
    )
