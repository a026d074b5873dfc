"""Make a data set's file from its config and the root seed."""

from pathlib import Path

import numpy as np

from blockmaps.core.seeds import stream
from blockmaps.data import DataSpec, Epochs, Means, SequenceData, store


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
    """
    seed = seed_of(spec, root, seed_index)
    sequences = spec.make(seed, Means(threads, device, path))
    sequences.about.update(made_from)
    store.write(sequences, path)
    return sequences
