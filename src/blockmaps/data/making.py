"""Make a data set's file from its config and the root seed."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from blockmaps.core.errors import InputError
from blockmaps.core.seeds import stream
from blockmaps.data import ALONE, DataSpec, Epochs, Means, SequenceData, store


def seed_of(spec: DataSpec, root: int, seed_index: int) -> np.random.SeedSequence:
    """Return the seed of a data set: one for all seed indices, unless each has a data set."""
    return stream(root, "dataset", *([seed_index] if spec.redraw is True else []))


def epochs_of(spec: DataSpec, root: int, seed_index: int) -> Epochs | None:
    """Return what makes the training sequences of an epoch, counted from 0: inputs and targets.

    None where all epochs have those of the data set's file.
    """
    if spec.redraw != "epoch":
        return None
    seed = seed_of(spec, root, seed_index)
    return lambda epoch: spec.make_epoch(seed, seed_index, epoch)


def make_file(
    spec: DataSpec,
    root: int,
    seed_index: int,
    made_from: dict[str, str],
    path: Path,
    threads: int = 1,
    device: str = "cpu",
    examine: Callable[[Any], SequenceData] = lambda made: made,
) -> SequenceData:
    """Make a data set and write it.

    Parameters
    ----------
    spec : its config.
    root : the config's root seed.
    seed_index : counts where the data set is drawn anew for every seed index.
    made_from : digests that the file keeps: what it was made from.
    path : the file.
    threads, device : what may be used to make it.
    examine : looks at what was made and returns it as it is to be written (`checking.require`; its
        words are no part of what makes the file).

    Raises
    ------
    InputError
        If a class that does not come with the package fails: one line, and where.
    """
    seed = seed_of(spec, root, seed_index)
    sequences = examine(made(spec, seed, Means(threads, device, path)))
    sequences.about.update(made_from)
    store.write(sequences, path)
    return sequences


def made(spec: DataSpec, seed: np.random.SeedSequence, means: Means = ALONE) -> Any:
    """Return what a class makes; what is wrong with a user's own is told without a traceback.

    Raises
    ------
    InputError
        If a class that does not come with the package fails: one line, and where.
    """
    try:
        return spec.make(seed, means)
    except InputError:
        raise
    except Exception as fault:
        if type(spec).__module__.startswith("blockmaps."):
            raise  # a fault of the program
        frames = traceback.extract_tb(fault.__traceback__)
        own = sys.modules[type(spec).__module__].__file__
        line = [str(frame.lineno) for frame in frames if frame.filename == own][-1:] or ["?"]
        raise InputError(
            f"{own}, line {line[0]}: `make` of {spec.kind} fails: {type(fault).__name__}: {fault}"
        ) from fault
