"""How many variants fit a device at once.

A bank's memory is estimated from its variants' sizes, and variants are put into as few banks as the
device's free memory allows. The estimate errs to the large side; where it is wrong all the same,
`shard` halves a bank that ran out of memory and goes on from the last checkpoints.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch

from blockmaps.designs.variants import AnyVariant, CellVariant, LayersVariant
from blockmaps.maps.groups import MOST_PADDING

SHARE = 0.8  # of what is free: what libraries take for themselves is not known
FLOAT, INDEX = 4, 8  # bytes
OVERHEAD = 150 * 1024**2  # what a training takes whatever the variants, measured on a CPU
# How torch, cuDNN, cuBLAS and the CPU's allocator say it, beside an exception of its own.
OUT_OF_MEMORY = ("out of memory", "alloc_failed", "can't allocate memory")


class MinibatchSize(NamedTuple):
    """The size of a minibatch: steps of a sequence, sequences, and |x|."""

    steps: int
    batch: int
    inputs: int


def free_bytes(device: torch.device) -> int:
    """Return how much memory is free on a device; on the CPU, how much is available."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        with open("/proc/meminfo", encoding="utf-8") as file:
            lines = dict(line.split(":") for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: as much as a small machine has
        return 4 * 1024**3


def variant_bytes(variant: AnyVariant, minibatch: MinibatchSize) -> int:
    """Return about how much memory a variant needs while it is trained.

    With r rows of state, n unknowns, T steps and a batch of B: the unknowns, their gradient and
    Adam's two moments, 4 n; W, or its gradient, with all places, r (|x| + r), and beside it V and
    its gradient, 2 r²; the sums, or their gradient, and the states, 2 r T B, and as much again
    where they are added up or copied; and where the unknowns are. On a CPU the groups of a bank
    take turns with W and the sums, so that a bank of several groups needs less.
    """
    states = minibatch.steps * minibatch.batch * variant.repeats
    unknowns = int(variant.unknowns)
    if isinstance(variant, LayersVariant):
        sizes = variant.layers_of.pattern.sizes.values()
        places = sum(source * target for source, target in pairwise(sizes))
        return FLOAT * (4 * unknowns + 2 * places + 3 * variant.size * states) + INDEX * unknowns
    if isinstance(variant, CellVariant):
        # gates, their activations, states and all their gradients
        rows = variant.size * 10
        return FLOAT * (4 * unknowns + 3 * rows * states)
    rows = int(variant.size * MOST_PADDING) + 1
    floats = 4 * unknowns + rows * (minibatch.inputs + 3 * rows) + 4 * rows * states
    return FLOAT * floats + INDEX * unknowns


def shared_bytes(minibatch: MinibatchSize) -> int:
    """Return what a bank needs once: its minibatch, read, scaled and copied."""
    return OVERHEAD + 3 * FLOAT * minibatch.steps * minibatch.batch * minibatch.inputs


def plan(
    variants: Sequence[AnyVariant], minibatch: MinibatchSize, free: float
) -> list[list[AnyVariant]]:
    """Put variants into banks that fit, by size; the kinds apart, and maps by their iterations.

    A variant that does not fit by itself is a bank of one: it is tried all the same.
    """
    room = SHARE * free - shared_bytes(minibatch)
    banks: list[list[AnyVariant]] = []
    kinds: dict[tuple, list[AnyVariant]] = {}
    for one in variants:
        kinds.setdefault((type(one).__name__, one.repeats), []).append(one)
    for _, several in sorted(kinds.items(), reverse=True):  # patterns first
        used = room
        for variant in sorted(several, key=lambda one: (one.size, one.key)):
            need = variant_bytes(variant, minibatch)
            if used + need > room:
                banks.append([])
                used = 0
            banks[-1].append(variant)
            used += need
    return banks


def is_out_of_memory(fault: BaseException) -> bool:
    """Return whether a fault says that memory ran out."""
    if isinstance(fault, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(fault).lower()
    return isinstance(fault, RuntimeError) and any(words in text for words in OUT_OF_MEMORY)
