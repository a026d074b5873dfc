"""Independent random streams from one root seed, by purpose.

A stream is named by its purpose, its seed index and, for masks and weights, the variant's key.
Variants of one seed index share data and data order, so that arms are paired by seed index and a
bank can share minibatches, while every variant has a mask and weights of its own.
"""

from typing import Literal

import numpy as np

Purpose = Literal["dataset", "order", "mask", "weights", "environment", "resampling", "design"]

# Positions are part of every result: append, never reorder.
PURPOSES: tuple[Purpose, ...] = (
    "dataset",
    "order",
    "mask",
    "weights",
    "environment",
    "resampling",
    "design",
)


def stream(root: int, purpose: Purpose, *path: int | str) -> np.random.SeedSequence:
    """Return the seed sequence of a purpose.

    Parameters
    ----------
    root : the config's root seed.
    purpose : what the numbers are for.
    path : what the stream depends on within its purpose: a seed index, an epoch, a variant's key
        (hexadecimal text).
    """
    words: list[int] = [PURPOSES.index(purpose)]
    for part in path:
        if isinstance(part, str):
            number = int.from_bytes(part.encode(), "big")
            # the length first, so that no two paths spell the same words
            text = [number >> shift & 0xFFFFFFFF for shift in range(0, number.bit_length(), 32)]
            words += [len(text), *text]
        else:
            words.append(part)
    return np.random.SeedSequence(root, spawn_key=tuple(words))


def generator(root: int, purpose: Purpose, *path: int | str) -> np.random.Generator:
    """Return a numpy generator on the stream of a purpose (see `stream`)."""
    return np.random.Generator(np.random.PCG64(stream(root, purpose, *path)))
