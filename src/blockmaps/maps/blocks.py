"""Block functions f_ij that torch has no module for, and the kinds of blocks there are."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

# From the plainest to the most involved: where two meet in one place of the block matrix, it is
# called by the last.
KINDS = ("identity", "affine", "module", "product", "contraction")
RESHAPES = (nn.Flatten, nn.Unflatten)
TRIAL_BATCH = 97  # no likely number of channels, which some modules would take it for
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
        if weight.dim() != 2:
            raise ValueError(f"an affine block takes a matrix; found shape {tuple(weight.shape)}")
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ValueError(f"a bias of shape {tuple(bias.shape)} for {len(weight)} rows")
        if mask is not None and mask.shape != weight.shape:
            wanted, found = tuple(weight.shape), tuple(mask.shape)
            raise ValueError(f"a mask of shape {found} for a matrix of {wanted}")
        self.weight, self.bias = weight, bias
        self.rows, self.part = rows, (rows, columns)
        self.mask: Tensor | None
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
    if isinstance(f, nn.Sequential):
        parts = [kind_of(part) for part in f if not isinstance(part, RESHAPES)]
        return max(parts, key=KINDS.index, default="identity")
    if isinstance(f, Plus):
        return max(["affine", *map(kind_of, f.maps)], key=KINDS.index)  # I + I is 2 I
    return "module"


def shape_after(f: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that f makes of a slot's, by trying it.

    It is tried on a tensor without values, which costs nothing; what cannot be tried so (a module
    that looks at values, or makes tensors of its own) on zeros, as a copy that changes nothing.

    Raises
    ------
    ValueError
        If f does not take the shape, with its own reason.
    """
    if isinstance(f, nn.Identity):
        return shape
    if isinstance(f, Affine | nn.Linear) and type(f) in (Affine, nn.Linear):
        # nearly all blocks: no need to try
        rows, columns = f.weight[f.part].shape if isinstance(f, Affine) else f.weight.shape
        if shape[-1] != columns:
            raise ValueError(f"it takes {columns} values on the last axis")
        return (*shape[:-1], rows)
    try:
        made = _without_values(f, shape)
    except Exception:
        try:
            made = _with_zeros(f, shape)
        except Exception as fault:
            reason = str(fault).split("\n")[0] or type(fault).__name__
            raise ValueError(reason) from None
    if not isinstance(made, Tensor):
        raise ValueError(f"it returns {type(made).__name__}, not one tensor")
    if not made.dim() or len(made) != TRIAL_BATCH:
        raise ValueError("it does not keep the batch on the first axis")
    return tuple(made.shape[1:])


def _dtype(values: Iterable[Tensor]) -> torch.dtype | None:
    return next((value.dtype for value in values if value.is_floating_point()), None)


def _without_values(f: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> Any:
    if not isinstance(f, nn.Module):
        return f(torch.empty(TRIAL_BATCH, *shape, device="meta"))
    meta = {name: value.to("meta") for name, value in (*f.named_parameters(), *f.named_buffers())}
    trial = torch.empty(TRIAL_BATCH, *shape, dtype=_dtype(meta.values()), device="meta")
    return functional_call(f, meta, trial)


def _with_zeros(f: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> Any:
    copied = copy.deepcopy(f)
    own = [*f.parameters(), *f.buffers()] if isinstance(f, nn.Module) else []
    device = own[0].device if own else None
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        return copied(torch.zeros(TRIAL_BATCH, *shape, dtype=_dtype(own), device=device))
