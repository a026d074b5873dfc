"""Growing: a map put as the (0, 0) block of a larger one keeps what it computes (2404.00880)."""

import torch
from torch import nn

from blockmaps.blocks import Affine
from blockmaps.maps import BlockMap, Row
from blockmaps.terms import Sum


def grow(map: BlockMap, slot: str, size: int, activation: str = "identity", std: float = 0.0):
    """Return a larger map, z' = (z, w), whose block (0, 0) is the given one, weights shared.

        z ← σ(F∘z + 0 w),   w ← τ(A z + B w),

    The old rows read w through new unknowns that start at zero, so that every slot of z goes
    through exactly the same values.

    Parameters
    ----------
    map : its slots other than the input must be vectors where they are to read w; the others
        are neither read by w nor read it.
    slot, size, activation : w.
    std : A and B start at N(0, std²). With the paper's zeros, w stays zero and nothing new gets a
        gradient; any other std leaves z as it is all the same, and lets the new blocks learn.

    Raises
    ------
    ValueError
        If the map has such a slot already.
    """
    if slot in map.shapes:
        raise ValueError(f"there is a slot {slot!r} already")
    like = next(map.parameters(), torch.zeros(0))
    vectors = [name for name, shape in map.shapes.items() if len(shape) == 1]

    def block(rows: int, columns: int, spread: float) -> Affine:
        weight = torch.randn(rows, columns, dtype=like.dtype, device=like.device) * spread
        return Affine(nn.Parameter(weight))

    rows: dict[str, Row] = dict(map.rows)
    for target in set(vectors) & set(rows) - {map.input}:
        old = map.rows[target]
        new = {slot: block(*map.shapes[target], size, 0.0)}
        rows[target] = Sum(*old.terms, new, activation=old.activation)
    rows[slot] = {source: block(size, *map.shapes[source], std) for source in vectors}
    rows[slot][slot] = block(size, size, std)
    slots = {**map.shapes, slot: (size,)}
    order = None if len(map.order) == 1 else [*map.order, [slot]]
    return BlockMap(slots, rows, {slot: activation}, order)
