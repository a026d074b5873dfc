"""Trained weights of a shard in one file, and the banks that are made of it again.

A shard whose data set has an environment leaves its weights for scoring, so that no model is
trained again to be scored. Masks are not in the file: the shard's seed draws them again.
"""

from itertools import groupby
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from blockmaps.bank import Bank
from blockmaps.baselines import CellBank, LayersBank
from blockmaps.errors import InputError
from blockmaps.files import whole
from blockmaps.shards import Shard
from blockmaps.training.fitting import BANKS
from blockmaps.variants import AnyVariant, start

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
    tensors = {
        f"{key}.{part}": value.detach().cpu().contiguous()
        for key, both in parameters.items()
        for part, value in zip(PARTS, both, strict=True)
    }
    with whole(path) as partial:
        save_file(tensors, partial, metadata={"shard": shard.id})


def banks(path: Path, shard: Shard) -> list[Bank | CellBank | LayersBank]:
    """Return a shard's trained models as banks, on the CPU.

    Parameters
    ----------
    path : the file that `write` wrote.
    shard : what was trained.

    Returns
    -------
    Banks that hold every variant of the shard once (`bank.variants`): maps, cells and layers apart,
    and maps by their iterations a token.

    Raises
    ------
    InputError
        If the file is not there, is broken or is another shard's.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such weights; `blockmaps train {shard.id}` writes them")
    found = []
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("shard") != shard.id:
                raise InputError(f"{path}: not the weights of shard {shard.id}; remove it")
            for _, several in groupby(sorted(shard.variants, key=_kind), key=_kind):
                variants = list(several)
                starts = []
                for variant in variants:
                    values, bias = (
                        file.get_tensor(f"{variant.key}.{part}").numpy() for part in PARTS
                    )
                    begin = start(variant, shard.seed)
                    starts.append(begin._replace(values=values, bias=bias))
                found.append(BANKS[type(variants[0])](variants, starts, torch.float32))
    except SafetensorError as fault:
        raise InputError(f"{path}: not a file of weights ({fault}); remove it") from fault
    return [bank.requires_grad_(False) for bank in found]


def _kind(variant: AnyVariant) -> tuple[str, int]:
    """Return what variants of one bank share."""
    return type(variant).__name__, variant.repeats
