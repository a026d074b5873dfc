"""The influence of a start and of single inputs on a lifted RNN, iteration by iteration.

The lifted form of h_t = σ(W x_t + b + V h_{t−1} + c) has the slots h_0, …, h_T and the input's
values held. Iterated past T without an identity at (h_0, h_0) it does not depend on h_0: a finite
impulse response; with that identity the influence stays: an infinite one (2404.00880).
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import State
from blockmaps.maps.zoo.network import at_time, lift, lifted_start
from blockmaps.maps.zoo.recurrent import cell

STEPS, WIDTH, NETWORKS = 8, 16, 20

COLUMNS = {
    "identity": "whether h_0 holds itself, an identity at (h_0, h_0)",
    "perturbed": "slot whose start was moved by a vector of length 1",
    "slot": "slot that is looked at",
    "iteration": "iterations of the lifted map; T is the sequence's length",
    "influence": "how far the slot is moved: median of the length over random networks",
    "low": "smallest of the networks",
    "high": "largest of the networks",
    "networks": "random networks, each with its own input",
    "width": "|h| = |x|",
}


def influence(map: BlockMap, start: State, slot: str, by: Tensor, iterations: int) -> Tensor:
    """Return how far each slot is moved, at each iteration, by a change of one slot's start.

    Parameters
    ----------
    map : any map.
    start : a state of batch 1.
    slot, by : what is moved, and by how much.
    iterations : how many.

    Returns
    -------
    (iterations + 1, slots): lengths of the differences, from the start on.
    """
    # apart, not as a batch of two: rows of one product need not be rounded alike, and no influence
    # is to be exactly zero
    z, moved = start, {**start, slot: start[slot] + by}
    found = []
    with torch.no_grad():
        for iteration in range(iterations + 1):
            if iteration:
                z, moved = map.step(z), map.step(moved)
            found.append(torch.stack([(moved[name] - z[name]).norm() for name in z]))
    return torch.stack(found)


def random_rnn(width: int) -> nn.RNN:
    """Return a tanh RNN whose recurrent matrix is orthogonal, so that influences fade slowly."""
    rnn = nn.RNN(width, width, dtype=torch.float64)
    nn.init.orthogonal_(rnn.get_parameter("weight_hh_l0"))
    return rnn


def responses(
    seed: int = 0, steps: int = STEPS, width: int = WIDTH, networks: int = NETWORKS
) -> pd.DataFrame:
    """Return the table of influences; columns as in `COLUMNS`.

    Parameters
    ----------
    seed : of weights, inputs and perturbations.
    steps : T. Moved are h_0, x_1 and x at the middle; iterated is to 2 T + 2.
    """
    iterations = 2 * steps + 2
    moved = [at_time("h", 0), at_time("x", 1), at_time("x", steps // 2 + 1)]
    found: dict[tuple[bool, str], list[np.ndarray]] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(networks):
            forced = cell(random_rnn(width))
            maps = {hold: lift(forced, steps, hold) for hold in (False, True)}
            tokens = torch.randn(1, steps, width, dtype=torch.float64) / 2
            h = {"h": torch.randn(1, width, dtype=torch.float64) / 2}
            start = lifted_start(maps[True], forced, tokens, h)
            # from the sequence's own states, so that the change is all that moves
            start = maps[True].iterate(start, steps)
            for slot in moved:
                by = torch.randn(width, dtype=torch.float64)
                for hold, map in maps.items():
                    each = influence(map, start, slot, by / by.norm(), iterations)
                    found.setdefault((hold, slot), []).append(each.numpy())
    slots = list(map.shapes)
    pieces = []
    for (identity, slot), influences in found.items():
        lengths = np.stack(influences).reshape(networks, -1)
        frame = pd.DataFrame(
            {
                "influence": np.median(lengths, axis=0),
                "low": lengths.min(axis=0),
                "high": lengths.max(axis=0),
            }
        )
        frame["iteration"] = [k for k in range(iterations + 1) for _ in slots]
        frame["slot"] = slots * (iterations + 1)
        pieces.append(
            frame.assign(identity=identity, perturbed=slot, networks=networks, width=width)
        )
    return pd.concat(pieces, ignore_index=True)[list(COLUMNS)]
