"""Test accuracy by structure, ordered, above the densities of its six blocks."""

from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from blockmaps.analysis.summary import by_structure, final_outcomes, without_repeats
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome
from blockmaps.results.outcome import Outcome

BARS = (
    "Bars: 95 % t intervals, variance between seeds pooled over a budget's patterns, on the logit "
    "beyond 0 and 100 %, not corrected for the number of structures; none with one seed a pattern. "
    "Clear: bars do not overlap."
)
HEIGHT, ROW, GAP = 1.5, 0.14, 0.12  # inches
REFERENCES = ("dense", "uniform")
LOOK = {
    "linecolor": "#c8c8c8",
    "yticklabels": True,
    "cmap": "Greys",
    "vmin": 0,
    "vmax": 1,
    "linewidths": 0.6,
}
PITCH = 8.5 / 72  # inches that a structure's name takes


def _ordered(means: pd.DataFrame) -> list[str]:
    """Order structures by their mean over panels, each panel's own mean taken off first."""
    panel = means.groupby(["experiment", "budget"])["mean"]
    order = (means["mean"] - panel.transform("mean")).groupby(means["structure"]).mean()
    return order.sort_values(kind="stable").index.tolist()


def clear(means: pd.DataFrame) -> tuple[str, str, int, int, int] | None:
    """Count structures whose intervals lie clear of dense's, None without such intervals.

    Returns
    -------
    What is counted, against which arm, of how many, above and below.
    """
    reference = next((arm for arm in REFERENCES if arm in set(means["arm"])), None)
    base = means[means["arm"] == reference]
    mixed = means[means["arm"] == "mixed"]
    others = mixed if len(mixed) else means[means["arm"] != reference]
    if reference is None or others["low"].isna().all() or np.isnan(base["low"].iloc[0]):
        return None
    above, below = others["low"] > base["high"].iloc[0], others["high"] < base["low"].iloc[0]
    group = f"{'mixed' if len(mixed) else 'other'} structures"
    return group, reference, len(others), int(above.sum()), int(below.sum())


def finding(means: pd.DataFrame, judged: Outcome = outcome.ACCURACY) -> tuple[str, str]:
    """Say how many structures of a panel are clear of dense, their intervals lying apart."""
    means = means.dropna(subset="mean")
    if means.empty:
        return wording.NOTHING, ""
    if (found := clear(means)) is None:
        ends = f"{judged.write(means['mean'].min())} to {judged.write(means['mean'].max())}"
        return f"mean {judged.said} of structures ranges from", ends
    group, reference, number, above, below = found
    return f"of {number} {group}, clear of {reference}:", f"{above} above and {below} below"


def best(panels: list[pd.DataFrame], full: pd.DataFrame) -> str | None:
    """Say which one or two blocks set the best structures of every panel apart, None if none do.

    They do if the means of all structures with these blocks so filled are above all others', of two
    seeds or more each. By chance one of the 12 halves or 60 quarters of 64 structures is so in less
    than one of 10^12 orders. That the last of them is better than the next is not said.

    Parameters
    ----------
    panels : means by structure.
    full : whether a block has the higher of its two densities, structures × blocks.
    """
    if any((means["seeds"] < 2).any() for means in panels):
        return None
    ranks = [means.set_index("structure")["mean"].rank(ascending=False) for means in panels]
    words = {False: "a sparse", True: "a full"}
    for blocks in (*combinations(full, 1), *combinations(full, 2)):
        for filled in product(words, repeat=len(blocks)):
            alike = full.index[(full[list(blocks)] == filled).all(axis=1)]
            if all(set(rank.index[rank <= len(alike)]) == set(alike) for rank in ranks):
                said = (f"{words[high]} {one}" for one, high in zip(blocks, filled, strict=True))
                share = " and ".join(said)
                return (
                    f"Best by their means: the {len(alike)} of {len(full)} structures with {share}"
                )
    return None


