"""Whether a map and the torch module that it is made from compute the same (claim B1).

Deviations are normwise, max|difference| / max|reference| over the whole model: an elementwise
relative error means nothing where a gradient is zero.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor

from blockmaps.core.fixed import TOLERANCES
from blockmaps.maps.blocks import Affine
from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import Constant
from blockmaps.maps.zoo.examples import MODELS, Example, build
from blockmaps.maps.zoo.network import FORCED, ORDERED

DTYPES = {"float64": torch.float64, "float32": torch.float32}
DRAWS = 5

COLUMNS = {
    "model": "name in the zoo; `blockmaps show MODEL` prints it",
    "form": "held input; forced (all slots at once); forced, update order; lifted",
    "slots": "slots of the map's state",
    "iterations": "iterations to the module's whole result",
    "unknowns": "trainable entries of the blocks, each counted once however many blocks share it",
    "biases": "trainable biases",
    "dtype": "of parameters, inputs and arithmetic, in the map and in the module",
    "draws": "draws of weights and inputs; deviations are the largest over them",
    "output_deviation": "max|difference| / max|module's|, over all that the module returns",
    "gradient_deviation": "the same of the gradients of all parameters",
    "one_fewer_deviation": "output_deviation with one iteration fewer; empty for forced maps",
}


class Deviation(NamedTuple):
    """How far a map is from its module, normwise."""

    output: float
    gradient: float


def tensors(result: Any) -> list[Tensor]:
    """Return the tensors of a module's result, which may be a tuple of tuples."""
    if isinstance(result, Tensor):
        return [result]
    return [tensor for part in result for tensor in tensors(part)]


def deviation(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """Return max|ours − theirs| / max|theirs| over all tensors.

    Raises
    ------
    ValueError
        If shapes differ, or the reference is zero throughout.
    """
    if [one.shape for one in ours] != [one.shape for one in theirs]:
        raise ValueError("the map and the module return different shapes")
    scale = max(float(one.detach().abs().max()) for one in theirs)
    if scale == 0:
        raise ValueError("the reference is zero throughout: nothing to compare with")
    differences = [(a - b).detach().abs().max() for a, b in zip(ours, theirs, strict=True)]
    # a maximum that does not lose NaN
    return float(torch.stack(differences).max()) / scale


def compare(example: Example) -> Deviation:
    """Compare a map with its module: results, and gradients of a random functional of them."""
    parameters = list(example.module.parameters())
    theirs = tensors(example.module(*example.inputs))
    ours = tensors(example.network(*example.inputs))
    direction = torch.Generator().manual_seed(0)
    weights = [
        torch.randn(one.shape, generator=direction, dtype=torch.float64).to(one.dtype)
        for one in theirs
    ]

    def gradients(results: list[Tensor]) -> list[Tensor]:
        pairs = zip(results, weights, strict=True)
        value = torch.stack([(one * weight).sum() for one, weight in pairs]).sum()
        found = torch.autograd.grad(value, parameters, allow_unused=True)
        return [
            torch.zeros_like(parameter) if gradient is None else gradient
            for gradient, parameter in zip(found, parameters, strict=True)
        ]

    return Deviation(deviation(ours, theirs), deviation(gradients(ours), gradients(theirs)))


def count_unknowns(map: BlockMap) -> tuple[int, int]:
    """Return the number of unknowns and of biases, each counted once however often it is shared."""
    counted: tuple[dict[int, Tensor], ...] = ({}, {})
    for module in map.modules():
        if isinstance(module, BlockMap):
            continue  # what it has itself, its blocks have
        for name, parameter in module.named_parameters(recurse=False):
            is_bias = "bias" in name
            part: Any = module.rows if is_bias and isinstance(module, Affine | Constant) else ...
            part = module.part if not is_bias and isinstance(module, Affine) else part
            used = torch.zeros_like(parameter, dtype=torch.bool)
            mask = module.mask if isinstance(module, Affine) and not is_bias else None
            used[part] = True if mask is None else mask[part]
            known = counted[is_bias].get(id(parameter), used)
            counted[is_bias][id(parameter)] = known | used
    unknowns, biases = (sum(int(used.sum()) for used in each.values()) for each in counted)
    return unknowns, biases


def each_row(
    seed: int = 0, models: Iterable[str] = MODELS, draws: int = DRAWS
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table of equivalence, one a model and precision, as they are found.

    Parameters
    ----------
    seed : of the first draw; the others follow it.
    """
    for name in models:
        for dtype, kind in DTYPES.items():
            examples = [build(name, seed + draw, kind) for draw in range(draws)]
            deviations = [compare(example) for example in examples]
            one = examples[0]
            unknowns, biases = count_unknowns(one.network.map)
            forced = one.network.form in (FORCED, ORDERED)
            yield {
                "model": name,
                "form": one.network.form,
                "slots": len(one.network.map.shapes),
                "iterations": one.iterations,
                "unknowns": unknowns,
                "biases": biases,
                "dtype": dtype,
                "draws": draws,
                "output_deviation": max(each.output for each in deviations),
                "gradient_deviation": max(each.gradient for each in deviations),
                "one_fewer_deviation": math.nan if forced else max(map(_one_fewer, examples)),
            }


def rows(seed: int = 0, models: Iterable[str] = MODELS, draws: int = DRAWS) -> pd.DataFrame:
    """Return the table of equivalence, columns as in `COLUMNS`."""
    return pd.DataFrame(each_row(seed, models, draws), columns=list(COLUMNS))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it: no NaN."""
    return {name: None if value != value else value for name, value in row.items()}


def line(row: dict[str, Any] | None) -> str:
    """Return a row as a line for a person; None: the heading."""
    text = "{model:<23} {form:<21} {slots:>5} {iterations:>10} {unknowns:>8} {dtype:<8} "
    text += "{output_deviation:>16} {gradient_deviation:>18}"
    if row is None:
        return text.format(**{name: name for name in COLUMNS})
    shown = {name: f"{row[name]:.1e}" for name in row if name.endswith("_deviation")}
    mark = "" if is_within(row) else "  above what claim B1 allows"
    return text.format(**{**row, **shown}) + mark


def is_within(row: dict[str, Any]) -> bool:
    """Return whether a row's deviations are within what claim B1 allows."""
    limit = TOLERANCES[row["dtype"]]
    return row["output_deviation"] <= limit and row["gradient_deviation"] <= limit


def _one_fewer(example: Example) -> float:
    network, inputs = example.network, example.inputs
    with torch.no_grad():
        ours = tensors(network(*inputs, iterations=network.iterations - 1))
        return deviation(ours, tensors(example.module(*inputs)))
