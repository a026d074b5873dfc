"""Torch's own RNN, GRU and LSTM, and its layers in sequence, behind the interface of a bank.

Each is torch's module, run one after another: a shard's cells are of different kinds and sizes, so
there is nothing to batch. Their weights are kept as one vector and their biases as another, as a
bank keeps a variant's, so that training and checkpoints need not tell them apart.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from blockmaps.designs.cells import Cell
from blockmaps.designs.patterns import Activation, Pattern
from blockmaps.designs.variants import CellVariant, LayersVariant, Start
from blockmaps.maps.bank import parameters

MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def empty_module(cell: Cell) -> nn.RNNBase:
    """Return torch's module of a cell, on the meta device: its weights are given when it is run."""
    options = {"proj_size": cell.outputs} if cell.projected else {}
    return MODULES[cell.cell](cell.inputs, cell.hidden, device="meta", **options)


def parts(vector: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the named tensors that a vector holds one after another, as views."""
    pieces = vector.split([prod(shape) for shape in shapes.values()])
    return {
        name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


Kind = TypeVar("Kind", CellVariant, LayersVariant)


class ModulesBank(nn.Module, ABC, Generic[Kind]):
    """Several of torch's own models as one module, with a bank's parameters and outputs.

    Parameters
    ----------
    variants : of one kind, with the same |x| and |y|.
    starts : their masks, weights and biases before training.
    dtype : of parameters and states.

    Attributes
    ----------
    unknowns : for each variant, its weights as one vector: a cell's in the order of `Cell.weights`,
        those of layers as a `Bank` of the map has them.
    biases : likewise; a cell's in the order of `Cell.offsets`.
    rows : units of all states.
    """

    def __init__(
        self,
        variants: Sequence[Kind],
        starts: Sequence[Start],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.variants: tuple[Kind, ...] = tuple(variants)
        self.unknowns, self.biases = parameters(starts, dtype)
        self.rows = sum(variant.size for variant in variants)
        pairs = enumerate(zip(variants, starts, strict=True))
        self._own = [self._prepare(k, variant, begin) for k, (variant, begin) in pairs]

    @abstractmethod
    def _prepare(self, k: int, variant: Kind, begin: Start) -> Any:
        """Return what a variant is run with beside its parameters; it holds no parameters."""

    @abstractmethod
    def _run(self, k: int, tokens: Tensor, chosen: list[int]) -> Tensor:
        """Return one variant's output after the chosen tokens, (chosen, batch, |y|)."""

    def forward(
        self,
        inputs: Float[Tensor, "time batch x"],
        loss_steps: Sequence[int] | None = None,
        iterations: int = 1,
        blank_steps: int = 0,
    ) -> Float[Tensor, "variants steps batch y"]:
        """Return every variant's output after the named tokens, as `Bank.forward` does."""
        if iterations != 1:
            raise ValueError("torch's own models take one iteration a token")
        time, batch, width = inputs.shape
        tokens = torch.cat([inputs, inputs.new_zeros(blank_steps, batch, width)])
        chosen = list(range(time + blank_steps) if loss_steps is None else loss_steps)
        return torch.stack([self._run(k, tokens, chosen) for k in range(len(self.variants))])


class CellBank(ModulesBank[CellVariant]):
    """Torch's cells: RNN, GRU and LSTM."""

    def _prepare(self, k: int, variant: CellVariant, begin: Start) -> nn.RNNBase:
        return empty_module(variant.cell)

    def _run(self, k: int, tokens: Tensor, chosen: list[int]) -> Tensor:
        tensors = cell_tensors(self.variants[k].cell, self.unknowns[k], self.biases[k])
        return run_cell(self._own[k], tensors, tokens)[0][chosen]


class CellTensors(NamedTuple):
    """A cell's weights and biases by torch's names, and those of its output where it has one."""

    named: dict[str, Tensor]
    readout: tuple[Tensor, Tensor] | None


def cell_tensors(cell: Cell, unknowns: Tensor, biases: Tensor) -> CellTensors:
    """Return a cell's tensors, as views of its weights and its biases as one vector each."""
    weights = parts(unknowns, cell.weights)
    offsets = parts(biases, {name: (size,) for name, size in cell.offsets.items()})
    readout = (weights.pop("readout"), offsets.pop("readout")) if "readout" in weights else None
    return CellTensors(weights | offsets, readout)


def run_cell(
    module: nn.RNNBase, tensors: CellTensors, tokens: Tensor, state: Any = None
) -> tuple[Tensor, Any]:
    """Return a cell's output at every step, (time, batch, |y|), and the state after the last.

    Parameters
    ----------
    module : the cell, on the meta device.
    tensors : its own.
    tokens : (time, batch, |x|).
    state : as torch has it, from which it goes on; zero if None.
    """
    # torch names a projection's weight last, and takes weights in the order of their names
    named = {name: tensors.named[name] for name, _ in module.named_parameters()}
    given = (tokens,) if state is None else (tokens, state)
    states, state = functional_call(module, named, given)
    readout = tensors.readout
    return states if readout is None else nn.functional.linear(states, *readout), state


LAYERS: dict[Activation, type[nn.Module]] = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "elu": nn.ELU,
}


class LayersBank(ModulesBank[LayersVariant]):
    """The layers of maps, each map's as one `nn.Sequential`.

    The control of an MLP as a map: torch's own forward pass and autograd's gradient. A layer whose
    map has not all places as unknowns has a weight matrix that is zero in the others.
    """

    def _prepare(self, k: int, variant: LayersVariant, begin: Start) -> nn.Sequential:
        network, places = layers(variant.layers_of.pattern, begin)
        for number, part in enumerate(places):
            self.register_buffer(f"places_{k}_{number}", part, persistent=False)
        return network

    def _run(self, k: int, tokens: Tensor, chosen: list[int]) -> Tensor:
        network = self._own[k]
        linear = {name: one for name, one in network.named_modules() if isinstance(one, nn.Linear)}
        places = [getattr(self, f"places_{k}_{number}") for number in range(len(linear))]
        weights = self.unknowns[k].split([len(part) for part in places])
        named = {}
        for (name, one), own, part in zip(linear.items(), weights, places, strict=True):
            W = own.new_zeros(one.weight.numel()).index_copy(0, part, own)
            named[f"{name}.weight"] = W.view(one.weight.shape)
        if len(self.biases[k]):
            biases = self.biases[k].split([one.out_features for one in linear.values()])
            named |= {f"{name}.bias": own for name, own in zip(linear, biases, strict=True)}
        return functional_call(network, named, (tokens[chosen],))


def layers(pattern: Pattern, start: Start) -> tuple[nn.Sequential, list[Tensor]]:
    """Return the layers of a map, and where each one's unknowns are in its weight matrix."""
    modules: list[nn.Module] = []
    places = []
    for source, target in pairwise(pattern.slots):
        bias = len(start.bias) > 0
        modules.append(nn.Linear(source.size, target.size, bias=bias, device="meta"))
        modules.append(LAYERS[target.activation]())
        row = start.mask.rows - pattern.offsets[target.name]
        column = start.mask.columns - pattern.offsets[source.name]
        own = (row >= 0) & (row < target.size)
        places.append(torch.from_numpy(row[own] * source.size + column[own]))
    return nn.Sequential(*modules), places
