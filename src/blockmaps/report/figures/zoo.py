"""The zoo's block patterns: a "spy" plot a model, slots labelled, places by the kind of block."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from scipy.optimize import isotonic_regression

from blockmaps.core.fixed import TOLERANCES
from blockmaps.report.figures import facets, style, wording

LARGE = ("transformer", "transformer-norm-first")  # as wide as half the sheet, below the others
SLOT = 8  # points of a slot's name
KINDS = {
    "identity": ("#7f7f7f", "identity"),
    "affine": ("#0072B2", "affine, W z + b"),
    "module": ("#D55E00", "module: softmax, norm, layer"),
    "product": ("#00664B", "factor of a product (gate)"),
    "contraction": ("#8D00EB", "contraction (attention)"),
}


def largest(equivalence: pd.DataFrame) -> pd.Series:
    """Return the larger of every row's two deviations; NaN if one is."""
    return equivalence[["output_deviation", "gradient_deviation"]].max(axis=1, skipna=False)


def finding(equivalence: pd.DataFrame) -> str:
    """Say whether every model's deviations are within claim B1's."""
    within = largest(equivalence) <= equivalence["dtype"].map(TOLERANCES)
    models = equivalence["model"].nunique()
    if within.all():
        return f"{models} torch networks are one iterated map each, but for rounding"
    bad = equivalence.loc[~within, "model"].unique()
    said = f"{len(bad)} of {models} networks differ from their maps"
    named = f"{said} ({', '.join(bad)})"
    return named if style.fits(named) else said


def spread(wanted: np.ndarray, gap: float, highest: float) -> np.ndarray:
    """Move places as little as needed (least squares) for a gap between each and the next.

    Parameters
    ----------
    wanted : (n,), ascending.
    gap : the smallest distance, in the same unit.
    highest : no place is above it, and none below 0 where there is room for all.
    """
    steps = gap * np.arange(len(wanted))
    return np.clip(isotonic_regression(wanted - steps).x, 0, max(highest - steps[-1], 0)) + steps


def squares(rows: pd.DataFrame) -> Path:
    """Return one path of all places, neighbours in a row joined into one rectangle."""
    rows = rows.sort_values(["y", "x"])
    starts = (rows["y"].diff() != 0) | (rows["x"].diff() != 1)
    joined = rows.groupby(starts.cumsum()).agg(x=("x", "first"), y=("y", "first"), n=("x", "size"))
    x, y, n = joined.to_numpy(float).T
    corners = np.stack([[x, y], [x + n, y], [x + n, y + 1], [x, y + 1]]).transpose(2, 0, 1)
    return Path.make_compound_path_from_polys(corners)


def _draw(axes: Axes, side: float, slots: pd.DataFrame, places: pd.DataFrame) -> None:
    """Draw one block pattern: its places as rectangles, its slots' names at the left."""
    ends = slots["size"].cumsum()
    first = dict(zip(slots["slot"], ends - slots["size"], strict=True))
    total = int(ends.iloc[-1])
    places = places.assign(
        y=places["target"].map(first) + places["row"],
        x=places["source"].map(first) + places["column"],
    )
    for kind, rows in places.groupby("kind", sort=False):
        found = PathCollection([squares(rows)], facecolors=KINDS[kind][0], linewidths=0, zorder=2)
        axes.add_collection(found, autolim=False)
    axes.set(xlim=(0, total), ylim=(total, 0), xticks=[], yticks=[])
    for lines in (axes.vlines, axes.hlines):
        lines(ends[:-1], 0, total, color="#bdbdbd", linewidth=0.4, zorder=1)
    axes.spines[:].set(visible=True, linewidth=0.6)
    wanted = (ends - slots["size"] / 2).to_numpy(float)
    line = {"arrowstyle": "-", "color": "#bdbdbd", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
    placed = spread(wanted, 1.12 * SLOT / 72 / side * total, total)
    for name, at, y in zip(slots["slot"], wanted, placed, strict=True):
        look: dict[str, Any] = {
            "arrowprops": line | {"relpos": (1, 0.5)},
            "textcoords": axes.get_yaxis_transform(),
        }
        look |= {"ha": "right", "va": "center", "size": SLOT, "annotation_clip": False}
        axes.annotate(name, (0, at), (-0.11 / side, y), **look)


@style.themed
def draw(
    equivalence: pd.DataFrame, slots: pd.DataFrame, places: pd.DataFrame, caption: str = ""
) -> style.Sheet:
    """Draw a panel a model.

    Parameters
    ----------
    equivalence : deviations (columns in `blockmaps.maps.zoo.equivalence`).
    slots, places : the patterns (columns in `blockmaps.maps.zoo.places`), at small sizes.
    """
    models = list(slots["model"].unique())
    small, large = ([one for one in models if (one in LARGE) == wide] for wide in (False, True))
    grid = facets.PanelGrid(
        height=0, share_x=False, share_y=False, right=0.22, above=0.42, below=0.2
    )
    wide, grid = (
        one._replace(height=one.width(one.columns)) for one in (grid._replace(columns=2), grid)
    )
    many = len(small) + 1  # the key takes a panel's place
    body = grid.body(many)
    draws = wording.counted(equivalence["draws"].iloc[0], "draw")
    limits = TOLERANCES.values()
    allowed = " and ".join(
        np.format_float_scientific(one, trim="-", exp_digits=1) for one in limits
    )
    worst = largest(equivalence).groupby(equivalence["dtype"], sort=False).max()
    sheet = style.sheet(
        finding(equivalence),
        caption,
        f"Differences: max|map − torch| / max|torch| over a whole model, {draws} of weights "
        "and inputs, outputs and gradients of all parameters, at the sizes of equivalence.csv; "
        f"claim B1 allows {allowed}. Drawn are smaller sizes, with 2 or 3 steps.",
        body + (wide.body(len(large)) if large else 0),
        [
            (of, "largest difference in outputs or gradients", f"{one:.0e}")
            for of, one in worst.items()
        ],
    )
    boxes = {model: grid.box(place, many) for place, model in enumerate(small)}
    boxes |= {model: wide.box(place, len(LARGE), body) for place, model in enumerate(large)}
    for model, box in boxes.items():
        axes, own = sheet.axes(*box), slots[slots["model"] == model].reset_index(drop=True)
        form = own["form"].iloc[0].replace("forced, update order", "forced, in order")
        about = f"{form}, {wording.counted(own['iterations'].iloc[0], 'iteration')}"
        style.panel_title(axes, model, about, box[2])
        _draw(axes, box[2], own, places[places["model"] == model])
    left, down, *_ = grid.box(len(small), many)
    key = {name: style.Mark(color, "s", "") for color, name in KINDS.values()}
    style.key(sheet, left, key, down, columns=1)
    return sheet
