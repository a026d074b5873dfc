"""The influence of the start and of single inputs on a lifted RNN, iteration by iteration."""

import pandas as pd

from blockmaps.report.figures import facets, style

HEAT, ABOVE, BELOW = 1.7, 0.78, 0.4  # inches of the heat maps, and around them
PANELS = {
    False: "no identity at (h₀,h₀): finite response",
    True: "identity at (h₀,h₀): infinite response",
}
MARKS = (
    style.Mark("#000000", "o", "-"),
    style.Mark("#0072B2", "s", (0, (5, 1.5))),
    style.Mark("#D55E00", "^", (0, (1.5, 1.5))),
)
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def named(slot: str) -> str:
    """Write h[3] as h₃."""
    name, _, time = slot.rstrip("]").partition("[")
    return name + time.translate(SUBSCRIPTS)


def _last(impulse: pd.DataFrame) -> tuple[str, int]:
    """Return the last state's slot and T."""
    times = impulse["slot"].str.extract(r"^h\[(\d+)\]")[0].dropna()
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


@style.themed
def draw(impulse: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw influence against iteration (columns in `blockmaps.maps.zoo.impulse`).

    Above it the influence of h_0 on every slot, in which exactly zero stays white.
    """
    slot, last = _last(impulse)
    networks, width = impulse[["networks", "width"]].iloc[0]
    states = impulse[impulse["slot"].str.startswith("h")].sort_values("iteration", kind="stable")
    states = states.assign(
        arm=states["perturbed"].map(named) + " moved", panel=states["identity"].map(PANELS)
    )
    ends = states[states["slot"] == slot]
    end = int(ends["iteration"].max())
    key = dict(zip(ends["arm"].unique(), MARKS, strict=False))
    grid = facets.PanelGrid(columns=2, height=1.6, below=ABOVE + HEAT + BELOW)
    sheet = facets.draw(
        finding(impulse),
        caption,
        f"{networks} random RNNs, |h| = |x| = {width}, orthogonal recurrent matrix; lines and "
        "colours are medians, bands reach from the smallest to the largest. White: exactly 0 "
        "in every network. Inputs hold themselves in both maps, so that their influence stays; "
        "without the identity h₀ is 0 from iteration 1 on.",
        [
            (name, f"state {named(slot)} depends on h₀ at iteration", ", ".join(map(str, moved)))
            for name, moved in ((name, moved_at(impulse, one)) for one, name in PANELS.items())
        ],
        dict.fromkeys(PANELS.values(), ""),
        [facets.PanelLayer("band line", ends, "iteration", "influence")],
        key,
        facets.PanelAxis(
            "iteration", ticks={at: f"{at}" for at in range(0, end + 1, 2)}, line=last
        ),
        facets.PanelAxis(f"change of {named(slot)}, length", (0, 1.08 * ends["high"].max())),
        grid=grid,
    )
    start = states[states["perturbed"] == "h[0]"]
    most, keys = start["influence"].max(), style.key_height(key)
    for place, (name, axes) in enumerate(sheet.panels.items()):
        style.note(axes, f"T = {last}", (last, 1), ("data", "axes fraction"), (3, -3), va="top")
        left, down, wide, high = grid.box(place, 2, keys)
        heat = sheet.axes(left, down + high + ABOVE, wide - 0.55, HEAT)
        bar = sheet.axes(left + wide - 0.47, down + high + ABOVE, 0.1, HEAT) if place else None
        table = start[start["panel"] == name].pivot(
            index="slot", columns="iteration", values=["influence", "high"]
        )
        table = table.loc[sorted(table.index, key=lambda one: int(one[2:-1]))].rename(index=named)
        # the palette's lightest is too close to white, which is zero
        look = {"cmap": "YlGnBu", "vmin": -0.25 * most, "vmax": most, "mask": table["high"] == 0}
        look |= {"cbar": bool(place), "cbar_ax": bar, "cbar_kws": {"label": "change, length"}}
        facets.heat(heat, table["influence"], ("iteration", ""), xticklabels=2, **look)
        style.panel_title(heat, "", "change of every state when h₀ is moved")
        if bar is not None:
            bar.set_ylim(0, most)
            bar.tick_params(labelsize=8, length=2)
    return sheet
