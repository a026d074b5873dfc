"""A pattern from |x|, |y| and a number of unknowns, before any training.

The rule, as 2509.15057 gives it ("on an a priori basis"): fill the blocks that read the state and
the output's own rows, and solve the input block's density and |h| so that half of the hidden rows'
unknowns read the state. Where the input block cannot hold its half, the state blocks get the
highest density at which it can.
"""

from blockmaps.errors import InputError
from blockmaps.proportion import solve_balanced

TARGET = 0.5  # the hidden proportion
OUTPUTS = {"yx": 0.1, "yh": 1.0, "yy": 1.0}
STATE_DENSITIES = tuple(step / 20 for step in range(20, 0, -1))


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
    for state_density in STATE_DENSITIES:
        try:
            return solve_balanced(unknowns, TARGET, inputs, outputs, OUTPUTS, state_density)
        except InputError as fault:
            last = fault
    raise last
