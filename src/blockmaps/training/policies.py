"""Trained weights of a shard in one file, and the banks that are made of it again.

A shard whose data set has an environment leaves its weights for scoring, so that no model is
trained again to be scored. Masks are not in the file: the shard's seed draws them again.
"""

from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor

from blockmaps.core import sealed
from blockmaps.core.errors import InputError
from blockmaps.designs.variants import AnyVariant, Start, start
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import CellBank, LayersBank
from blockmaps.plan.shards import Shard
from blockmaps.training.fitting import BANKS

PARTS = ("unknowns", "biases")


def write(path: Path, shard: Shard, parameters: dict[str, tuple[Tensor, Tensor]]) -> None:
    """Write a shard's trained weights, whole or not at all.

    Parameters
    ----------
    path : the file.
    shard : what was trained.
    parameters : variant's key → its unknowns and its biases, as a bank has them.

    Raises
    ------
    ValueError
        If they are not those of the shard's variants.
    """
    if set(parameters) != {variant.key for variant in shard.variants}:
        raise ValueError("takes the weights of the shard's variants, all of them")
    arrays = {
        f"{key}.{part}": value.detach().cpu().numpy()
        for key, both in parameters.items()
        for part, value in zip(PARTS, both, strict=True)
    }
    sealed.write(
        path,
        {name: sealed.Pieced(one.shape, one.dtype, [one]) for name, one in arrays.items()},
        {"shard": shard.id},
    )


def trained(path: Path, shard: Shard) -> list[tuple[AnyVariant, Start]]:
    """Return a shard's variants, each as it would start with the weights that it was trained to.

    Parameters
    ----------
    path : the file that `write` wrote.
    shard : what was trained.

    Raises
    ------
    InputError
        If the file is not there, is broken or is another shard's.
    """
    with sealed.opened(path, "file of weights", f"blockmaps train {shard.id}") as file:
        if file.facts["shard"] != shard.id:
            raise InputError(f"{path}: not the weights of shard {shard.id}; remove it")
        arrays = {name: file.read(name) for name in file.names}
    found = []
    for variant in shard.variants:
        values, bias = (arrays[f"{variant.key}.{part}"] for part in PARTS)
        found.append((variant, start(variant, shard.seed)._replace(values=values, bias=bias)))
    return found


def banks(path: Path, shard: Shard) -> list[Bank | CellBank | LayersBank]:
    """Return a shard's trained models as banks, on the CPU; arguments and errors as of `trained`.

    Returns
    -------
    Banks that hold every variant of the shard once (`bank.variants`): maps, cells and layers apart,
    and maps by their iterations a token.
    """
    found = []
    for _, several in groupby(sorted(trained(path, shard), key=_kind), key=_kind):
        variants, starts = zip(*several, strict=True)
        found.append(BANKS[type(variants[0])](variants, starts, torch.float32))
    return [bank.requires_grad_(False) for bank in found]


def _kind(one: tuple[AnyVariant, Start]) -> tuple[str, int]:
    """Return what variants of one bank share."""
    variant, _ = one
    return type(variant).__name__, variant.repeats
