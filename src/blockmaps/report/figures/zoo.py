"""The zoo's block patterns: a "spy" plot a model, slots labelled, places by the kind of block."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Patch
from matplotlib.path import Path

from blockmaps.core.fixed import TOLERANCES
from blockmaps.report.figures import style

COLUMNS = 4
LARGE = ("transformer", "transformer-norm-first")  # drawn twice as wide, below the others
SIDE, LABELS, TITLE, GAP, BETWEEN = 1.52, 0.6, 0.36, 0.16, 0.1  # inches
KINDS = {
    "identity": ("#7f7f7f", "identity"),
    "affine": ("#0072B2", "affine, W z + b"),
    "module": ("#D55E00", "module: softmax, norm, a whole layer"),
    "product": ("#00664B", "factor of a product (gate)"),
    "contraction": ("#AA4499", "side of a contraction (attention)"),
}


def largest(equivalence: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the larger of a model's two deviations; NaN if one is."""
    deviations = equivalence[["output_deviation", "gradient_deviation"]]
    return equivalence.assign(largest=deviations.max(axis=1, skipna=False))


def worst_of(found: pd.DataFrame) -> dict[str, str]:
    """Return the largest deviation of all models by precision, as text."""
    by_precision = found.groupby("dtype", sort=False)
    return {dtype: f"{rows['largest'].max():.0e}" for dtype, rows in by_precision}


def finding(equivalence: pd.DataFrame) -> str:
    """Say whether every model's deviations are within claim B1's, and the largest."""
    found = largest(equivalence)
    within = found["largest"] <= found["dtype"].map(TOLERANCES)
    models = found["model"].nunique()
    worst = ", ".join(f"{value} in {dtype}" for dtype, value in worst_of(found).items())
    if within.all():
        return (
            f"{models} torch networks, each as one iterated map: the largest difference in outputs "
            f"or gradients is {worst}"
        )
    bad = found.loc[~within, "model"].unique()
    return f"{len(bad)} of {models} networks differ from their maps ({', '.join(bad)}): {worst}"


def _squares(rows: pd.DataFrame) -> Path:
    """Return one path of all places, neighbours in a row joined into one rectangle."""
    rows = rows.sort_values(["y", "x"])
    starts = (rows["y"].diff() != 0) | (rows["x"].diff() != 1)
    runs = rows.groupby(starts.cumsum()).agg(y=("y", "first"), x=("x", "first"), n=("x", "size"))
    corners, codes = [], []
    for y, x, n in runs.itertuples(index=False):
        corners += [(x, y), (x + n, y), (x + n, y + 1), (x, y + 1), (x, y)]
        codes += [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    return Path(corners, codes)


def _draw(axes: Axes, side: float, slots: pd.DataFrame, places: pd.DataFrame) -> None:
    """Draw one block pattern."""
    ends = slots["size"].cumsum()
    first = dict(zip(slots["slot"], ends - slots["size"], strict=True))
    total = int(ends.iloc[-1])
    places = places.assign(
        y=places["target"].map(first) + places["row"],
        x=places["source"].map(first) + places["column"],
    )
    for kind, (color, _) in KINDS.items():
        rows = places[places["kind"] == kind]
        if len(rows):
            collection = PathCollection([_squares(rows)], facecolors=color, linewidths=0, zorder=2)
            axes.add_collection(collection, autolim=False)
    for end in ends[:-1]:
        axes.axhline(end, color="#bdbdbd", linewidth=0.4, zorder=1)
        axes.axvline(end, color="#bdbdbd", linewidth=0.4, zorder=1)
    axes.set_xlim(0, total)
    axes.set_ylim(total, 0)
    axes.grid(False)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.6)
    middles = (ends - slots["size"] / 2).tolist()
    size = min(7.5, 72 * 0.85 * side * slots["size"].min() / total)
    axes.set_yticks(middles, slots["slot"], size=max(size, 5))
    axes.set_xticks([])
    axes.tick_params(length=0, pad=2)


def _key(sheet: style.Sheet, left: float, down: float) -> None:
    """Draw the key of kinds: inches from the left and the top of the panels' part."""
    wide, high = sheet.figure.get_size_inches()
    sheet.figure.legend(
        handles=[Patch(color=color, label=name) for color, name in KINDS.values()],
        loc="upper left",
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.9,
        handletextpad=0.7,
        handlelength=1.2,
        handleheight=1.1,
        fontsize=9,
        bbox_to_anchor=((sheet.left + left) / wide, (sheet.top - down) / high),
    )


def _panel(sheet: style.Sheet, box: tuple[float, float, float], slots, places) -> None:
    """Draw one model: left, down and side in inches."""
    left, down, side = box
    axes = sheet.axes(left, down, side, side)
    _draw(axes, side, slots.reset_index(drop=True), places)
    model, form, iterations = slots[["model", "form", "iterations"]].iloc[0]
    form = form.replace("forced, update order", "forced, in order")
    count = f"{iterations} iteration{'s' if iterations > 1 else ''}"
    style.panel_title(axes, model, f"{form}, {count}", scale=0.88)


@style.themed
def draw(equivalence: pd.DataFrame, slots: pd.DataFrame, places: pd.DataFrame) -> style.Sheet:
    """Draw a panel a model.

    Parameters
    ----------
    equivalence : deviations (columns in `blockmaps.maps.zoo.equivalence`).
    slots, places : the patterns (columns in `blockmaps.maps.zoo.places`), at small sizes.
    """
    models = list(slots["model"].unique())
    small = [model for model in models if model not in LARGE]
    large = [model for model in models if model in LARGE]
    lines = math.ceil((len(small) + 1) / COLUMNS)  # the key takes a panel's place
    step, pitch = SIDE + LABELS + BETWEEN, TITLE + SIDE + GAP
    wide = SIDE + step
    body = lines * pitch + (TITLE + wide + GAP if large else 0)
    draws = equivalence["draws"].iloc[0]
    count = f"{draws} draw{'s' if draws > 1 else ''}"
    allowed = " and ".join(
        np.format_float_scientific(limit, trim="-", exp_digits=1) for limit in TOLERANCES.values()
    )
    sheet = style.sheet(
        finding(equivalence),
        "What each slot of the state (a row of blocks) reads in one iteration, by slot (columns, "
        "in the same order): places where the derivative of the sum before σ is not zero",
        f"Differences: max|map − torch| / max|torch| over a whole model, {count} of weights "
        "and inputs, outputs and gradients of all parameters, at the sizes of equivalence.csv; "
        f"claim B1 allows {allowed}. Drawn are smaller sizes, with 2 or 3 steps.",
        body,
        worst_of(largest(equivalence)),
    )
    boxes = {}
    for number, model in enumerate(small):
        line, column = divmod(number, COLUMNS)
        boxes[model] = (column * step + LABELS, line * pitch + TITLE, SIDE)
    for number, model in enumerate(large):
        boxes[model] = (number * 2 * step + LABELS, lines * pitch + TITLE, wide)
    for model, box in boxes.items():
        _panel(sheet, box, slots[slots["model"] == model], places[places["model"] == model])
    line, column = divmod(len(small), COLUMNS)
    _key(sheet, column * step + LABELS, line * pitch + TITLE)
    return sheet
