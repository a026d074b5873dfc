"""Singular values of W by arm, before and after training: two panels an experiment."""

import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.path import ARMS, NAMES

SHOWN = ("mlp", "path-0.5", "random-places", "dense")
WHEN = ("before", "after")
GRID = facets.Arrangement(columns=2, height=2.2)
NOTHING = "The table holds no singular values"


def raised(rows: pd.DataFrame) -> dict[str, float]:
    """Return by how much training multiplies the largest singular value, by arm."""
    largest = rows[rows["rank"] == 1].pivot_table(
        index="arm", columns="trained", values="value", aggfunc="mean"
    )
    if len(largest.columns) < 2:
        return {}
    ratio = (largest["after"] / largest["before"]).dropna()
    return {NAMES[arm]: ratio[arm] for arm in SHOWN if arm in ratio}


def title(ratios: list[float]) -> str:
    """Say of how many arms training raises the largest singular value."""
    if not ratios:
        return "Singular values of W by arm"
    up = sum(ratio > 1 for ratio in ratios)
    some = "every arm" if up == len(ratios) else f"{up} of {len(ratios)} arms"
    return f"Training raises the largest singular value of W in {some}"


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw singular values against their rank, both on log scales.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.continuum`.
    """
    rows = table[table["structure"].isin(SHOWN) & (table["value"] > 0)]
    if rows.empty:
        return style.nothing(NOTHING)
    rows = rows[rows["value"] > 1e-4 * rows["value"].max()]  # below, rounding decides
    floor = rows["value"].min() / 1.5
    found, panels, drawn = {}, [], []
    for (experiment, dataset, budget), own in rows.groupby(["experiment", "dataset", "budget"]):
        several = (
            f" ({experiment})" if rows["dataset"].nunique() < rows["experiment"].nunique() else ""
        )
        found[dataset + several] = raised(own)
        for when in WHEN:
            name = f"{dataset}{several}, {when} training"
            part = own[own["trained"] == when].sort_values("rank")
            part = part.assign(low=part["low"].clip(lower=floor))
            panels.append(wording.Panel(name, name, f"{budget:,} unknowns"))
            arm = part["arm"].map(NAMES)
            drawn.append(facets.intervals(name, arm, part["rank"], part, "value"))
    sheet, axes_of = facets.draw(
        (
            title([ratio for one in found.values() for ratio in one.values()]),
            "Singular values of the state's rows of W against their rank, both on log scales; a "
            "line is the mean of the seeds, its band their range",
            f"{wording.counted(int(rows['n'].max()), 'seed')} an arm. Ranks are spread evenly on a "
            "log scale. Values that are zero are not shown: an MLP's W of few unknowns lacks full "
            "rank.",
        ),
        panels,
        [(pd.concat(drawn), ["band", "line"])],
        {NAMES[arm]: ARMS[arm] for arm in SHOWN if arm in set(rows["arm"])},
        GRID,
        ("rank (log)", "singular value (log)"),
        {
            name: (
                "largest singular value after training over before",
                ", ".join(f"{arm} × {ratio:.1f}" for arm, ratio in one.items()),
            )
            for name, one in found.items()
        },
    )
    for _, axes in axes_of:
        axes.set(xscale="log", yscale="log")
        axes.set_ylim(floor, rows["high"].max() * 1.5)
        axes.set_xlim(0.9, rows["rank"].max() * 1.1)
        style.log_axis(axes.yaxis)
        style.log_axis(axes.xaxis)
        axes.grid(True, axis="both")
    return sheet
