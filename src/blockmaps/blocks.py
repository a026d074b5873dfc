"""Block functions f_ij that torch has no module for, and the kinds of blocks there are."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

# From the plainest to the most involved: where two meet in one place of the block matrix, it is
# called by the last.
KINDS = ("identity", "affine", "module", "product", "contraction")
RESHAPES = (nn.Flatten, nn.Unflatten)
TRIAL_BATCH = 97
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Affine(nn.Module):
    """f_ij(z_j) = (W ⊙ M) z_j + b, on the last axis of the slot.

    Parameters
    ----------
    weight : a matrix; several blocks may be cut from one.
    bias : (rows of weight,) or none.
    mask : as weight: what of it is an unknown; the rest is zero and stays so. None: all.
    rows, columns : the rectangle of weight that this block is.
    """

    def __init__(
        self,
        weight: nn.Parameter,
        bias: nn.Parameter | None = None,
        *,
        mask: Tensor | None = None,
        rows: slice = slice(None),
        columns: slice = slice(None),
    ) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias
        self.rows, self.part = rows, (rows, columns)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """Return the block's contribution, (…, rows) from (…, columns)."""
        W = self.weight[self.part]
        if self.mask is not None:
            W = W * self.mask[self.part]
        return nn.functional.linear(z, W, None if self.bias is None else self.bias[self.rows])

    def extra_repr(self) -> str:
        """Say the block's sizes."""
        rows, columns = self.weight[self.part].shape
        return f"{columns} → {rows}"


class Plus(nn.Module):
    """Several maps in one block, (f + g)(z_j): a residual layer is W + I in one block."""

    def __init__(self, *maps: nn.Module) -> None:
        super().__init__()
        self.maps = nn.ModuleList(maps)

    def forward(self, z: Tensor) -> Tensor:
        """Return the sum of what each map makes of the slot."""
        return sum(f(z) for f in self.maps)


class Complement(nn.Module):
    """f(z_j) = 1 − z_j, the other side of a gate."""

    def forward(self, z: Tensor) -> Tensor:
        """Return 1 − z."""
        return 1 - z


def kind_of(f: nn.Module) -> str:
    """Return the kind of a block's map."""
    if isinstance(f, nn.Identity):
        return "identity"
    if isinstance(f, (Affine, Complement, nn.Linear, *CONVOLUTIONS)):
        return "affine"
    if isinstance(f, nn.Sequential | Plus):
        parts = f.maps if isinstance(f, Plus) else [m for m in f if not isinstance(m, RESHAPES)]
        return max((kind_of(part) for part in parts), key=KINDS.index, default="identity")
    return "module"


def shape_after(f: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that f makes of a slot's, by trying it on a tensor without values.

    Raises
    ------
    ValueError, RuntimeError …
        Whatever f raises for a shape that it does not take.
    """
    if isinstance(f, nn.Identity):
        return shape
    if isinstance(f, nn.Linear | Affine):  # nearly all blocks: no need to try
        rows, columns = f.weight[f.part].shape if isinstance(f, Affine) else f.weight.shape
        if shape[-1] != columns:
            raise ValueError(f"it takes {columns} values on the last axis")
        return (*shape[:-1], rows)
    meta = {name: value.to("meta") for name, value in (*f.named_parameters(), *f.named_buffers())}
    dtype = next((value.dtype for value in meta.values() if value.is_floating_point()), None)
    # an odd number, so that no module takes the batch for channels
    trial = torch.empty(TRIAL_BATCH, *shape, dtype=dtype, device="meta")
    batch, *rest = functional_call(f, meta, trial).shape
    if batch != TRIAL_BATCH:
        raise ValueError("it does not keep the batch on the first axis")
    return tuple(rest)
