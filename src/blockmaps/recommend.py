"""A pattern from |x|, |y| and a number of unknowns, before any training.

The rule, as 2509.15057 gives it ("on an a priori basis"): fill the blocks that read the state and
the output's own rows, and solve the input block's density and |h| so that half of the hidden rows'
unknowns read the state. Where the input block would need more places than it has, it is filled
instead, and the state blocks get the density that makes the halves equal.
"""

from blockmaps.errors import InputError
from blockmaps.proportion import solve_balanced

OUTPUTS = {"yx": 0.1, "yh": 1.0, "yy": 1.0}


def recommend(inputs: int, outputs: int, unknowns: int) -> tuple[int, dict[str, float]]:
    """Return |h| and the densities of the six blocks.

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
    # with hx filled: |x| h unknowns read the input and as many the state, so h is linear
    hidden = round((unknowns - rest) / (2 * inputs + OUTPUTS["yh"] * outputs))
    state = unknowns - rest - hidden * (inputs + OUTPUTS["yh"] * outputs)
    density = state / (hidden * (hidden + outputs)) if hidden > 0 else 1.0
    if 0 < density < 1:
        return hidden, {"hx": 1.0, "hh": density, "hy": density, **OUTPUTS}
    return solve_balanced(unknowns, 0.5, inputs, outputs, OUTPUTS)
