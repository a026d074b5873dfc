"""Minibatches of a data set, on the device where training happens."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import lightning
import numpy as np
import torch
from torch import Tensor

from blockmaps.core.seeds import generator
from blockmaps.data import Epochs, SequenceData, store

# Small enough that a bank's states stay in the cache: larger ones are slower on a CPU.
EVALUATION_BATCH = 64

# Minibatches that are one step to Lightning.
BUNDLE = 16


Stored = SequenceData[Tensor, Tensor]  # a data set's file as training reads it


class Minibatch(NamedTuple):
    """What a bank is shown at once.

    Attributes
    ----------
    inputs : (time, batch, |x|), float32; blank steps are left out: a bank takes their number.
    targets : (loss steps, batch) class numbers, or (loss steps, batch, |y|) numbers.
    groups : (batch,) group numbers, if the data have groups and they were asked for.
    """

    inputs: Tensor
    targets: Tensor
    groups: Tensor | None = None


class Minibatches:
    """The minibatches of one split.

    Parameters
    ----------
    data : with tensors, on the device.
    split : its name.
    batch_size : sequences a minibatch; the last one may be smaller.
    order : gives the order of the split's sequences at the start of every pass; as in the file
        if there is none.
    grouped : whether they have the sequences' groups.
    """

    def __init__(
        self,
        data: Stored,
        split: str,
        batch_size: int,
        order: Callable[[], np.ndarray] | None = None,
        grouped: bool = False,
    ) -> None:
        self.data, self.batch_size, self.order = data, batch_size, order
        self.groups = data.groups if grouped else None
        self.begin, self.end = data.splits[split]

    def __len__(self) -> int:
        """Return the number of minibatches."""
        return -(-(self.end - self.begin) // self.batch_size)

    def __iter__(self) -> Iterator[Minibatch]:
        number = self.end - self.begin
        yield from self.taken(np.arange(number) if self.order is None else self.order())

    def taken(self, order: np.ndarray) -> Iterator[Minibatch]:
        """Yield minibatches of the split's sequences in an order."""
        device = self.data.inputs.device
        positions = torch.from_numpy(order + self.begin).to(device)
        for chosen in positions.split(self.batch_size):
            groups = None if self.groups is None else self.groups[chosen]
            yield Minibatch(self.inputs(chosen), self.targets(chosen), groups)

    def inputs(self, chosen: Tensor) -> Tensor:
        """Return what a model reads of chosen sequences, time first."""
        read = self.data.inputs[chosen].transpose(0, 1).to(torch.float32)
        return read.mul_(self.data.scale).add_(self.data.offset).contiguous()

    def targets(self, chosen: Tensor) -> Tensor:
        """Return the targets of chosen sequences, loss steps first."""
        targets = self.data.targets[chosen]
        if self.data.loss == "cross_entropy":
            return targets.view(len(chosen), -1).T
        return targets.transpose(0, 1)


