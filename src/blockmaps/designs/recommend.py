"""A pattern from |x|, |y| and a number of unknowns, before any training.

The rule. *Fill the blocks that read y or lead from h to y (hy, yh, yy) and a tenth of yx. Give hh a
density of 0.3, and choose |h| and the density of hx so that half of the hidden rows' unknowns read
the state; where hx has too few places for that, fill it, and let hh and hy share the density that
makes the halves equal.*

It was made from these sizes and no others (config/rule.yaml; RAD from digits; runs in
published/rule/): |x| = 100 with |y| = 4 at 2,000 and 8,000 unknowns and with |y| = 12 at 3,000 and
8,000; |x| = 400 with |y| = 4 at 4,000 and 12,000 and with |y| = 12 at 8,000 and 16,000. There, over
grids of densities of hx and hh and away from the cliff below 0.15, fitted accuracy is highest at a
hidden proportion of 0.53 [0.38, 0.59], and within 0.01 of that in the logit from 0.39 to 0.65; at a
density of hh of 0.3, of which the data do not say much [0.05, 1]; and with full output blocks in 97
of 100 resamples (tables `response` and `curve` of `blockmaps analyse`). So ½ is what the data
support, as the round middle of something wide. The rule was frozen before any pattern of
config/apriori.yaml was trained.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import expected_unknowns, hidden_proportions, solve_hidden

HIDDEN_PROPORTION = 0.5
STATE_DENSITY = 0.3
OUTPUTS = {"yx": 0.1, "yh": 1.0, "yy": 1.0}

# The logit of test accuracy by hidden proportion, less the highest, on the rule's sizes: piecewise
# linear between these (table `curve`, rounded). Frozen with the rule, to rank patterns of others.
CURVE = {
    0.0: -1.40,
    0.02: -0.88,
    0.05: -0.85,
    0.1: -0.10,
    0.15: -0.08,
    0.25: -0.04,
    0.5: 0.0,
    0.75: -0.04,
    1.0: -0.14,
}


class Recommendation(NamedTuple):
    """A recommended pattern, and what is expected of it.

    Attributes
    ----------
    hidden : |h|.
    densities, unknowns : of the six blocks; expected unknowns.
    hidden_proportion : of the expected unknowns; ½ but for the rounding of |h|.
    """

    hidden: int
    densities: dict[str, float]
    unknowns: dict[str, float]
    hidden_proportion: float


def recommend(inputs: int, outputs: int, unknowns: int) -> tuple[int, dict[str, float]]:
    """Return |h| and the densities of the six blocks.

    With s the density of hh, and c = d_yx |x||y| + |y|² what does not grow with |h|, halves that
    are equal are s h² + h |y| = n_hx, and the budget N is met by

        2 s h² + 3 |y| h + c = N,    with hx filled by    (2 |x| + |y|) h + c = N

    Of the two whole numbers beside the positive root |h| is the one whose halves are closer to
    equal; the budget is met exactly.

    Raises
    ------
    InputError
        If the sizes are impossible, or no |h| meets the number of unknowns.
    """
    if inputs < 1 or outputs < 1 or unknowns < 1:
        raise InputError(
            f"{inputs} inputs, {outputs} outputs, {unknowns} unknowns: takes at least 1 of each"
        )
    rest = OUTPUTS["yx"] * inputs * outputs + OUTPUTS["yy"] * outputs**2
    for_hidden = unknowns - rest
    said = f"{unknowns:,} unknowns for {inputs:,} inputs and {outputs:,} outputs"
    thin = STATE_DENSITY + outputs <= inputs
    one = 2 * STATE_DENSITY + 3 * outputs if thin else 2 * inputs + outputs  # |h| = 1
    least = math.ceil(rest + one - 1e-9)
    if unknowns < least:
        raise InputError(f"{said}: takes at least {least:,} unknowns")
    b = 3 * outputs
    root = 2 * for_hidden / (b + math.sqrt(b * b + 8 * STATE_DENSITY * for_hidden))
    form = _thin
    if STATE_DENSITY * root + outputs > inputs:
        form, root = _filled, for_hidden / (2 * inputs + outputs)
    near = [form(hidden, inputs, outputs, for_hidden) for hidden in _beside(root)]
    possible = [row for row in near if 0 < row[1]["hx"] <= 1 and 0 < row[1]["hh"] <= 1]
    if not possible:
        raise InputError(f"{said}: no whole |h| near {root:.1f} has such a pattern; try some more")
    return min(possible, key=lambda row: _unequal(row[0], row[1], inputs, outputs))


def without_proportion(
    inputs: int, outputs: int, unknowns: int, uniform: float = 0.2
) -> tuple[int, dict[str, float]]:
    """Return the rule's control, which ignores the proportion: |h| and the six densities.

    The output rows are the rule's and so is the budget, but |h| is that of a uniform pattern, and
    hx, hh and hy share one density: the hidden proportion is what the sizes make it.

    Raises
    ------
    InputError
        If that density would not be between 0 and 1.
    """
    hidden = solve_hidden(unknowns, dict.fromkeys(RNN_BLOCKS, uniform), inputs, outputs)
    full = dict.fromkeys(("hx", "hh", "hy"), 1.0) | OUTPUTS
    places = expected_unknowns(full, inputs, hidden, outputs)
    rows = {name: places[name] for name in ("hx", "hh", "hy")}
    density = (unknowns - sum(places.values()) + sum(rows.values())) / sum(rows.values())
    if not 0 < density <= 1:
        raise InputError(
            f"{unknowns:,} unknowns for {inputs:,} inputs and {outputs:,} outputs: without the "
            f"proportion the hidden rows would need a density of {density:.3g}; try more unknowns"
        )
    return hidden, dict.fromkeys(rows, density) | OUTPUTS


def _beside(root: float) -> tuple[int, int]:
    """Return the whole numbers beside a root, at least 1."""
    return max(math.floor(root), 1), max(math.ceil(root), 1)


def _thin(hidden: int, inputs: int, outputs: int, rest: float) -> tuple[int, dict[str, float]]:
    """Return a pattern with hh at its density and hy full; hx gets what remains."""
    hx = rest - 2 * hidden * outputs - STATE_DENSITY * hidden**2
    return hidden, {"hx": hx / (hidden * inputs), "hh": STATE_DENSITY, "hy": 1.0, **OUTPUTS}


def _filled(hidden: int, inputs: int, outputs: int, rest: float) -> tuple[int, dict[str, float]]:
    """Return a pattern with hx full; hh and hy share what remains."""
    density = (rest - hidden * (inputs + outputs)) / (hidden * (hidden + outputs))
    return hidden, {"hx": 1.0, "hh": density, "hy": density, **OUTPUTS}


def _unequal(hidden: int, densities: dict[str, float], inputs: int, outputs: int) -> float:
    """Return how far the hidden proportion is from the rule's."""
    expected = expected_unknowns(densities, inputs, hidden, outputs)
    return abs(hidden_proportions(expected)["hidden_proportion"] - HIDDEN_PROPORTION)


def predicted(hidden_proportion: Sequence[float]) -> np.ndarray:
    """Return the predicted logit of accuracy, less the highest, by hidden proportion.

    It ranks patterns of one number of unknowns; it says nothing of how high the highest is.
    """
    return np.interp(hidden_proportion, list(CURVE), list(CURVE.values()))


def recommendation(inputs: int, outputs: int, unknowns: int) -> Recommendation:
    """Return `recommend`'s pattern with its expected unknowns and hidden proportion.

    Raises
    ------
    InputError
        As `recommend`.
    """
    hidden, densities = recommend(inputs, outputs, unknowns)
    expected = expected_unknowns(densities, inputs, hidden, outputs)
    proportion = hidden_proportions(expected)["hidden_proportion"]
    return Recommendation(hidden, densities, expected, proportion)
