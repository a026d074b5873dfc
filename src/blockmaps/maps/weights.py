"""Trained weights in a file: those of a shard's variants, or of one that is exported.

A shard leaves its weights where its experiment asks for them or its data set has an environment to
score them in. The file names its variants and the seed that draws their masks again, so that a
model is made of it without a config; an exported model's file holds its mask as well, so that it
can be read without this package too.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from blockmaps.core.canonical import canonical_json
from blockmaps.core.errors import DamagedError, InputError
from blockmaps.core.files import visible, whole
from blockmaps.designs.patterns import Mask
from blockmaps.designs.variants import AnyVariant, Start, start

FOLDER = "policies"  # in a results folder
PARTS = ("unknowns", "biases")
PLACES = ("rows", "columns")
VARIANTS = TypeAdapter(tuple[AnyVariant, ...])


class About(NamedTuple):
    """What a file of weights is of.

    Attributes
    ----------
    shard, experiment : names; of an exported model too.
    seed : the config's root seed, which draws the masks again.
    variants : whose weights it holds.
    """

    shard: str
    experiment: str
    seed: int
    variants: tuple[AnyVariant, ...]


def write(
    path: Path,
    about: About,
    parameters: Mapping[str, tuple[Tensor, Tensor]],
    masks: Mapping[str, Mask] | None = None,
) -> None:
    """Write trained weights, whole or not at all.

    Parameters
    ----------
    path : the file.
    about : what was trained.
    parameters : variant's key → its unknowns and its biases, as a bank has them.
    masks : variant's key → its mask, where that is written too, as rows and columns of W.

    Raises
    ------
    ValueError
        If they are not those of its variants.
    """
    if set(parameters) != {variant.key for variant in about.variants}:
        raise ValueError("takes the weights of the shard's variants, all of them")
    tensors = {
        f"{key}.{part}": value.detach().cpu().contiguous()
        for key, both in parameters.items()
        for part, value in zip(PARTS, both, strict=True)
    }
    for key, mask in (masks or {}).items():
        for part in PLACES:
            tensors[f"{key}.{part}"] = torch.from_numpy(getattr(mask, part).astype(np.int32))
    with whole(path) as partial:
        # one entry: several are written in any order. safetensors' own way to a file leaves it to
        # its owner alone
        facts = about._asdict() | {"sha256": _content_sum(about, tensors)}
        partial.write_bytes(save(tensors, {"blockmaps": canonical_json(facts)}))


def _content_sum(about: About, tensors: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a file says, however it lies there."""
    found = hashlib.sha256(canonical_json(about._asdict()).encode())
    for name, tensor in sorted(tensors.items()):
        values = np.ascontiguousarray(tensor)
        found.update(f"{name}:{values.dtype}:{values.shape};".encode())
        found.update(values.tobytes())
    return found.hexdigest()


def _read(path: Path) -> tuple[About, dict[str, np.ndarray]]:
    """Return what a file of weights says of itself, and its arrays, if all is as it was written."""
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["blockmaps"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        known = facts.pop("sha256", None)  # files before it was written have none
        about = About(**facts | {"variants": VARIANTS.validate_python(facts["variants"])})
        if known is not None and known != _content_sum(about, tensors):
            raise ValueError("it is not what its checksum says")
        if lacking := {f"{one.key}.{part}" for one in about.variants for part in PARTS} - {
            *tensors
        }:
            raise ValueError(f"it lacks {min(lacking)}")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror or fault}") from fault
    except (
        SafetensorError,
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        RecursionError,
    ) as fault:
        reason = (str(fault).splitlines() or [type(fault).__name__])[0]
        raise DamagedError(
            f"{path}: damaged, or not a file of weights ({reason}); remove it, and train again, "
            "which goes on from checkpoints"
        ) from fault
    return about, tensors


def _about(path: Path) -> About:
    """Return what a file of weights says of itself."""
    return _read(path)[0]


def trained(path: Path, shard: str) -> list[tuple[AnyVariant, Start]]:
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
    if not path.is_file():
        raise InputError(f"{path}: no such weights; `blockmaps train {shard}` writes them")
    about = _about(path)
    if about.shard != shard:
        raise InputError(f"{path}: not the weights of shard {shard}; remove it")
    return _starts(path, about, about.variants)


def _starts(
    path: Path, about: About, variants: Sequence[AnyVariant]
) -> list[tuple[AnyVariant, Start]]:
    found, (_, tensors) = [], _read(path)
    for variant in variants:
        values, bias = (tensors[f"{variant.key}.{part}"] for part in PARTS)
        begin = start(variant, about.seed)
        same = values.shape == begin.values.shape and bias.shape == begin.bias.shape
        if same and f"{variant.key}.{PLACES[0]}" in tensors:
            drawn = [getattr(begin.mask, part) for part in PLACES]
            held = [tensors[f"{variant.key}.{part}"] for part in PLACES]
            same = np.array_equal(drawn, held)
        if not same:
            raise InputError(
                f"{path}: the weights of {variant.key} do not fit the mask that its seed "
                f"{about.seed} draws here; they are another version's"
            )
        found.append((variant, begin._replace(values=values, bias=bias)))
    return found


class Found(NamedTuple):
    """A trained variant, what it would start as with its weights, and where it is from."""

    variant: AnyVariant
    start: Start
    about: About


def find(where: Path, key: str = "") -> Found:
    """Return a trained variant by its key.

    Parameters
    ----------
    where : a results folder, or one file of weights.
    key : the variant's, or the first digits of it; none is needed where there is one variant.

    Raises
    ------
    InputError
        If there is no such variant, or more than one.
    """
    if where.is_file():
        files = [where]
    else:
        files = visible(where / FOLDER, "*.safetensors")
        if not where.is_dir():
            raise InputError(f"{where}: no such results folder, nor a file of weights")
        if not files:
            raise InputError(
                f"{where}: holds no trained weights; give an experiment of its config "
                "`keep: weights` and run it again, which goes on from its checkpoints"
            )
    held = {path: _about(path) for path in files}
    hits = [
        (path, variant)
        for path, about in held.items()
        for variant in about.variants
        if variant.key.startswith(key)
    ]
    if not hits:
        some = next((one.key for about in held.values() for one in about.variants), "none")
        raise InputError(
            f"variant {key!r}: {where} holds no weights of it; takes a key of the runs table, such "
            f"as {some}"
        )
    if len(hits) > 1:
        several = ", ".join(
            f"{variant.key} in {path} ({held[path].experiment})" for path, variant in hits[:4]
        )
        raise InputError(
            f"variant {key!r}: {len(hits)} there: {several}; takes a whole key, and the file in "
            "the place of the folder where several hold it"
        )
    ((path, variant),) = hits
    ((_, begin),) = _starts(path, held[path], [variant])
    return Found(variant, begin, held[path])


def export(path: Path, found: Found) -> None:
    """Write one trained variant to a file of its own, with its mask; `find` reads it."""
    key, begin = found.variant.key, found.start
    parameters = {key: (torch.from_numpy(begin.values), torch.from_numpy(begin.bias))}
    masks = {} if begin.mask is None else {key: begin.mask}
    write(path, found.about._replace(variants=(found.variant,)), parameters, masks)
