"""Whole learning curves of maps and of the torch modules that they are made from (claim B2).

Of the path's ends: a forced map and its `nn.RNN`, and the map with nothing moved (ρ = 0) and its
perceptron. Both start from the same weights and see the same minibatches of normal numbers, whose
targets are what another module of the same size makes of them. Training feeds rounding back, so a
third network shows how much that alone does: the module again, every weight moved to the next
number that its precision has.
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor, nn

from blockmaps.maps.zoo.equivalence import DTYPES, tensors
from blockmaps.maps.zoo.examples import Example, build

MODELS = ("rnn", "mlp")
STEPS, BATCH, RATE, DRAWS = 200, 32, 1e-2, 3
TEACHER = 1000  # added to a draw's seed

COLUMNS = {
    "model": "name in the zoo",
    "dtype": "of parameters, inputs and arithmetic, in the map and in the module",
    "draw": "of weights, teacher and minibatches",
    "steps": "optimiser steps, Adam",
    "first_loss": "the module's mean squared error at the first step",
    "last_loss": "at the last",
    "curve_deviation": "the map's losses: max|difference| / max|module's|, over all steps",
    "rounding": "the same of the module itself with every weight moved to the next number",
}


def losses(run: Callable, module: nn.Module, teacher: nn.Module, inputs: list) -> Tensor:
    """Train a module's parameters through `run`; return the loss of every step: (steps,).

    Parameters
    ----------
    inputs : of `minibatches`.
    """
    optimiser = torch.optim.Adam(module.parameters(), lr=RATE)
    found = []
    for given in inputs:
        with torch.no_grad():
            wanted = tensors(teacher(*given))[0]
        loss = nn.functional.mse_loss(tensors(run(*given))[0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.detach())
    return torch.stack(found)


def minibatches(example: Example, seed: int, steps: int) -> list[tuple[Tensor, ...]]:
    """Return inputs like an example's, a tuple a step: what is read is normal, a start is zero."""
    generator = torch.Generator().manual_seed(seed)
    read, *starts = example.inputs
    *time, _, width = read.shape
    return [
        (
            torch.randn(*time, BATCH, width, generator=generator, dtype=torch.float64).to(read),
            *(torch.zeros(len(one), BATCH, one.shape[-1], dtype=read.dtype) for one in starts),
        )
        for _ in range(steps)
    ]


def compare(
    seed: int, kind: torch.dtype, steps: int = STEPS, model: str = MODELS[0]
) -> dict[str, float]:
    """Return first and last loss, and both deviations, of one draw."""
    ours, theirs, moved = (build(model, seed, kind) for _ in range(3))
    teacher = build(model, seed + TEACHER, kind).module
    with torch.no_grad():
        for parameter in moved.module.parameters():
            parameter.copy_(torch.nextafter(parameter, torch.full_like(parameter, torch.inf)))
    given = minibatches(theirs, seed, steps)
    reference, mapped, again = (
        losses(run, module, teacher, given)
        for run, module in (
            (theirs.module, theirs.module),
            (ours.network, ours.module),
            (moved.module, moved.module),
        )
    )
    scale = reference.abs().max()
    return {
        "first_loss": float(reference[0]),
        "last_loss": float(reference[-1]),
        "curve_deviation": float((mapped - reference).abs().max() / scale),
        "rounding": float((again - reference).abs().max() / scale),
    }


def rows(seed: int = 0, draws: int = DRAWS, steps: int = STEPS) -> pd.DataFrame:
    """Return a row a model, precision and draw, columns as in `COLUMNS`."""
    return pd.DataFrame(
        [
            {"model": model, "dtype": name, "draw": draw, "steps": steps}
            | compare(seed + draw, kind, steps, model)
            for model in MODELS
            for name, kind in DTYPES.items()
            for draw in range(draws)
        ],
        columns=list(COLUMNS),
    )
