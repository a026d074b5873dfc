"""What is known of a variant before training: counts, proportions, scales, arithmetic."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from blockmaps.data import SequenceData, store
from blockmaps.designs.patterns import RNN_BLOCKS, Pattern
from blockmaps.designs.proportion import hidden_proportions
from blockmaps.designs.variants import (
    AnyVariant,
    CellVariant,
    Initialisation,
    LayersVariant,
    Start,
)
from blockmaps.designs.variants import start as draw
from blockmaps.maps.activations import ACTIVATIONS
from blockmaps.maps.matrix import matrix, spectral_radius
from blockmaps.plan.shards import Shard

# How many training sequences the state's scale is measured on.
SCALE_SEQUENCES = 256


def known(shard: Shard, data: Path) -> pd.DataFrame:
    """Return what is known of a shard's variants before training, a row a variant.

    Parameters
    ----------
    data : the file of its data set.

    Raises
    ------
    InputError
        If that is not there, is damaged, or holds another data set than the shard's.
    """
    first, steps = store.first_inputs(data, SCALE_SEQUENCES, shard.data_digest)
    rows = [before_training(one, draw(one, shard.seed), first, steps) for one in shard.variants]
    named = pd.DataFrame(rows).assign(experiment=shard.experiment)
    return named.assign(mean_loss=_mean_loss(data, data.stat().st_mtime_ns))


@lru_cache(maxsize=64)
def _mean_loss(data: Path, written: int) -> float:
    """Return `mean_loss` of a file, all of which is read and checked once: shards share it."""
    return mean_loss(store.read(data))


def mean_loss(data: SequenceData) -> float:
    """Return the squared error on the test split of answering the training targets' mean.

    Each output has a mean of its own, over sequences and steps. NaN with classes.
    """
    if data.loss == "cross_entropy":
        return np.nan
    parts = (np.asarray(data.targets[slice(*data.splits[name])]) for name in ("train", "test"))
    train, test = (one.reshape(-1, one.shape[-1]).astype(float) for one in parts)
    return float(np.nanmean((test - np.nanmean(train, axis=0)) ** 2))


def before_training(
    variant: AnyVariant,
    start: Start,
    first_inputs: np.ndarray,
    steps: int,
) -> dict[str, Any]:
    """Return the columns of the runs table that do not change with training.

    Parameters
    ----------
    variant, start : the variant and what was drawn for it.
    first_inputs : (sequences, |x|) what a model reads at step 1.
    steps : tokens of a sequence.
    """
    if isinstance(variant, CellVariant):
        return _cell_before_training(variant, start, steps)
    whole = variant
    if isinstance(variant, LayersVariant):
        variant = variant.layers_of
    pattern = variant.pattern
    sizes, expected = pattern.sizes, pattern.expected()
    realised = start.mask.counts
    places = {block.target + block.source: pattern.places(block) for block in pattern.reach}
    unknowns, biases = sum(realised.values()), len(start.bias)
    return {
        "key": whole.key,
        "seed_index": variant.seed_index,
        "replicate": variant.replicate or 0,
        "slots": " ".join(sizes),
        "tokens": steps,
        "iterations": whole.repeats,
        "moved": pattern.moved or 0.0,
        "inputs": pattern.slots[0].size,
        "hidden": pattern.state_size - pattern.slots[-1].size,
        "outputs": pattern.slots[-1].size,
        **{
            f"density_{name}": expected[name] / places[name] if name in places else np.nan
            for name in RNN_BLOCKS
        },
        **{f"expected_{name}": expected.get(name, np.nan) for name in RNN_BLOCKS},
        **{f"unknowns_{name}": realised.get(name, 0) for name in RNN_BLOCKS},
        **_moments(variant.initialisation),
        "expected_unknowns": sum(expected.values()),
        "unknowns": unknowns,
        "biases": biases,
        **hidden_proportions({name: realised.get(name, 0) for name in RNN_BLOCKS}),
        "initialisation": describe(variant.initialisation),
        **scales(pattern, start, first_inputs),
        "learning_rate": variant.learning_rate,
        **flops(whole, start, steps),
        "parameter_bytes": 4 * (unknowns + biases),
    }


def flops(variant: AnyVariant, start: Start, steps: int) -> dict[str, float]:
    """Return the arithmetic of a forward pass a sequence: on unknowns alone, and on every place.

    Parameters
    ----------
    variant, start : the variant and what was drawn for it.
    steps : tokens of a sequence.
    """
    if isinstance(variant, CellVariant):
        own = dense = float(steps * (2 * variant.cell.unknowns + variant.cell.biases))
        return {"flops_per_sequence": own, "dense_flops_per_sequence": dense}
    layers = isinstance(variant, LayersVariant)
    pattern = (variant.layers_of if isinstance(variant, LayersVariant) else variant).pattern
    inputs, rows = pattern.slots[0].size, pattern.state_size
    unknowns, biases = len(start.mask.rows), len(start.bias)
    from_x = int(np.sum(start.mask.columns < inputs))
    # torch's layers read each token once, and have no places but their own
    repeats = steps * variant.repeats
    own = 2 * (steps * from_x + repeats * (unknowns - from_x)) + repeats * biases
    dense = 2 * rows * (steps * inputs + repeats * rows) + repeats * biases
    if layers:
        dense = steps * (2 * sum(map(pattern.places, pattern.reach)) + biases)
    return {"flops_per_sequence": float(own), "dense_flops_per_sequence": float(dense)}


def _cell_before_training(variant: CellVariant, start: Start, steps: int) -> dict[str, Any]:
    """Return the same of a cell, which has no blocks of these names."""
    cell = variant.cell
    absent = dict.fromkeys(RNN_BLOCKS, np.nan)
    return {
        "key": variant.key,
        "seed_index": variant.seed_index,
        "replicate": 0,
        "slots": "",
        "tokens": steps,
        "iterations": 1,
        "moved": np.nan,
        "inputs": cell.inputs,
        "hidden": cell.hidden,
        "outputs": cell.outputs,
        **{f"density_{name}": np.nan for name in RNN_BLOCKS},
        **{f"expected_{name}": np.nan for name in RNN_BLOCKS},
        **{f"unknowns_{name}": 0 for name in RNN_BLOCKS},
        **{f"{moment}_{name}": np.nan for moment in ("mean", "std") for name in RNN_BLOCKS},
        "expected_unknowns": float(cell.unknowns),
        "unknowns": cell.unknowns,
        "biases": cell.biases,
        **hidden_proportions(dict.fromkeys(absent, 0)),
        "initialisation": "torch's U(±1/√h)",
        "spectral_radius": np.nan,
        "state_scale": np.nan,
        "learning_rate": variant.learning_rate,
        **flops(variant, start, steps),
        "parameter_bytes": 4 * (cell.unknowns + cell.biases),
    }


def _moments(initialisation: Initialisation) -> dict[str, float]:
    """Return the mean and the spread that each block's unknowns are drawn with."""
    normal, blocks = initialisation.scheme == "normal", initialisation.blocks or {}
    found = {}
    for name in RNN_BLOCKS:
        one = blocks.get(name, initialisation)
        found[f"mean_{name}"] = one.mean if normal else 0.0
        found[f"std_{name}"] = one.std if normal else np.nan  # differs between rows
    return found


