"""Singular values of W by arm, before and after training: two panels an experiment."""

import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.path import ARMS, NAMES

RAISED = "largest singular value after training over before"
SHOWN = ("mlp", "path-0.5", "random-places", "dense")


def raised(rows: pd.DataFrame) -> dict[str, float]:
    """Return by how much training multiplies the largest singular value, by arm."""
    largest = rows[rows["rank"] == 1].pivot_table(
        index="arm", columns="trained", values="value", aggfunc="mean"
    )
    ratio = largest.get("after", largest.iloc[:, 0] * float("nan")) / largest.get("before")
    return ratio.reindex(NAMES.values()).dropna().to_dict()


def title(ratios: list[float]) -> str:
    """Say of how many arms training raises the largest singular value."""
    if not ratios:
        return "Singular values of W by arm"
    up = sum(ratio > 1 for ratio in ratios)
    some = "every arm" if up == len(ratios) else f"{up} of {len(ratios)} arms"
    return f"Training raises the largest singular value of W in {some}"


@style.themed
def draw(table: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw singular values against their rank (columns in `blockmaps.analysis.continuum`)."""
    rows = table[table["structure"].isin(SHOWN) & (table["value"] > 0)]
    if rows.empty:
        return style.nothing("The table holds no singular values")
    rows = rows[rows["value"] > 1e-4 * rows["value"].max()].copy()  # below, rounding decides
    floor = rows["value"].min() / 1.5
    rows["low"], rows["arm"] = rows["low"].clip(lower=floor), rows["arm"].map(NAMES)
    several = rows["dataset"].nunique() < rows["experiment"].nunique()
    named = ["dataset", "experiment", "budget", "trained"]
    rows["panel"] = [
        wording.part(
            f"{data} ({experiment})" if several else data, f"{when} training, {budget:,} unknowns"
        )
        for data, experiment, budget, when in rows[named].itertuples(index=False)
    ]
    panels = rows.sort_values(named, ascending=[True, True, True, False])["panel"].unique()
    rows["of"] = rows["panel"].str.partition(":")[0]
    found = {name: raised(own) for name, own in rows.groupby("of")}
    return facets.draw(
        title([ratio for one in found.values() for ratio in one.values()]),
        caption,
        f"{wording.counted(int(rows['n'].max()), 'seed')} an arm. Ranks are spread evenly on a "
        "log scale. Values that are zero are not shown: an MLP's W of few unknowns lacks full "
        "rank.",
        [
            (name, RAISED, ", ".join(f"{arm} × {ratio:.1f}" for arm, ratio in one.items()))
            for name, one in found.items()
        ],
        dict.fromkeys(panels, ""),
        [facets.Layer("band line", rows.sort_values("rank"), "rank", "value")],
        {arm: mark for arm, mark in ARMS.items() if arm in set(rows["arm"])},
        facets.Axis("rank (log)", (0.9, rows["rank"].max() * 1.1), write=facets.power, log=True),
        facets.Axis(
            "singular value (log)", (floor, rows["high"].max() * 1.5), write=facets.power, log=True
        ),
        grid=facets.Grid(columns=2, height=2.2),
    )
