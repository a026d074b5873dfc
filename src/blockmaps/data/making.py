"""Make a data set's file from its config and the root seed."""

from pathlib import Path

from blockmaps.core.seeds import stream
from blockmaps.data import DataSpec, Means, SequenceData, store


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
    seed = stream(root, "dataset", *([seed_index] if spec.redraw else []))
    sequences = spec.make(seed, Means(threads, device, path))
    sequences.about.update(made_from)
    store.write(sequences, path)
    return sequences
