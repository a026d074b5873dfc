"""The influence of the start and of single inputs on a lifted RNN, iteration by iteration."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.ticker import MultipleLocator

from blockmaps.report.figures import style

HEAT, LINES, LEFT, TITLE, LABEL = 1.9, 1.9, 0.62, 0.52, 0.5  # inches
BAR = 0.8  # room at the right for the scale of colours and the lines' names
PANELS = {
    False: "no identity at (h₀, h₀): finite response",
    True: "identity at (h₀, h₀): infinite response",
}
MARKS = (("#1a1a1a", "o", "-"), ("#0072B2", "s", (0, (5, 1.5))), ("#D55E00", "^", (0, (1.5, 1.5))))
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def named(slot: str) -> str:
    """Write h[3] as h₃."""
    name, _, time = slot.rstrip("]").partition("[")
    return name + time.translate(SUBSCRIPTS)


def _last(impulse: pd.DataFrame) -> tuple[str, int]:
    """Return the last state's slot and T."""
    times = impulse.loc[impulse["slot"].str.startswith("h"), "slot"].str.extract(r"\[(\d+)\]")[0]
    last = int(times.astype(int).max())
    return f"h[{last}]", last


def moved_at(impulse: pd.DataFrame, identity: bool) -> list[int]:
    """Return the iterations at which h_T depends on h_0.

    With the identity those at which it does in every network, without it in any.
    """
    slot, _ = _last(impulse)
    rows = impulse[(impulse["slot"] == slot) & (impulse["perturbed"] == "h[0]")]
    rows = rows[rows["identity"] == identity]
    return rows.loc[rows["low" if identity else "high"] > 0, "iteration"].tolist()


def finding(impulse: pd.DataFrame) -> str:
    """Say at which iterations h_T depends on h_0, with the identity and without."""
    slot, last = _last(impulse)
    gone, held = (moved_at(impulse, identity) for identity in (False, True))
    end = int(impulse["iteration"].max())
    when = f"iteration {last} alone" if gone == [last] else f"iterations {gone}"
    infinite = held == list(range(last, end + 1))
    stays = f"every iteration from {last} on" if infinite else f"iterations {held}"
    return (
        f"Without an identity at (h₀, h₀), {named(slot)} depends on h₀ at {when}; "
        f"with it, at {stays}"
    )


def _heat(axes: Axes, rows: pd.DataFrame, colors: ListedColormap, norm: Normalize) -> None:
    """Draw the influence of h_0 on every slot at every iteration; exactly zero stays white."""
    table = rows.pivot(index="slot", columns="iteration", values=["influence", "high"])
    table = table.loc[sorted(table.index, key=lambda slot: int(slot[2:-1]))]
    values = np.ma.array(table["influence"].to_numpy(), mask=table["high"].to_numpy() == 0)
    high, wide = values.shape
    axes.pcolormesh(
        np.arange(wide + 1) - 0.5, np.arange(high + 1) - 0.5, values, cmap=colors, norm=norm
    )
    axes.set_yticks(range(high), [named(slot) for slot in table.index], size=8)
    axes.set_ylim(high - 0.5, -0.5)
    axes.grid(False)


def _lines(axes: Axes, rows: pd.DataFrame, slot: str, named_at_end: bool) -> None:
    """Draw the influence of each perturbed slot on h_T: median and range over networks."""
    for (color, marker, line), moved in zip(MARKS, rows["perturbed"].unique(), strict=False):
        own = rows[rows["perturbed"] == moved].sort_values("iteration")
        axes.fill_between(own["iteration"], own["low"], own["high"], color=color, alpha=0.12, lw=0)
        axes.plot(
            own["iteration"],
            own["influence"],
            color=color,
            marker=marker,
            linestyle=line,
            markersize=4,
            linewidth=1.4,
        )
        if named_at_end:
            axes.annotate(
                f"{named(moved)} moved",
                tuple(own[["iteration", "influence"]].iloc[-1]),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                size=8.5,
                color=color,
                annotation_clip=False,
            )
    axes.set_ylabel(f"change of {named(slot)}")


@style.themed
def draw(impulse: pd.DataFrame) -> style.Sheet:
    """Draw influence against iteration, without the identity and with it.

    Parameters
    ----------
    impulse : columns in `blockmaps.maps.zoo.impulse`.
    """
    slot, last = _last(impulse)
    networks, width = impulse[["networks", "width"]].iloc[0]
    sheet = style.sheet(
        finding(impulse),
        "Lifted map of a tanh RNN, a slot for each of its states, iterated past the sequence's "
        f"length T = {last}. One slot's start is moved by a vector of length 1; how far does each "
        "slot move?",
        f"{networks} random RNNs, |h| = |x| = {width}, orthogonal recurrent matrix; lines and "
        "colours are medians, bands reach from the smallest to the largest. White: exactly 0 in "
        "every network. "
        "Inputs hold themselves in both maps, so that their influence stays; without the identity "
        "h₀ is 0 from iteration 1 on.",
        TITLE + HEAT + LABEL + 0.15 + LINES + LABEL,
        {
            name: ", ".join(map(str, moved_at(impulse, identity)))
            for identity, name in PANELS.items()
        },
    )
    states = impulse[impulse["slot"].str.startswith("h")]
    start = states[states["perturbed"] == "h[0]"]
    colors = ListedColormap(mpl.colormaps["YlGnBu"](np.linspace(0.22, 1, 256)))
    norm = Normalize(0, start["influence"].max())
    wide = (sheet.right - sheet.left - 2 * LEFT - BAR) / 2
    top = states.loc[states["slot"] == slot, "high"].max()
    for column, (identity, name) in enumerate(PANELS.items()):
        left = LEFT + column * (wide + LEFT)
        own = start[start["identity"] == identity]
        heat = sheet.axes(left, TITLE, wide, HEAT)
        _heat(heat, own, colors, norm)
        style.panel_title(heat, name, "change of every state when h₀ is moved")
        lines = sheet.axes(left, TITLE + HEAT + LABEL + 0.15, wide, LINES)
        rows = states[(states["slot"] == slot) & (states["identity"] == identity)]
        _lines(lines, rows, slot, named_at_end=column == 1)
        lines.set_ylim(0, 1.08 * top)
        for axes in (heat, lines):
            axes.xaxis.set_major_locator(MultipleLocator(2))
            axes.set_xlim(-0.5, states["iteration"].max() + 0.5)
            axes.axvline(last, color=style.FAINT, linewidth=0.9, linestyle=(0, (2, 2)), zorder=0.5)
            axes.set_xlabel("iteration")
        lines.annotate(
            f"T = {last}",
            (last, 1.08 * top),
            xytext=(3, -3),
            textcoords="offset points",
            va="top",
            size=8.5,
            color=style.FAINT,
        )
    right = 2 * (LEFT + wide) + 0.12
    bar = sheet.figure.colorbar(
        mpl.cm.ScalarMappable(norm, colors), cax=sheet.axes(right, TITLE, 0.1, HEAT)
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=2)
    bar.set_label("change, length", size=8.5)
    return sheet
