"""The zoo's block patterns: a "spy" plot a model, slots labelled, places by the kind of block."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Patch
from matplotlib.path import Path

from blockmaps.core.fixed import TOLERANCES
from blockmaps.report.figures import style, wording

COLUMNS = 3
LARGE = ("transformer", "transformer-norm-first")  # as wide as half the sheet, below the others
LABELS, TITLE, GAP = 0.78, 0.42, 0.2  # inches: slots' names, models' names, between panels
SLOT = 8  # points of a slot's name
KINDS = {
    "identity": ("#7f7f7f", "identity"),
    "affine": ("#0072B2", "affine, W z + b"),
    "module": ("#D55E00", "module: softmax, norm, layer"),
    "product": ("#00664B", "factor of a product (gate)"),
    "contraction": ("#8D00EB", "contraction (attention)"),
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
    """Say whether every model's deviations are within claim B1's."""
    found = largest(equivalence)
    within = found["largest"] <= found["dtype"].map(TOLERANCES)
    models = found["model"].nunique()
    if within.all():
        return f"{models} torch networks are one iterated map each, but for rounding"
    bad = found.loc[~within, "model"].unique()
    said = f"{len(bad)} of {models} networks differ from their maps"
    named = f"{said} ({', '.join(bad)})"
    return named if style.fits(named) else said


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


def spread(wanted: np.ndarray, gap: float, highest: float) -> np.ndarray:
    """Move places as little as needed for a gap between each and the next.

    Places that are too close form a group about the middle of what they wanted, and groups that
    then meet become one.

    Parameters
    ----------
    wanted : (n,), ascending.
    gap : the smallest distance, in the same unit.
    highest : no place is above it, and none below 0 where there is room for all.
    """

    def places(group: list[float]) -> np.ndarray:
        half = gap * (len(group) - 1) / 2
        middle = np.clip(np.mean(group), half, max(highest - half, half))
        return middle + np.linspace(-half, half, len(group))

    groups: list[list[float]] = []
    for value in wanted:
        groups.append([value])
        while len(groups) > 1 and places(groups[-1])[0] - places(groups[-2])[-1] < gap - 1e-12:
            groups[-2:] = [groups[-2] + groups[-1]]
    return np.concatenate([places(group) for group in groups])


def _draw(axes: Axes, side: float, slots: pd.DataFrame, places: pd.DataFrame) -> None:
    """Draw one block pattern: its places as rectangles, its slots' names at the left."""
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
    axes.set(xlim=(0, total), ylim=(total, 0), xticks=[], yticks=[])
    axes.vlines(ends[:-1], 0, total, color="#bdbdbd", linewidth=0.4, zorder=1)
    axes.hlines(ends[:-1], 0, total, color="#bdbdbd", linewidth=0.4, zorder=1)
    axes.spines[:].set(visible=True, linewidth=0.6)
    wanted = (ends - slots["size"] / 2).to_numpy(float)
    placed = spread(wanted, 1.12 * SLOT / 72 / side * total, total)
    for name, at, y in zip(slots["slot"], wanted, placed, strict=True):
        line = {"arrowstyle": "-", "color": "#bdbdbd", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            name,
            (0, at),
            arrowprops=line | {"relpos": (1, 0.5)},
            ha="right",
            va="center",
            size=SLOT,
            annotation_clip=False,
            xytext=(-0.11 / side, y),
            textcoords=axes.get_yaxis_transform(),
        )


def _key(sheet: style.Sheet, left: float, down: float) -> None:
    """Draw the key of kinds: inches from the left and the top of the panels' part."""
    wide, high = sheet.figure.get_size_inches()
    sheet.figure.legend(
        handles=[Patch(color=color, label=name) for color, name in KINDS.values()],
        loc="upper left",
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.9,
        handlelength=1.2,
        handleheight=1.1,
        fontsize=9,
        bbox_to_anchor=((sheet.left + left) / wide, (sheet.top - down) / high),
    )


def _panel(sheet: style.Sheet, box: tuple[float, float, float], slots, places) -> None:
    """Draw one model: left, down and side in inches."""
    left, down, side = box
    axes = sheet.axes(left, down, side, side)
    model, form, iterations = slots[["model", "form", "iterations"]].iloc[0]
    form = form.replace("forced, update order", "forced, in order")
    style.panel_title(axes, model, f"{form}, {wording.counted(iterations, 'iteration')}", side)
    _draw(axes, side, slots.reset_index(drop=True), places)


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
    whole = style.WIDTH - 2 * style.MARGIN
    step, half = whole / COLUMNS, whole / 2
    side, wide = step - LABELS - 0.1, half - LABELS - 0.1
    pitch = TITLE + side + GAP
    lines = -(-(len(small) + 1) // COLUMNS)  # the key takes a panel's place
    body = lines * pitch + (TITLE + wide + GAP if large else 0)
    draws = wording.counted(equivalence["draws"].iloc[0], "draw")
    allowed = " and ".join(
        np.format_float_scientific(limit, trim="-", exp_digits=1) for limit in TOLERANCES.values()
    )
    sheet = style.sheet(
        finding(equivalence),
        "What each slot of the state (a row of blocks) reads in one iteration, by slot (columns, "
        "in the same order): places where the derivative of the sum before σ is not zero",
        f"Differences: max|map − torch| / max|torch| over a whole model, {draws} of weights "
        "and inputs, outputs and gradients of all parameters, at the sizes of equivalence.csv; "
        f"claim B1 allows {allowed}. Drawn are smaller sizes, with 2 or 3 steps.",
        body,
        {
            dtype: ("largest difference in outputs or gradients", value)
            for dtype, value in worst_of(largest(equivalence)).items()
        },
    )
    boxes = {}
    for number, model in enumerate(small):
        line, column = divmod(number, COLUMNS)
        boxes[model] = (column * step + LABELS, line * pitch + TITLE, side)
    for number, model in enumerate(large):
        boxes[model] = (number * half + LABELS, lines * pitch + TITLE, wide)
    for model, box in boxes.items():
        _panel(sheet, box, slots[slots["model"] == model], places[places["model"] == model])
    line, column = divmod(len(small), COLUMNS)
    _key(sheet, column * step + LABELS, line * pitch + TITLE)
    return sheet
