"""Whole learning curves of maps and of the torch modules that they are made from (claim B2).

Of the path's ends: a forced map and its `nn.RNN`, and the map with nothing moved (ρ = 0) and its
perceptron. Both start from the same weights and see the same minibatches. Of the zoo's networks
these are normal numbers, whose targets are what another module of the same size makes of them. The
third pair is the path of the digits as it is trained: the bank's map with ρ = 0, and torch's
layers. Training feeds rounding back, so a third network shows how much that alone does: the module
again, every weight moved to the next number that its precision has.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from blockmaps.data import digits
from blockmaps.designs.kinds.mlp_path import layered
from blockmaps.designs.variants import Initialisation, LayersVariant, Variant, start
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import LayersBank
from blockmaps.maps.zoo.equivalence import DTYPES, tensors
from blockmaps.maps.zoo.examples import Example, build

DIGITS = "digits-mlp"
MODELS = ("rnn", "mlp", DIGITS)
STEPS, BATCH, RATE, DRAWS = 200, 32, 1e-2, 3
TEACHER = 1000  # added to a draw's seed
# The default preset's path: 16×16 pixels, 128 and 48 units, a fifth of the places, no biases.
SIDE, HIDDEN, CLASSES, DENSITY = 16, (128, 48), 10, 0.2
DIGITS_RATE, DIGITS_STEPS = 8e-3, 880
BARE = Initialisation(std=0.01, bias=False)

COLUMNS = {
    "model": f"name in the zoo; {DIGITS}: the digits' perceptron, as the path's first map",
    "dtype": "of parameters, inputs and arithmetic, in the map and in the module",
    "draw": "of weights, teacher and minibatches",
    "steps": "optimiser steps, Adam",
    "first_loss": "the module's loss at the first step: mean squares, of digits cross-entropy",
    "last_loss": "at the last",
    "curve_deviation": "the map's losses: max|difference| / max|module's|, over all steps",
    "rounding": "the same of the module itself with every weight moved to the next number",
}


class Learners(NamedTuple):
    """A map and its module with the same weights, the module again, and what they are trained on.

    map, module, moved : what is called with a minibatch's inputs, and its parameters.
    batches : inputs and targets of each step.
    criterion : the loss of an output and targets.
    rate : Adam's learning rate.
    """

    map: tuple[Callable, nn.Module]
    module: tuple[Callable, nn.Module]
    moved: tuple[Callable, nn.Module]
    batches: Sequence[tuple[tuple[Tensor, ...], Tensor]]
    criterion: Callable[[Tensor, Tensor], Tensor]
    rate: float


def losses(run: Callable, module: nn.Module, pair: Learners) -> Tensor:
    """Train a module's parameters through `run`; return the loss of every step: (steps,)."""
    optimiser = torch.optim.Adam(module.parameters(), lr=pair.rate)
    found = []
    for given, wanted in pair.batches:
        loss = pair.criterion(tensors(run(*given))[0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.detach())
    return torch.stack(found)


def minibatches(example: Example, seed: int, steps: int) -> Iterator[tuple[Tensor, ...]]:
    """Yield inputs like an example's, a tuple a step: what is read is normal, a start is zero."""
    generator = torch.Generator().manual_seed(seed)
    read, *starts = example.inputs
    *time, _, width = read.shape
    for _ in range(steps):
        yield (
            torch.randn(*time, BATCH, width, generator=generator, dtype=torch.float64).to(read),
            *(torch.zeros(len(one), BATCH, one.shape[-1], dtype=read.dtype) for one in starts),
        )


def of_zoo(model: str, seed: int, kind: torch.dtype, steps: int) -> Learners:
    """Return a network of the zoo as a pair, taught by another of its size."""
    ours, theirs, moved = (build(model, seed, kind) for _ in range(3))
    teacher = build(model, seed + TEACHER, kind).module
    with torch.no_grad():
        batches = [(x, tensors(teacher(*x))[0]) for x in minibatches(theirs, seed, steps)]
    return Learners(
        (ours.network, ours.module),
        (theirs.module, theirs.module),
        (moved.module, moved.module),
        batches,
        mse_loss,
        RATE,
    )


def of_digits(seed: int, kind: torch.dtype, steps: int) -> Learners:
    """Return the first map of the digits' path and torch's layers, both as banks of one."""
    pattern = layered(SIDE * SIDE, HIDDEN, CLASSES, DENSITY, "elu")
    variant = Variant(pattern=pattern, initialisation=BARE, learning_rate=DIGITS_RATE, seed_index=0)
    begin, depth = start(variant, seed), len(HIDDEN) + 1
    bank = Bank([variant], [begin], kind)
    ours, again = (LayersBank([LayersVariant(layers_of=variant)], [begin], kind) for _ in range(2))
    pixels, classes = (torch.from_numpy(one) for one in digits.load(SIDE))
    generator = torch.Generator().manual_seed(seed)
    epochs = (torch.randperm(len(classes), generator=generator).split(BATCH) for _ in range(steps))
    batches = [
        ((pixels[chosen].view(1, len(chosen), -1).to(kind),), classes[chosen])
        for chosen, _ in zip(chain.from_iterable(epochs), range(steps), strict=False)
    ]
    return Learners(
        (lambda x: bank(x, (0,), depth)[0, 0], bank),
        (lambda x: ours(x, (0,))[0, 0], ours),
        (lambda x: again(x, (0,))[0, 0], again),
        batches,
        cross_entropy,
        DIGITS_RATE,
    )


def compare(
    seed: int, kind: torch.dtype, steps: int = STEPS, model: str = MODELS[0]
) -> dict[str, float]:
    """Return first and last loss, and both deviations, of one draw."""
    made = of_digits if model == DIGITS else partial(of_zoo, model)
    pair = made(seed, kind, steps)
    with torch.no_grad():
        for parameter in pair.moved[1].parameters():
            parameter.copy_(torch.nextafter(parameter, torch.full_like(parameter, torch.inf)))
    reference, mapped, again = (losses(*one, pair) for one in (pair.module, pair.map, pair.moved))
    scale = reference.abs().max()
    return {
        "first_loss": float(reference[0]),
        "last_loss": float(reference[-1]),
        "curve_deviation": float((mapped - reference).abs().max() / scale),
        "rounding": float((again - reference).abs().max() / scale),
    }


def rows(
    seed: int = 0, draws: int = DRAWS, steps: int = STEPS, digits_steps: int = DIGITS_STEPS
) -> pd.DataFrame:
    """Return a row a model, precision and draw, columns as in `COLUMNS`.

    The digits' pair has one row, in float64: the presets train it in float32.
    """
    cases = [
        (model, name, draw, steps)
        for model in MODELS
        for name in DTYPES
        for draw in range(draws)
        if model != DIGITS
    ]
    return pd.DataFrame(
        [
            {"model": model, "dtype": name, "draw": draw, "steps": number}
            | compare(seed + draw, DTYPES[name], number, model)
            for model, name, draw, number in (*cases, (DIGITS, "float64", 0, digits_steps))
        ],
        columns=list(COLUMNS),
    )