def _outlying(means: pd.DataFrame) -> str | None:
    """Name a structure that holds more than half of the variance that its panel's bars share."""
    spread = (means["sd"] ** 2 * (means["n"] - 1)).fillna(0.0).set_axis(means["structure"])
    if not (total := spread.sum()) or (share := spread.max() / total) <= 0.5:
        return None
    worst = spread.idxmax()
    return f"{100 * share:.0f} % of the variance in the bars is of one structure, {worst}."


def title(panels: list[pd.DataFrame], full: pd.DataFrame | None = None) -> str:
    """Say what the best structures share, else how many are clear of dense, over all panels."""
    known = [means.dropna(subset="mean") for means in panels]
    if not any(map(len, known)):
        return wording.NOTHING
    if full is not None and (said := best(known, full)) is not None:
        return said
    counted = pd.DataFrame([found for found in map(clear, known) if found is not None])
    if counted.empty:
        return "Accuracy by structure, with too few seeds to tell them from dense"
    number, above, below = counted[[2, 3, 4]].sum()
    alike = len(counted[[0, 1]].drop_duplicates()) == 1
    group, reference = counted.loc[0, [0, 1]] if alike else ("structures", "dense")
    return f"Clearly above {reference}: {above} of {number} {group}; clearly below: {below}"


@style.themed
def draw(runs: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw accuracy by structure from the runs table (columns in `blockmaps.results.runs`).

    The 64 structures of the factorial design if the table has them, otherwise all there are.
    """
    runs = without_repeats(runs)
    outcomes, means = final_outcomes(runs), by_structure(runs, ["test_accuracy"])
    judged = outcome.of(outcomes)
    factorial = outcomes.loc[outcomes["design"] == "factorial", "pattern"].unique()
    if len(factorial):
        outcomes = outcomes[outcomes["pattern"].isin(factorial)]
        means = means[means["structure"].isin(factorial)]
    found = wording.panels(means) or {"any budget": means.assign(panel="any budget")}
    order = _ordered(means) or sorted(outcomes["pattern"].unique())
    place = {structure: number + 0.5 for number, structure in enumerate(order)}
    points = pd.concat(found.values()).assign(at=lambda rows: rows["structure"].map(place))
    named = not len(factorial) and (style.WIDTH - 0.8) / len(order) > PITCH
    names = 0.07 * max(map(len, order)) + 0.05 if named else 0.0
    matrix = ROW * len(RNN_BLOCKS)
    grid = facets.PanelGrid(columns=1, height=HEIGHT, below=GAP + matrix + names + 0.3)
    marks = style.marks(outcomes["arm"])
    columns = [f"density_{name}" for name in RNN_BLOCKS]
    densities = outcomes.groupby("pattern")[columns].mean().set_axis(RNN_BLOCKS, axis=1)
    full = densities.gt(densities.mean()) if len(factorial) == 2 ** len(RNN_BLOCKS) else None
    sheet = facets.draw(
        title(list(found.values()), full),
        caption,
        wording.facts(outcomes, " ".join([BARS, *filter(None, map(_outlying, found.values()))])),
        [(name, *finding(rows, judged)) for name, rows in found.items()],
        {name: wording.counted(len(rows), "structure") for name, rows in found.items()},
        [facets.PanelLayer("range dots", points, "at", "mean")],
        marks,
        facets.PanelAxis("", (0, len(order)), {}),
        facets.score(outcomes, points["mean"], points["low"], points["high"]),
        grid=grid,
        chance=pd.concat(outcomes.assign(panel=name) for name in found),
    )
    references = points[points["arm"].isin(REFERENCES)].dropna(subset="at")
    for row in references.itertuples():
        shade: dict[str, Any] = {"color": marks[row.arm].color, "alpha": 0.13, "linewidth": 0}
        sheet.panels[row.panel].axvspan(row.at - 0.5, row.at + 0.5, **shade)
    left, down, wide, _ = grid.box(len(found) - 1, len(found), style.key_height(marks))
    several = " over budgets" if len(found) > 1 else ""
    facets.heat(
        sheet.axes(left, down + HEIGHT + GAP, wide, matrix),
        densities.loc[order].T,
        (f"structures, ordered by their mean{several}; density: white 0, black 1", ""),
        **LOOK,
        xticklabels=order if named else False,
    )
    return sheet
