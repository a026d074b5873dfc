"""Torch's data sets as data sets of blockmaps, and the other way round."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from blockmaps.core.errors import InputError
from blockmaps.data import SequenceData


def from_dataset(dataset: Any, **options: Any) -> SequenceData:
    """Return what a torch `Dataset` holds.

    Parameters
    ----------
    dataset : of pairs (inputs, target), all alike: inputs (steps, |x|) or (steps,); or a mapping of
        split → such a data set, "train" and "test" among them.
    options : as of `SequenceData.from_arrays`.

    Raises
    ------
    InputError
        If an item is no such pair, or the sequences differ in shape.
    """
    parts = dataset if isinstance(dataset, Mapping) else {"": dataset}
    inputs: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    splits: dict[str, np.ndarray] = {}
    for name, part in parts.items():
        begin = len(inputs)
        for position in range(len(part)):
            item = part[position]
            if not isinstance(item, tuple | list) or len(item) != 2:
                raise InputError(f"item {position} of the data set is no pair (inputs, target)")
            inputs.append(np.asarray(item[0]))
            targets.append(np.asarray(item[1]))
        splits[name] = np.arange(begin, len(inputs))
    if differ := {one.shape for one in inputs} - {inputs[0].shape} if inputs else set():
        raise InputError(
            f"sequences have shapes {inputs[0].shape} and {differ.pop()}: takes sequences of one "
            "length; pad them"
        )
    if isinstance(dataset, Mapping):
        options = {"splits": splits} | options
    return SequenceData.from_arrays(np.array(inputs), np.array(targets), **options)


class Sequences(Dataset):
    """A split of a data set, as torch takes it: pairs (inputs, target).

    Parameters
    ----------
    data : the data set (of a file: `blockmaps.data.store.read`).
    split : its name.

    Items are what a model reads, (steps, |x|) float32 with the blank steps, and the target as the
    data set has it.
    """

    def __init__(self, data: SequenceData, split: str = "train") -> None:
        if split not in data.splits:
            raise InputError(f"split {split!r}: takes one of: {', '.join(data.splits)}")
        self.data = data
        self.begin, self.end = data.splits[split]

    def __len__(self) -> int:
        """Return the number of sequences."""
        return self.end - self.begin

    def __getitem__(self, position: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the inputs and the target of a sequence."""
        if not -len(self) <= position < len(self):
            raise IndexError(f"sequence {position} of {len(self)}")
        place = self.begin + position % len(self)
        given = torch.from_numpy(np.array(self.data.inputs[place], dtype=np.float32))
        given = given * self.data.scale + self.data.offset
        blank = given.new_zeros(self.data.blank_steps, given.shape[1])
        return torch.cat([given, blank]), torch.as_tensor(np.array(self.data.targets[place]))
