"""What is measured of a shard's maps before and after training, where it is asked for."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from blockmaps.designs.variants import Variant
from blockmaps.maps.dynamics import (
    Weights,
    exponents,
    gradients,
    singular_values,
    unroll,
)
from blockmaps.maps.matrix import spectral_radius
from blockmaps.plan.shards import Shard
from blockmaps.training.minibatches import BankData, Minibatches
from blockmaps.training.module import losses
from blockmaps.training.shard import Trained

SEQUENCES = 64  # the first of the training split; gradients are means over them
TRAJECTORIES = 8  # of them, for the exponents
MOST_VALUES = 100  # singular values kept of each W, at ranks spread evenly on a log scale


def measure(shard: Shard, trained: Trained) -> pd.DataFrame:
    """Return the measures of every map; columns as in `runs.DYNAMICS`, none if not asked for.

    Torch's own cells and layers are left out: their control is a map.
    """
    if not shard.dynamics:
        return pd.DataFrame()
    data, rows = trained.data, []
    tokens, targets = first_sequences(data)
    for variant in shard.variants:
        if not isinstance(variant, Variant):
            continue
        begin, checkpoint = trained.starts[variant.key], trained.done[variant.key]
        before = torch.from_numpy(begin.values), torch.from_numpy(begin.bias)
        for epoch, (values, bias) in ((0, before), (checkpoint["epoch"], checkpoint["parameters"])):
            weights = Weights.of(variant.pattern, begin.mask, values, bias)
            known = {"key": variant.key, "seed_index": variant.seed_index, "epoch": epoch}
            for quantity, place, value in measures_of(variant, weights, tokens, targets, data):
                rows.append(known | {"quantity": quantity, "place": place, "value": value})
    return pd.DataFrame(rows).assign(experiment=shard.experiment)


def first_sequences(data: BankData) -> tuple[Tensor, Tensor]:
    """Return the first training sequences, blank steps included, in float64, and their targets."""
    stored = data.stored
    begin, end = stored.splits["train"]
    chosen = torch.arange(begin, min(end, begin + SEQUENCES))
    minibatches = Minibatches(stored, "train", SEQUENCES)
    given = minibatches.inputs(chosen).double()
    blank = given.new_zeros(stored.blank_steps, *given.shape[1:])
    return torch.cat([given, blank]), minibatches.targets(chosen)


def measures_of(
    variant: Variant, weights: Weights, tokens: Tensor, targets: Tensor, data: BankData
) -> Iterator[tuple[str, int, float]]:
    """Yield quantity, place and value (see `runs.DYNAMICS`)."""
    pattern, V = variant.pattern, weights.V
    trajectory = unroll(pattern, weights, tokens, variant.repeats)
    steps = [(token + 1) * variant.repeats - 1 for token in data.stored.loss_steps]
    y = trajectory.states[steps][..., -pattern.slots[-1].size :].requires_grad_()
    # the mean loss times the sequences: so each has the gradient of its own loss
    loss = losses(y[None], targets, data.stored.loss).sum() * y.shape[1]
    (outer,) = torch.autograd.grad(loss, y)
    taken = dict(zip(steps, outer, strict=True))
    norms = gradients(V, trajectory.slopes, taken).norm(dim=2).mean(1)
    for back, norm in enumerate(norms.flip(0).tolist()):
        yield "gradient_norm", back, norm
    yield "exponent", 0, float(exponents(V, trajectory.slopes[:, :TRAJECTORIES]).mean())
    yield "spectral_radius", 0, spectral_radius(pattern, weights.W.numpy())
    values = singular_values(weights)
    for rank in np.unique(np.geomspace(1, len(values), MOST_VALUES).round().astype(int)).tolist():
        yield "singular_value", rank, float(values[rank - 1])
