"""The places of a map's blocks: which entries of z each entry of F∘z reads, before σ.

Found from derivatives, not from what the blocks are called: a place is where ∂a_i/∂z_j is not zero
at a random state, with a the sum that σ_i is applied to. So a convolution shows its bands, and a
projection that positions share its repeated squares.
"""

from math import prod

import pandas as pd
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import Sum

SLOT_COLUMNS = {
    "model": "name in the zoo",
    "form": "held input; forced; forced, update order; lifted",
    "iterations": "iterations of a whole call, at these sizes",
    "slot": "name of the slot, in the state's order",
    "shape": "its shape, 3×4",
    "size": "its length in z",
}
PLACE_COLUMNS = {
    "model": "name in the zoo",
    "target": "slot whose row it is",
    "source": "slot that is read",
    "kind": "identity, affine, module, product or contraction",
    "row": "place within the target",
    "column": "place within the source",
}


def places(map: BlockMap, seed: int = 0, draws: int = 2) -> pd.DataFrame:
    """Return every place of every block: target, source, kind, row, column.

    Parameters
    ----------
    seed : of the random states.
    draws : states; a place that any of them shows counts.
    """
    kinds, found = map.blocks, []
    generator = torch.Generator().manual_seed(seed)
    like = next(map.parameters())
    for target, row in map.rows.items():
        sources = list(dict.fromkeys(read.source for read in row.reads()))

        def total(*values: Tensor, row: Sum = row, sources: list[str] = sources) -> Tensor:
            return row.total(dict(zip(sources, values, strict=True)))

        shown: dict[str, Tensor] = {}
        for _ in range(draws):
            z = [torch.randn(1, *map.shapes[s], generator=generator).to(like) for s in sources]
            for source, values in zip(sources, jacobian(total, tuple(z)), strict=True):
                here = values.reshape(prod(map.shapes[target]), prod(map.shapes[source])) != 0
                shown[source] = shown.get(source, here) | here
        for source, where in shown.items():
            entries = pd.DataFrame(where.nonzero().numpy(), columns=["row", "column"])
            found.append(entries.assign(target=target, source=source, kind=kinds[target, source]))
    return pd.concat(found, ignore_index=True)[list(PLACE_COLUMNS)[1:]]


def slots(map: BlockMap) -> pd.DataFrame:
    """Return every slot: name, shape, size."""
    return pd.DataFrame(
        {
            "slot": list(map.shapes),
            "shape": ["×".join(str(side) for side in shape) for shape in map.shapes.values()],
            "size": [prod(shape) for shape in map.shapes.values()],
        }
    )
