"""The zoo's models by name: a torch module of given sizes, its map, and inputs for both."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from blockmaps.core.errors import InputError
from blockmaps.maps.zoo import attention, feedforward, recurrent
from blockmaps.maps.zoo.network import Network


@dataclass(frozen=True)
class Example:
    """A torch module, the same as an iterative map, and inputs that both take.

    Attributes
    ----------
    module : the torch module.
    network : its map, on the same parameters.
    inputs : what both are called with.
    tokens : how many times a forced map is given a token; 1 for the other forms.
    """

    module: nn.Module
    network: Network
    inputs: tuple[Any, ...]
    tokens: int = 1

    @property
    def iterations(self) -> int:
        """Iterations of a whole call."""
        return self.network.iterations * self.tokens


@dataclass(frozen=True)
class Model:
    """A row of the zoo.

    Attributes
    ----------
    about : what it is, for a person.
    make : from batch and sizes to an example; its keyword defaults are the sizes of the table.
    drawn : sizes for the figure, small enough to see single places.
    """

    about: str
    make: Callable[..., Example]
    drawn: dict[str, int] = field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes that the model takes, with their values in the table."""
        given = inspect.signature(self.make).parameters.values()
        return {
            one.name: one.default for one in given if one.default is not inspect.Parameter.empty
        }


class _ReadOut(nn.Module):
    """An RNN with a linear output at every step."""

    def __init__(self, rnn: nn.RNN, linear: nn.Linear) -> None:
        super().__init__()
        self.rnn, self.linear = rnn, linear

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.rnn(x)[0])


def _mlp(batch: int, inputs: int = 784, width: int = 128, outputs: int = 10, layers: int = 3):
    sizes = [inputs, *[width] * (layers - 1), outputs]
    parts: list[nn.Module] = []
    for source, target in pairwise(sizes):
        parts += [nn.Linear(source, target), nn.ReLU()]
    module = nn.Sequential(*parts[:-1])
    network = feedforward.sequential(module, (inputs,))
    return Example(module, network, (torch.randn(batch, inputs),))


def _skip(batch: int, inputs: int = 20, width: int = 16, outputs: int = 5, layers: int = 4):
    module = feedforward.SkipNetwork([inputs, *[width] * (layers - 1), outputs])
    return Example(module, feedforward.skip(module), (torch.randn(batch, inputs),))


def _residual(batch: int, inputs: int = 20, width: int = 16, outputs: int = 5, layers: int = 6):
    module = feedforward.ResidualNetwork(inputs, width, outputs, layers)
    return Example(module, feedforward.residual(module), (torch.randn(batch, inputs),))


