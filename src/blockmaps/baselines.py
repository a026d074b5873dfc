"""Torch's own RNN, GRU and LSTM behind the interface of a bank.

Each is torch's module, run one after another: a shard's cells are of different kinds and sizes, so
there is nothing to batch. Their weights are kept as one vector and their biases as another, as a
bank keeps a variant's, so that training and checkpoints need not tell them apart.
"""

from collections.abc import Sequence
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from blockmaps.cells import Cell
from blockmaps.variants import CellVariant, Start

MODULES: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def empty_module(cell: Cell) -> nn.RNNBase:
    """Return torch's module of a cell, on the meta device: its weights are given when it is run."""
    options = {"proj_size": cell.outputs} if cell.projected else {}
    return MODULES[cell.cell](cell.inputs, cell.hidden, device="meta", **options)


def parts(vector: Tensor, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the named tensors that a vector holds one after another, as views."""
    pieces = vector.split([prod(shape) for shape in shapes.values()])
    return {
        name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


class CellBank(nn.Module):
    """Several cells as one module, with a bank's parameters and outputs.

    Parameters
    ----------
    variants : with the same |x| and |y|.
    starts : their weights and biases before training.
    dtype : of parameters and states.

    Attributes
    ----------
    unknowns : for each variant, its weights as one vector, in the order of `Cell.weights`.
    biases : for each variant, its biases as one vector, in the order of `Cell.offsets`.
    rows : units of all states.
    """

    def __init__(
        self,
        variants: Sequence[CellVariant],
        starts: Sequence[Start],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.variants = tuple(variants)
        self.unknowns = nn.ParameterList(torch.from_numpy(one.values).to(dtype) for one in starts)
        self.biases = nn.ParameterList(torch.from_numpy(one.bias).to(dtype) for one in starts)
        self.rows = sum(variant.size for variant in variants)
        self._modules_of = [empty_module(variant.cell) for variant in variants]  # no parameters

    def forward(
        self,
        inputs: Float[Tensor, "time batch x"],
        loss_steps: Sequence[int] | None = None,
        iterations: int = 1,
        blank_steps: int = 0,
    ) -> Float[Tensor, "variants steps batch y"]:
        """Return every variant's output after the named steps, as `Bank.forward` does."""
        if iterations != 1:
            raise ValueError("torch's cells take one iteration a token")
        time, batch, width = inputs.shape
        blank = inputs.new_zeros(blank_steps, batch, width)
        tokens = torch.cat([inputs, blank])
        chosen = list(range(time + blank_steps) if loss_steps is None else loss_steps)
        return torch.stack([self._run(k, tokens)[chosen] for k in range(len(self.variants))])

    def _run(self, k: int, tokens: Tensor) -> Tensor:
        """Return one variant's output at every step, (time, batch, |y|)."""
        cell = self.variants[k].cell
        weights = parts(self.unknowns[k], cell.weights)
        biases = parts(self.biases[k], {name: (size,) for name, size in cell.offsets.items()})
        last = (weights.pop("readout"), biases.pop("readout")) if "readout" in weights else None
        own = weights | biases
        # torch names a projection's weight last, and takes weights in the order of their names
        named = {name: own[name] for name, _ in self._modules_of[k].named_parameters()}
        states, _ = functional_call(self._modules_of[k], named, (tokens,))
        return states if last is None else nn.functional.linear(states, *last)