def describe(initialisation: Initialisation) -> str:
    """Return an initialisation as a short text, such as N(0, 0.05²)."""
    bias = ", no bias" if initialisation.bias is False else ""
    if initialisation.scheme == "fan_in":
        return f"fan-in, gain {initialisation.gain:.4g}{bias}"
    text = f"N({initialisation.mean:g}, {initialisation.std:g}²)"
    return text + (" by block" if initialisation.blocks else "") + bias


def scales(pattern: Pattern, start: Start, first_inputs: np.ndarray) -> dict[str, float]:
    """Return the spectral radius of W_hh and the scale of the state, NaN where there is no slot h.

    The scale is the root mean square of h after step 1, when h is σ(W_hx x + b_h).

    Parameters
    ----------
    pattern, start : the slots, and what was drawn.
    first_inputs : (sequences, |x|) what a model reads at step 1.
    """
    if "h" not in pattern.sizes:
        return {"spectral_radius": np.nan, "state_scale": np.nan}
    W = matrix(pattern, start.mask, start.values)
    begin, size, inputs = pattern.offsets["h"], pattern.sizes["h"], pattern.slots[0].size
    a = first_inputs @ W[begin : begin + size, :inputs].T
    if len(start.bias):
        a += start.bias[begin - inputs : begin - inputs + size]
    (activation,) = {slot.activation for slot in pattern.slots if slot.name == "h"}
    h = ACTIVATIONS[activation](torch.from_numpy(a)).numpy()
    return {
        "spectral_radius": spectral_radius(pattern, W),
        "state_scale": float(np.sqrt(np.mean(h**2))),
    }
