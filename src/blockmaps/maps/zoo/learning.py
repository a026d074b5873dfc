"""Whole learning curves of a forced map and of the `nn.RNN` that it is made from (claim B2).

Both start from the same weights and see the same minibatches: sequences of normal numbers whose
targets are what another RNN of the same size makes of them. Training feeds rounding back, so a
third network shows how much that alone does: the RNN again, every weight moved to the next number
that its precision has.
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor, nn

from blockmaps.maps.zoo.equivalence import DTYPES, tensors
from blockmaps.maps.zoo.examples import Example, build

MODEL = "rnn"
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
    for x, start in inputs:
        with torch.no_grad():
            wanted = tensors(teacher(x, start))[0]
        loss = nn.functional.mse_loss(tensors(run(x, start))[0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.detach())
    return torch.stack(found)


def minibatches(example: Example, seed: int, steps: int) -> list[tuple[Tensor, Tensor]]:
    """Return sequences and starts like an example's, one pair a step."""
    generator = torch.Generator().manual_seed(seed)
    (time, _, width), (layers, _, hidden) = (one.shape for one in example.inputs)
    kind = example.inputs[0].dtype
    return [
        (
            torch.randn(time, BATCH, width, generator=generator, dtype=torch.float64).to(kind),
            torch.zeros(layers, BATCH, hidden, dtype=kind),
        )
        for _ in range(steps)
    ]


def compare(seed: int, kind: torch.dtype, steps: int = STEPS) -> dict[str, float]:
    """Return first and last loss, and both deviations, of one draw."""
    ours, theirs, moved = (build(MODEL, seed, kind) for _ in range(3))
    teacher = build(MODEL, seed + TEACHER, kind).module
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
    """Return a row a precision and draw, columns as in `COLUMNS`."""
    return pd.DataFrame(
        [
            {"model": MODEL, "dtype": name, "draw": draw, "steps": steps}
            | compare(seed + draw, kind, steps)
            for name, kind in DTYPES.items()
            for draw in range(draws)
        ],
        columns=list(COLUMNS),
    )