def _convolution(batch: int, channels: int = 4, side: int = 10, outputs: int = 5):
    module = nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(channels * ((side - 1) // 2) ** 2, outputs),
    )
    network = feedforward.sequential(module, (1, side, side))
    return Example(module, network, (torch.randn(batch, 1, side, side),))


def _recurrent(
    kind: Callable[..., nn.RNNBase], lifted: bool, depth: int = 2, **options: Any
) -> Callable[..., Example]:
    def make(batch: int, inputs: int = 5, width: int = 8, layers: int = depth, steps: int = 6):
        module = kind(inputs, width, layers, **options)
        network = recurrent.recurrent(module, steps if lifted else None)
        x, initial = torch.randn(steps, batch, inputs), torch.randn(layers, batch, width)
        both = (initial, torch.randn_like(initial)) if kind is nn.LSTM else initial
        return Example(module, network, (x, both), 1 if lifted else steps)

    return make


def _readout(batch: int, inputs: int = 5, width: int = 8, outputs: int = 3, steps: int = 6):
    module = _ReadOut(nn.RNN(inputs, width), nn.Linear(width, outputs))
    network = recurrent.readout(module.rnn, module.linear)
    return Example(module, network, (torch.randn(steps, batch, inputs),), steps + 1)


def _transformer(build: Callable[..., Network], norm_first: bool) -> Callable[..., Example]:
    def make(
        batch: int,
        layers: int = 2,
        steps: int = 6,
        width: int = 16,
        heads: int = 4,
        feedforward: int = 32,
    ):
        if width % heads:
            raise InputError(f"transformer: width {width} is no multiple of heads {heads}")
        layer = nn.TransformerEncoderLayer(
            width, heads, feedforward, 0.0, "gelu", batch_first=True, norm_first=norm_first
        )
        norm = nn.LayerNorm(width) if norm_first else None
        module = nn.TransformerEncoder(layer, layers, norm, enable_nested_tensor=False)
        return Example(module, build(module, steps), (torch.randn(batch, steps, width),))

    return make


_MLP = {"inputs": 12, "width": 8, "outputs": 5}
_RNN = {"inputs": 4, "width": 6, "steps": 3}
_GATED = {"inputs": 3, "width": 4, "steps": 2}
_TRANSFORMER = {"layers": 2, "steps": 3, "width": 4, "heads": 2, "feedforward": 8}

MODELS = {
    "mlp": Model("multilayer perceptron, ReLU", _mlp, _MLP),
    "mlp-skip": Model("perceptron in which a layer reads all before it", _skip, _MLP),
    "residual": Model("residual network, W + I in one block", _residual, {**_MLP, "layers": 3}),
    "convolution": Model(
        "two convolutions and a linear layer",
        _convolution,
        {"channels": 2, "side": 5, "outputs": 5},
    ),
    "rnn": Model("nn.RNN, tanh", _recurrent(nn.RNN, False, 1), _RNN),
    "rnn-relu": Model("nn.RNN, ReLU", _recurrent(nn.RNN, False, 1, nonlinearity="relu"), _RNN),
    "rnn-output": Model("nn.RNN and a linear output that lags by one step", _readout, _RNN),
    "rnn-stack": Model(
        "nn.RNN of several layers", _recurrent(nn.RNN, False), {**_RNN, "layers": 3}
    ),
    "rnn-lifted": Model("nn.RNN of several layers", _recurrent(nn.RNN, True), _RNN),
    "lstm": Model("nn.LSTM", _recurrent(nn.LSTM, False), {**_GATED, "layers": 1}),
    "lstm-lifted": Model("nn.LSTM", _recurrent(nn.LSTM, True), {**_GATED, "layers": 1}),
    "gru": Model("nn.GRU", _recurrent(nn.GRU, False), {**_GATED, "layers": 1}),
    "gru-lifted": Model("nn.GRU", _recurrent(nn.GRU, True), {**_GATED, "layers": 1}),
    "transformer-coarse": Model(
        "nn.TransformerEncoder, a layer is a block",
        _transformer(attention.coarse, False),
        {**_TRANSFORMER, "layers": 3},
    ),
    "transformer": Model(
        "nn.TransformerEncoder, every step of a layer is a slot",
        _transformer(attention.fine, False),
        _TRANSFORMER,
    ),
    "transformer-norm-first": Model(
        "the same with the norms first", _transformer(attention.fine, True), _TRANSFORMER
    ),
}


@contextmanager
def _default(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def build(
    name: str,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    batch: int = 4,
    **sizes: int,
) -> Example:
    """Return an example of a model, its weights and inputs drawn from a seed.

    Torch starts some biases at zero and norms at one; noise is added to every parameter, so that
    a map that left one out would differ.

    Raises
    ------
    InputError
        If the zoo has no such model, or the model no such size.
    """
    if name not in MODELS:
        raise InputError(f"model {name!r}: takes one of: {', '.join(MODELS)}")
    model = MODELS[name]
    if unknown := sorted(set(sizes) - set(model.sizes)):
        takes = ", ".join(model.sizes)
        raise InputError(f"model {name!r} has no size {', '.join(unknown)}; takes: {takes}")
    if low := [size for size, value in sizes.items() if value < 1]:
        raise InputError(f"model {name!r}: {low[0]} is {sizes[low[0]]}; takes at least 1")
    with torch.random.fork_rng(devices=[]), _default(dtype):
        torch.manual_seed(seed)
        try:
            example = model.make(batch, **sizes)
        except (RuntimeError, ValueError) as fault:
            given = ", ".join(f"{size} {value}" for size, value in {**model.sizes, **sizes}.items())
            raise InputError(f"model {name!r} cannot be made with {given}: {fault}") from None
        with torch.no_grad():
            for parameter in example.module.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return example
