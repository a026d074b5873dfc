"""The influence of the start and of single inputs on a lifted RNN, iteration by iteration."""

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from blockmaps.report.figures import facets, style, wording

HEAT, LABEL = 1.7, 0.5  # inches
PANELS = {
    False: "no identity at (h₀, h₀): finite response",
    True: "identity at (h₀, h₀): infinite response",
}
MARKS = (
    style.Mark("#000000", "o", "-"),
    style.Mark("#0072B2", "s", (0, (5, 1.5))),
    style.Mark("#D55E00", "^", (0, (1.5, 1.5))),
)
GRID = facets.Arrangement(columns=2, height=1.6, above=HEAT + 2 * LABEL + 0.1)
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
    when = f"iteration {last} alone" if gone == [last] else f"{len(gone)} iterations"
    stays = f"from {last} on" if held == [*range(last, end + 1)] else f"at {len(held)} iterations"
    return f"Without an identity {named(slot)} depends on h₀ at {when}; with it, {stays}"


def _heat(axes: Axes, rows: pd.DataFrame, most: float, bar: Axes | None) -> None:
    """Draw the influence of h_0 on every slot at every iteration; exactly zero stays white."""
    table = rows.pivot(index="slot", columns="iteration", values=["influence", "high"])
    table = table.loc[sorted(table.index, key=lambda slot: int(slot[2:-1]))]
    # the palette's lightest is too close to white, which is zero
    look = {"cmap": "YlGnBu", "vmin": -0.25 * most, "vmax": most, "mask": table["high"] == 0}
    look |= {"cbar": bar is not None, "cbar_ax": bar, "cbar_kws": {"label": "change, length"}}
    names = list(map(named, table.index))
    seaborn.heatmap(table["influence"], ax=axes, xticklabels=2, yticklabels=names, **look)
    axes.set(xlabel="iteration", ylabel="")
    axes.tick_params(labelsize=8, rotation=0)
    axes.grid(False)
    if bar is not None:
        bar.set_ylim(0, most)
        bar.tick_params(labelsize=8, length=2)


@style.themed
def draw(impulse: pd.DataFrame) -> style.Sheet:
    """Draw influence against iteration, without the identity and with it.

    Parameters
    ----------
    impulse : columns in `blockmaps.maps.zoo.impulse`.
    """
    slot, last = _last(impulse)
    networks, width = impulse[["networks", "width"]].iloc[0]
    states = impulse[impulse["slot"].str.startswith("h")]
    start, ends = states[states["perturbed"] == "h[0]"], states[states["slot"] == slot]
    ends = ends.assign(arm=[f"{named(one)} moved" for one in ends["perturbed"]])
    lines = []
    for identity, name in PANELS.items():
        own = ends[ends["identity"] == identity].sort_values("iteration")
        lines.append(facets.intervals(name, own["arm"], own["iteration"], own, "influence"))
    key = dict(zip(ends["arm"].unique(), MARKS, strict=False))
    sheet, panels = facets.draw(
        (
            finding(impulse),
            "Lifted map of a tanh RNN, a slot for each of its states, iterated past the sequence's "
            f"length T = {last}. One slot's start is moved by a vector of length 1; how far does "
            "each slot move?",
            f"{networks} random RNNs, |h| = |x| = {width}, orthogonal recurrent matrix; lines and "
            "colours are medians, bands reach from the smallest to the largest. White: exactly 0 "
            "in every network. Inputs hold themselves in both maps, so that their influence stays; "
            "without the identity h₀ is 0 from iteration 1 on.",
        ),
        [wording.Panel(name, "", "") for name in PANELS.values()],
        [(pd.concat(lines), ["band", "line"])],
        key,
        GRID,
        ("iteration", f"change of {named(slot)}, length"),
        {
            name: (
                f"state {named(slot)} depends on h₀ at iteration",
                ", ".join(map(str, moved_at(impulse, identity))),
            )
            for identity, name in PANELS.items()
        },
    )
    wide, down = GRID.width(2), style.key_height(key) + 0.4
    for column, (identity, (panel, axes)) in enumerate(zip(PANELS, panels, strict=True)):
        left = GRID.left - style.MARGIN + column * (wide + facets.BETWEEN)
        heat = sheet.axes(left, down, wide - 0.55, HEAT)
        bar = sheet.axes(left + wide - 0.47, down, 0.1, HEAT) if column else None
        _heat(heat, start[start["identity"] == identity], start["influence"].max(), bar)
        style.panel_title(heat, panel.name, "change of every state when h₀ is moved")
        axes.set_ylim(0, 1.08 * ends["high"].max())
        axes.xaxis.set_major_locator(MultipleLocator(2))
        axes.axvline(last, color=style.FAINT, linewidth=0.9, linestyle=(0, (2, 2)), zorder=0.5)
        style.note(axes, f"T = {last}", (last, 1), ("data", "axes fraction"), (3, -3), va="top")
    return sheet
