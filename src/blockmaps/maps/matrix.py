"""The matrix W of z ← σ(W z + b), made of its unknowns, and what is read off it.

Without torch, so that tables of what is known before training need not load it. Where a state is
computed, `map` is the reference and `bank` the fast way; whatever else takes W takes it from here.
"""

import numpy as np
from jaxtyping import Float, Num

from blockmaps.designs.patterns import Mask, Pattern


def matrix(
    pattern: Pattern, mask: Mask, values: Num[np.ndarray, " unknowns"]
) -> Num[np.ndarray, "z z"]:
    """Return W, (|z|, |z|): the unknowns at their places, zero elsewhere.

    Rows are targets, columns are sources. The input slot's rows are zero: it is overwritten or
    held, and no unknown lies there.

    Parameters
    ----------
    pattern : the slots.
    mask : the places of the unknowns.
    values : the unknowns in the mask's order; W has their type.
    """
    size = sum(pattern.sizes.values())
    W = np.zeros((size, size), values.dtype)
    W[mask.rows, mask.columns] = values
    return W


def spectral_radius(pattern: Pattern, W: Float[np.ndarray, "z z"]) -> float:
    """Return the largest |eigenvalue| of W_hh, what the hidden slots read of each other.

    NaN where it is not finite.
    """
    first, last = pattern.slots[0].size, len(W) - pattern.slots[-1].size
    W_hh = W[first:last, first:last]
    if not np.isfinite(W_hh).all():
        return np.nan
    return float(np.abs(np.linalg.eigvals(W_hh)).max())
