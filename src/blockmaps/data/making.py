"""Make a data set's file from its config and the root seed."""

from pathlib import Path

from blockmaps.data import DataSpec, SequenceData, store
from blockmaps.seeds import stream


def make_file(
    spec: DataSpec, root: int, seed_index: int, made_from: dict[str, str], path: Path
) -> SequenceData:
    """Make a data set and write it.

    Parameters
    ----------
    spec : its config.
    root : the config's root seed.
    seed_index : counts where the data set is drawn anew for every seed index.
    made_from : digests that the file keeps: what it was made from.
    path : the file.
    """
    seed = stream(root, "dataset", *([seed_index] if spec.redraw else []))
    sequences = spec.make(seed)
    sequences.about.update(made_from)
    store.write(sequences, path)
    return sequences
