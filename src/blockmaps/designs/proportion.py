"""The hidden proportion, and the budget equation that turns a number of unknowns into |h|.

With n_ts the number of unknowns of block target t × source s, the primary definition is the share
of the hidden rows' unknowns that read the state rather than the input (2509.15057, inferred from
the authors' named configurations, declared before any result):

    hidden proportion = (n_hh + n_hy) / (n_hx + n_hh + n_hy)

Two others are sensitivity checks that every analysis reports beside it.
"""

import math
from collections.abc import Mapping, Sequence

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import RNN_BLOCKS

# No |h| above it is looked for: a square of W is then larger than any model that is trained here.
MOST_HIDDEN = 20_000


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
            f"takes a budget of at least {math.ceil(smallest - 1e-9)}"
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
            f"need a density of {hx:.3g}; takes a lower state_density or another target"
        )
    return hidden, {"hx": hx, "hh": s, "hy": s, **{k: float(d[k]) for k in ("yx", "yh", "yy")}}


def balanced_at(
    budget: float,
    target: float,
    inputs: int,
    hidden: int,
    outputs: int,
    output_densities: Mapping[str, float],
) -> dict[str, float]:
    """Return six densities that meet a budget and a target hidden proportion at one |h|.

    With R = N − d_yh |h||y| − d_yx |x||y| − d_yy |y|² the unknowns of the hidden rows, hx holds
    (1 − p) R of them, hh and hy p R at one density.

    Raises
    ------
    InputError
        If a block has too few places; it names the proportions that can be reached.
    """
    d = output_densities
    rest = budget - d["yh"] * hidden * outputs - d["yx"] * inputs * outputs - d["yy"] * outputs**2
    hx, state = hidden * inputs, hidden * (hidden + outputs)
    low, high = _reach(rest, inputs, hidden, outputs)
    if not low <= target <= high:
        reach = f"takes one from {low:.2f} to {high:.2f}"
        if low > high:
            reach = f"{budget - rest:,.0f} of them are the output's, {hx + state:,} fit the rest"
        raise InputError(
            f"a hidden proportion of {target:g} at {budget:g} unknowns and |h| = {hidden}: {reach}"
        )
    s = target * rest / state
    return {
        "hx": (1 - target) * rest / hx,
        "hh": s,
        "hy": s,
        **{name: float(d[name]) for name in ("yx", "yh", "yy")},
    }


def fit_balanced(
    budget: float,
    target: float,
    inputs: int,
    outputs: int,
    output_densities: Mapping[str, float],
    state_density: float = 1.0,
) -> tuple[int, dict[str, float]]:
    """Return `solve_balanced`'s |h| and densities, or those of the nearest state density.

    Where that has no solution (mostly since hx has too few places), the budget and the proportion
    are met exactly, at the |h| whose state density is nearest to the one that is asked for.

    Raises
    ------
    InputError
        As `solve_balanced`, if no |h| has a solution.
    """
    given = (budget, target, inputs)
    d = output_densities
    try:
        return solve_balanced(*given, outputs, d, state_density)
    except InputError:
        if not 0 < target < 1:
            raise
        found: tuple[int, dict[str, float]] | None = None
        rest = budget - d["yx"] * inputs * outputs - d["yy"] * outputs**2
        # from where hx, full, holds its share; the larger |h|, the lower the state density
        hidden = math.ceil(rest / (inputs / (1 - target) + d["yh"] * outputs) - 1e-9)
        most = min(budget, MOST_HIDDEN)
        while (hidden := max(hidden, 1)) <= most and rest > d["yh"] * hidden * outputs:
            try:
                densities = balanced_at(*given, hidden, outputs, d)
            except InputError:
                hidden += 1
                continue
            if found and abs(found[1]["hh"] - state_density) <= abs(
                densities["hh"] - state_density
            ):
                break
            found = hidden, densities
            hidden += 1
        if found is None:
            raise
        return found


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
    low, high = _reach(rows, inputs, hidden, outputs)
    if not low <= target <= high:
        reach = f"from {low:.2f} to {high:.2f}" if low <= high else "none"
        raise InputError(
            f"a hidden proportion of {target:.3g} at {budget} unknowns and |h| = {hidden}: "
            f"the blocks have too few places; reachable: {reach}"
        )
    state = _rounded(target * rows)
    counts["hh"] = _rounded(state * places["hh"] / state_places)
    counts["hy"] = state - counts["hh"]
    counts["hx"] = rows - state
    return {name: int(counts[name]) for name in RNN_BLOCKS}


def _reach(rows: float, inputs: int, hidden: int, outputs: int) -> tuple[float, float]:
    """Return the lowest and highest hidden proportion of so many unknowns in the hidden rows.

    The lowest is above the highest where there is none.
    """
    if rows < 1:
        return 1.0, 0.0
    return max(1 - hidden * inputs / rows, 0.0), min(hidden * (hidden + outputs) / rows, 1.0)


def even_fits(
    budget: int,
    targets: Sequence[float],
    inputs: int,
    hidden: int,
    outputs: int,
    output_densities: Mapping[str, float],
) -> bool:
    """Return whether `even_counts` can be made for all targets."""
    d = output_densities
    places = {"yx": inputs * outputs, "yh": hidden * outputs, "yy": outputs**2}
    rows = budget - sum(_rounded(d[name] * number) for name, number in places.items())
    low, high = _reach(rows, inputs, hidden, outputs)
    return low <= min(targets) and max(targets) <= high


def least_even_hidden(
    budget: int,
    targets: Sequence[float],
    inputs: int,
    outputs: int,
    output_densities: Mapping[str, float],
) -> int | None:
    """Return the smallest |h| at which `even_counts` can be made for all targets; None if none can.

    The larger |h| is, the more places have its blocks, and the less of the budget yh leaves them: a
    |h| that does is at most the budget.
    """
    ends = (min(targets), max(targets))
    return next(
        (
            hidden
            for hidden in range(1, min(budget, MOST_HIDDEN) + 1)
            if even_fits(budget, ends, inputs, hidden, outputs, output_densities)
        ),
        None,
    )
