"""The hidden proportion, and the budget equation that turns a number of unknowns into |h|.

With n_ts the number of unknowns of block target t × source s, the primary definition is the share
of the hidden rows' unknowns that read the state rather than the input (2509.15057, inferred from
the authors' named configurations, declared before any result):

    hidden proportion = (n_hh + n_hy) / (n_hx + n_hh + n_hy)

Two others are sensitivity checks that every analysis reports beside it.
"""

import math
from collections.abc import Mapping

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import RNN_BLOCKS


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def hidden_proportions(counts: Mapping[str, float]) -> dict[str, float]:
    """Return the three definitions of the hidden proportion, NaN where a denominator is zero.

    Parameters
    ----------
    counts : unknowns of the six blocks, expected or realised.
    """
    n = counts
    return {
        "hidden_proportion": _share(n["hh"] + n["hy"], n["hx"] + n["hh"] + n["hy"]),
        "hidden_proportion_hh_hx": _share(n["hh"], n["hx"] + n["hh"]),
        "hidden_proportion_hh_all": _share(n["hh"], sum(n[name] for name in RNN_BLOCKS)),
    }


def expected_unknowns(
    densities: Mapping[str, float], inputs: int, hidden: int, outputs: int
) -> dict[str, float]:
    """Return the expected unknowns of the six blocks, densities times places."""
    size = {"x": inputs, "h": hidden, "y": outputs}
    return {name: densities[name] * size[name[0]] * size[name[1]] for name in RNN_BLOCKS}


def _positive_root(a: float, b: float, c: float) -> float:
    """Return the positive root of a h² + b h + c = 0 for a, b ≥ 0 > c, in the stable form."""
    return -2 * c / (b + math.sqrt(b * b - 4 * a * c))


def _rounded(root: float) -> int:
    return math.floor(root + 0.5)


def _hidden_from(a: float, b: float, c: float, budget: float) -> int:
    """Solve a h² + b h + c = budget for h ≥ 1, rounded to the nearest whole number."""
    if a == 0 and b == 0:
        raise InputError(
            f"a budget of {budget:g} unknowns: |h| cannot be solved for, since no block that grows "
            "with |h| has a density above 0; give hx, hh, hy or yh one"
        )
    smallest = a + b + c
    if budget < smallest * (1 - 1e-12):
        raise InputError(
            f"a budget of {budget:g} unknowns: no |h| of at least 1 meets it; "
            f"the smallest that can is {math.ceil(smallest - 1e-9)}"
        )
    return _rounded(_positive_root(a, b, c - budget))


def solve_hidden(budget: float, densities: Mapping[str, float], inputs: int, outputs: int) -> int:
    """Return the |h| at which a pattern's expected unknowns meet a budget N.

    The positive root, rounded, of (2509.15057, "The model")

        d_hh h² + (d_hx |x| + d_hy |y| + d_yh |y|) h + d_yx |x||y| + d_yy |y|² = N

    which is linear where d_hh = 0.

    Raises
    ------
    InputError
        If no |h| ≥ 1 meets the budget; it names the smallest budget that can be met.
    """
    d = densities
    a = d["hh"]
    b = d["hx"] * inputs + (d["hy"] + d["yh"]) * outputs
    c = d["yx"] * inputs * outputs + d["yy"] * outputs**2
    return _hidden_from(a, b, c, budget)


def solve_balanced(
    budget: float,
    target: float,
    inputs: int,
    outputs: int,
    output_densities: Mapping[str, float],
    state_density: float = 1.0,
) -> tuple[int, dict[str, float]]:
    """Return |h| and six densities that meet a budget at a target hidden proportion.

    The state blocks hh and hy have one density s (1 unless told). With the target p, the hidden
    rows hold s (h² + h|y|) / p unknowns, so |h| is the positive root, rounded, of

        s h² / p + (s |y| / p + d_yh |y|) h + d_yx |x||y| + d_yy |y|² = N

    and d_hx is what then remains of the budget; rounding |h| moves the proportion, not N.

    Raises
    ------
    InputError
        If no |h| ≥ 1 meets the budget, or hx has too few places for what remains.
    """
    if not 0 < target < 1:
        raise InputError(f"a target hidden proportion of {target:g}: takes one between 0 and 1")
    d, s = dict(output_densities), state_density
    a = s / target
    b = s * outputs / target + d["yh"] * outputs
    c = d["yx"] * inputs * outputs + d["yy"] * outputs**2
    hidden = _hidden_from(a, b, c, budget)
    rest = budget - c - d["yh"] * hidden * outputs - s * hidden * (hidden + outputs)
    hx = rest / (hidden * inputs)
    if not 0 <= hx <= 1:
        raise InputError(
            f"a hidden proportion of {target:g} at {budget:g} unknowns: the input block would "
            f"need a density of {hx:.3g}; takes a lower state density or another target"
        )
    return hidden, {"hx": hx, "hh": s, "hy": s, **{k: float(d[k]) for k in ("yx", "yh", "yy")}}


def even_counts(
    budget: int,
    target: float,
    inputs: int,
    hidden: int,
    outputs: int,
    output_densities: Mapping[str, float],
) -> dict[str, int]:
    """Return exact counts of the six blocks at a fixed budget and |h| for a hidden proportion.

    The output rows' counts do not depend on the target; the rest of the budget is moved between
    hx and the state blocks, hh and hy at one density, so that overall density stays the same.

    Raises
    ------
    InputError
        If a block has too few places; it names the proportions that can be reached.
    """
    places = expected_unknowns(dict.fromkeys(RNN_BLOCKS, 1.0), inputs, hidden, outputs)
    counts = {name: _rounded(output_densities[name] * places[name]) for name in ("yx", "yh", "yy")}
    rows = budget - sum(counts.values())
    state_places = places["hh"] + places["hy"]
    low, high = 1 - places["hx"] / rows if rows > 0 else 1.0, state_places / max(rows, 1)
    if rows < 1 or not low <= target <= high:
        some = rows > 0 and low <= high
        reach = f"from {max(low, 0):.2f} to {min(high, 1):.2f}" if some else "none"
        raise InputError(
            f"a hidden proportion of {target:.3g} at {budget} unknowns and |h| = {hidden}: "
            f"the blocks have too few places; reachable: {reach}"
        )
    state = _rounded(target * rows)
    counts["hh"] = _rounded(state * places["hh"] / state_places)
    counts["hy"] = state - counts["hh"]
    counts["hx"] = rows - state
    return {name: int(counts[name]) for name in RNN_BLOCKS}