class Anew:
    """Minibatches of training sequences that are drawn anew for every pass.

    Parameters
    ----------
    draw : makes those of the pass that is due, on the device.
    number : of sequences.
    batch_size : sequences a minibatch; the last one may be smaller.
    order : gives the order of the sequences.
    """

    def __init__(
        self,
        draw: Callable[[], SequenceData],
        number: int,
        batch_size: int,
        order: Callable[[], np.ndarray],
    ) -> None:
        self.draw, self.number = draw, number
        self.batch_size, self.order = batch_size, order

    def __len__(self) -> int:
        """Return the number of minibatches."""
        return -(-self.number // self.batch_size)

    def __iter__(self) -> Iterator[Minibatch]:
        # drawn at once, and not with the first minibatch: the clock of training starts after it
        return iter(Minibatches(self.draw(), "train", self.batch_size, self.order))


class Stretch:
    """Minibatches of consecutive passes through the training split, from one step to another.

    Parameters
    ----------
    minibatches : of one pass.
    order : gives the order of the split's sequences in a pass, passes counted from 0.
    bounds : gives the first step and the one behind the last, steps counted from 0.
    length : steps, the most that there are between the bounds.
    """

    def __init__(
        self,
        minibatches: Minibatches,
        order: Callable[[int], np.ndarray],
        bounds: Callable[[], tuple[int, int]],
        length: int,
    ) -> None:
        self.minibatches, self.order, self.bounds = minibatches, order, bounds
        self.length = length

    def __len__(self) -> int:
        """Return the number of minibatches, or more in the last stretch."""
        return self.length

    def __iter__(self) -> Iterator[Minibatch]:
        step, end = self.bounds()
        while step < end:
            number, skipped = divmod(step, len(self.minibatches))
            order = self.order(number)[skipped * self.minibatches.batch_size :]
            for batch in islice(self.minibatches.taken(order), end - step):
                yield batch
                step += 1


class InBundles:
    """Minibatches in bundles, for which Lightning does once what it does at every step.

    That costs about a millisecond, as much as a step of a small bank. A bundle is an iterator over
    the minibatches that come next; bundles are to be used up in their order.
    """

    def __init__(self, minibatches: Minibatches | Anew | Stretch) -> None:
        self.minibatches = minibatches

    def __len__(self) -> int:
        """Return the number of bundles."""
        return -(-len(self.minibatches) // BUNDLE)

    def __iter__(self) -> Iterator[Iterator[Minibatch]]:
        rest = iter(self.minibatches)
        for _ in range(len(self)):
            yield islice(rest, BUNDLE)


class BankData(lightning.LightningDataModule):
    """A data set's file as Lightning's data module; on a GPU the whole of it stays there.

    Parameters
    ----------
    path : the data set's file.
    batch_size : of training.
    shuffle : a new order every epoch, drawn from the stream of the seed index and the epoch, so
        that every variant of a seed index sees the same minibatches, however often it was stopped.
    seed, seed_index : of that stream.
    first_epoch : epochs trained before, or stretches.
    steps : of training and of each of its stretches, where its length is not a number of epochs.
    anew : makes the inputs and targets of the training sequences of an epoch, counted from 0, where
        every epoch has its own; those of the file are then not trained on.
    made_from : the digest of what the data set must be made from.
    """

    def __init__(
        self,
        path: Path,
        batch_size: int,
        shuffle: bool,
        seed: int,
        seed_index: int,
        first_epoch: int = 0,
        steps: tuple[int, int] | None = None,
        anew: Epochs | None = None,
        made_from: str | None = None,
    ) -> None:
        super().__init__()
        self.steps, self.anew = steps, anew
        self.path, self.batch_size, self.shuffle = path, batch_size, shuffle
        self.seed, self.seed_index, self.first_epoch = seed, seed_index, first_epoch
        self.stored = store.read(path, "pt", made_from)
        self.data = self.stored
        if (self.stored.about.get("spec", {}).get("redraw") == "epoch") != (anew is not None):
            raise ValueError(f"{path}: says otherwise than `anew` whether epochs are drawn anew")

    @property
    def evaluated(self) -> list[str]:
        """Names of the splits that are evaluated after every epoch."""
        return [name for name in self.stored.splits if name.startswith(("validation", "test"))]

    def setup(self, stage: str) -> None:
        """Put the data where training happens."""
        device = self._running.strategy.root_device
        if self.data.inputs.device == device:
            return
        moved = {
            name: value.to(device)
            for name in store.ARRAYS
            if (value := getattr(self.stored, name)) is not None
        }
        self.data = SequenceData(**{**vars(self.stored), **moved})

    @property
    def _running(self) -> lightning.Trainer:
        """The trainer, which there is while the data are used."""
        if self.trainer is None:
            raise RuntimeError("the data of a bank are used by a trainer")
        return self.trainer

    @property
    def _epoch(self) -> int:
        """The epoch, or the stretch, that is trained now."""
        return self.first_epoch + self._running.current_epoch

    def _order(self, epoch: int) -> np.ndarray:
        begin, end = self.stored.splits["train"]
        if not self.shuffle:
            return np.arange(end - begin)
        rng = generator(self.seed, "order", self.seed_index, epoch)
        return rng.permutation(end - begin)

    def _drawn(self, anew: Epochs) -> SequenceData:
        device = self.data.inputs.device
        inputs, targets = (torch.from_numpy(one).to(device) for one in anew(self._epoch))
        own = {"inputs": inputs, "targets": targets, "groups": None}
        return SequenceData(**{**vars(self.stored), **own, "splits": {"train": (0, len(targets))}})

    def _bounds(self, steps: int, stretch: int) -> tuple[int, int]:
        begin = self._epoch * stretch
        return begin, min(begin + stretch, steps)

    def train_dataloader(self) -> InBundles:
        """Return the training minibatches, in bundles."""
        order = self._order
        if (anew := self.anew) is not None:
            begin, end = self.stored.splits["train"]
            draw, now = lambda: self._drawn(anew), lambda: order(self._epoch)
            return InBundles(Anew(draw, end - begin, self.batch_size, now))
        if self.steps is None:
            return InBundles(
                Minibatches(self.data, "train", self.batch_size, lambda: order(self._epoch))
            )
        one_pass = Minibatches(self.data, "train", self.batch_size)
        bounds = partial(self._bounds, *self.steps)
        return InBundles(Stretch(one_pass, order, bounds, self.steps[1]))

    def val_dataloader(self) -> list[Minibatches]:
        """Return the minibatches of every evaluated split, in the order of `evaluated`."""
        return [
            Minibatches(self.data, name, EVALUATION_BATCH, grouped=True) for name in self.evaluated
        ]
