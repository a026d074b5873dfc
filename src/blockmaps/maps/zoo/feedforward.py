"""Feedforward networks as maps: blocks below the diagonal, and an identity at (x, x)."""

from collections.abc import Callable, Iterable
from typing import cast

import torch
from torch import Tensor, nn

from blockmaps.maps.blocks import Affine, Plus, shape_after
from blockmaps.maps.map import BlockMap, RowTerms
from blockmaps.maps.terms import SlotShape
from blockmaps.maps.zoo.network import Network, check_is_function, feedforward

_ELEMENTWISE = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.Softplus)


def sequential(module: nn.Sequential, shape: SlotShape, hold: bool = True) -> Network:
    """Return a stack of layers as a map: z = (x, h₁, …, h_{L−1}, y), layers on the sub-diagonal.

        x ← x,  h_1 ← σ(W_1 x + b_1),  h_l ← σ(W_l h_{l−1} + b_l),  y ← W_L h_{L−1} + b_L

    A module with parameters (linear, convolution, norm) is a block, and an elementwise one after
    it the activation of its slot. Anything else (flatten, pooling) is composed with the next
    block. After L iterations y is the module's output, whatever h and y were at the start, and
    stays so (2404.00880).

    Parameters
    ----------
    module : the layers.
    shape : the input's, the batch left out.
    hold : the identity at (x, x). Without it the map is nilpotent: y is exact at iteration L only,
        and the input is forgotten.

    Raises
    ------
    ValueError
        If a layer is no function of its input: dropout or batch norm while training.
    """
    check_is_function(module)
    blocks: list[nn.Module] = []
    activations: list[nn.Module | None] = []
    before: list[nn.Module] = []
    for layer in module:
        has_weights = next(layer.parameters(), None) is not None
        if isinstance(layer, _ELEMENTWISE) and blocks and not before and activations[-1] is None:
            activations[-1] = layer
        elif has_weights:
            blocks.append(nn.Sequential(*before, layer) if before else layer)
            activations.append(None)
            before = []
        else:
            before.append(layer)
    if before:
        blocks.append(nn.Sequential(*before))
        activations.append(None)
    names = ["x", *(f"h{number}" for number in range(1, len(blocks))), "y"]
    shapes: dict[str, SlotShape] = {"x": shape}
    rows: dict[str, RowTerms] = {"x": {"x": nn.Identity()}} if hold else {}
    for source, target, block in zip(names, names[1:], blocks, strict=False):
        shapes[target] = shape_after(block, shapes[source])
        rows[target] = {source: block}
    used = {t: a for t, a in zip(names[1:], activations, strict=True) if a is not None}
    return feedforward(BlockMap(shapes, rows, used), "y")


class SkipNetwork(nn.Module):
    """A multilayer perceptron in which every layer reads all before it, as one joined vector.

    Parameters
    ----------
    sizes : |x|, |h₁|, …, |y|.
    """

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.sizes = sizes
        self.layers = nn.ModuleList(
            nn.Linear(sum(sizes[:place]), sizes[place]) for place in range(1, len(sizes))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return y, (batch, |y|)."""
        parts = [x]
        for layer in self.layers[:-1]:
            parts.append(torch.tanh(layer(torch.cat(parts, 1))))
        return self.layers[-1](torch.cat(parts, 1))


def skip(module: SkipNetwork) -> Network:
    """Return an MLP with skip connections as a map: further blocks below the sub-diagonal.

    h_l ← σ(W_{l,0} x + Σ_{m<l} W_{l,m} h_m + b_l)
    """
    names = ["x", *(f"h{number}" for number in range(1, len(module.layers))), "y"]
    rows: dict[str, dict[str, nn.Module]] = {"x": {"x": nn.Identity()}}
    layers = cast("Iterable[nn.Linear]", module.layers)
    for target, layer in zip(names[1:], layers, strict=True):
        first, rows[target] = 0, {}
        for source, size in zip(names[: names.index(target)], module.sizes, strict=False):
            bias = layer.get_parameter("bias") if source == "x" else None  # one per target
            columns = slice(first, first + size)
            weight = layer.get_parameter("weight")
            rows[target][source] = Affine(weight, bias, columns=columns)
            first += size
    sizes = dict(zip(names, module.sizes, strict=True))
    return feedforward(BlockMap(sizes, rows, dict.fromkeys(names[1:-1], "tanh")), "y")


class ResidualNetwork(nn.Module):
    """h ← σ(h + W_l h + b_l), between a layer that reads x and one that gives y."""

    def __init__(
        self,
        inputs: int,
        width: int,
        outputs: int,
        layers: int,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(inputs, width), nn.Linear(width, outputs)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return y, (batch, |y|)."""
        h = self.activation(self.first(x))
        for layer in self.layers:
            h = self.activation(h + layer(h))
        return self.last(h)


def residual(module: ResidualNetwork) -> Network:
    """Return a residual network as a map: W + I in one block (2404.00880).

    h_{l+1} ← σ((W_l + I) h_l + b_l)
    """
    names = ["x", *(f"h{number}" for number in range(1, len(module.layers) + 2)), "y"]
    blocks = [module.first, *(Plus(nn.Identity(), f) for f in module.layers), module.last]
    rows: dict[str, RowTerms] = {"x": {"x": nn.Identity()}}
    rows |= {t: {s: f} for s, t, f in zip(names, names[1:], blocks, strict=False)}
    width = module.first.out_features
    sizes = {"x": module.first.in_features, **dict.fromkeys(names[1:-1], width)}
    sizes["y"] = module.last.out_features
    return feedforward(BlockMap(sizes, rows, dict.fromkeys(names[1:-1], module.activation)), "y")
