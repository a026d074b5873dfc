"""Data sets: a protocol, a registry, and one file for each.

A data set is a class of config fields, registered under a `kind`, that knows its sizes without
making anything and makes its sequences from a seed. To add one, write such a class in a file of
your own and name the file under `plugins:` in the config:

    @register
    class Parity(DataSpec):
        kind: Literal["parity"] = "parity"
        ...

        def make(self, seed, means=ALONE): ...

Nothing here imports torch: planning reads sizes from these classes.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

import numpy as np
from pydantic import Field, field_validator

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import Frozen

# Makes the inputs and targets that an epoch trains on, counted from 0, where each has its own.
Epochs = Callable[[int], tuple[np.ndarray, np.ndarray]]
Loss = Literal["cross_entropy", "mean_squared_error"]


class Shape(NamedTuple):
    """|x|, |y| and the number of steps of a sequence, answer steps included."""

    inputs: int
    outputs: int
    steps: int


class Pieces(NamedTuple):
    """An array that is made a piece at a time, along its first axis, and need never be whole.

    Attributes
    ----------
    shape, dtype : the array's.
    make : returns a new iterator over its pieces, in order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    make: Callable[[], Iterator[np.ndarray]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the array, whole."""
        return np.concatenate(list(self.make())).astype(dtype or self.dtype, copy=False)


Inputs = TypeVar("Inputs")
Array = TypeVar("Array")


@dataclass(frozen=True)
class SequenceData(Generic[Inputs, Array]):
    """Sequences, their targets and where a loss is taken.

    What makes a data set gives numpy's arrays, and its inputs may be `Pieces`; training reads
    torch's tensors (`store.read`).

    Attributes
    ----------
    inputs : (sequences, given steps, |x|), uint8 or float32, or `Pieces` of it. What a model reads
        is `inputs * scale + offset`, then `blank_steps` steps of zeros.
    targets : for cross-entropy (sequences,) or (sequences, loss steps) class numbers; for mean
        squared error (sequences, loss steps, |y|).
    loss : what is minimised.
    loss_steps : the steps, from 0, at which it is taken.
    splits : name → (start, stop) in the sequences; "train" and "test" are needed. Splits whose
        name starts with "test" or "validation" are evaluated after every epoch.
    groups : (sequences,) an optional group number of each sequence, `group_names` its meaning.
    about : how it was made: seed, counts, versions.
    seal : the checksum of the file that it was read from; "" of what was read from none.
    """

    inputs: Inputs
    targets: Array
    loss: Loss
    loss_steps: tuple[int, ...]
    splits: dict[str, tuple[int, int]]
    scale: float = 1.0
    offset: float = 0.0
    blank_steps: int = 0
    groups: Array | None = None
    group_names: tuple[str, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    seal: str = ""

    @classmethod
    def from_arrays(
        cls,
        inputs: Any,
        targets: Any,
        *,
        test: float = 0.2,
        validation: float = 0.0,
        seed: int | np.random.SeedSequence = 0,
        splits: Mapping[str, Any] | None = None,
        blank_steps: int = 1,
        about: dict[str, Any] | None = None,
    ) -> "SequenceData":
        """Return arrays as a data set: whole-numbered targets are classes, others are regressed.

        The last loss is at the last step. y reads the h of the step before, so a blank step behind
        the given ones lets what h makes of the last input reach y.

        Parameters
        ----------
        inputs : (sequences, steps, |x|), or (sequences, steps) where |x| is 1.
        targets : classes, (sequences,) or (sequences, k); or numbers, (sequences,),
            (sequences, |y|) or (sequences, k, |y|). Those of k > 1 are asked for at the last k
            steps.
        test, validation : shares of the sequences that are held out, drawn with `seed`.
        splits : name → positions of sequences, in the place of these; a sequence may be in several.
        blank_steps : of zeros, behind the given steps.
        about : what is kept with the data.

        Raises
        ------
        InputError
            If the arrays are not of these shapes, or a split is empty.
        """
        inputs, targets = np.asarray(inputs), np.asarray(targets)
        if inputs.ndim == 2:
            inputs = inputs[..., None]
        if inputs.ndim != 3 or targets.ndim < 1 or len(inputs) != len(targets):
            raise InputError(
                f"inputs {inputs.shape} and targets {targets.shape}: takes (sequences, steps, |x|) "
                "and as many targets"
            )
        if inputs.dtype != np.uint8:
            inputs = inputs.astype(np.uint8 if inputs.dtype == bool else np.float32)
        if classes := targets.dtype.kind in "bui":
            targets = targets.astype(np.int64).reshape(len(targets), -1)
        else:
            rows = targets.reshape(len(targets), 1, -1) if targets.ndim < 3 else targets
            targets = rows.astype(np.float32)
        steps, asked = inputs.shape[1] + blank_steps, targets.shape[1]
        if asked > steps:
            raise InputError(f"targets ask for {asked} answers in {steps} steps")
        if splits is None:
            splits = held_out(len(inputs), {"validation": validation, "test": test}, seed)
        places = {name: np.asarray(chosen) for name, chosen in splits.items()}
        places = {
            name: np.flatnonzero(chosen) if chosen.dtype == bool else chosen
            for name, chosen in places.items()
        }
        for name in ("train", "test"):
            if not len(places.get(name, ())):
                raise InputError(f"split {name} of {len(inputs)} sequences is empty")
        order = np.concatenate(list(places.values()))
        bounds = pairwise(np.cumsum([0, *map(len, places.values())]).tolist())
        return cls(
            inputs=inputs[order],
            targets=(targets[:, 0] if classes and asked == 1 else targets)[order],
            loss="cross_entropy" if classes else "mean_squared_error",
            loss_steps=tuple(range(steps - asked, steps)),
            splits=dict(zip(places, bounds, strict=True)),
            blank_steps=blank_steps,
            about=about or {},
        )


def held_out(
    number: int, shares: Mapping[str, float], seed: int | np.random.SeedSequence
) -> dict[str, np.ndarray]:
    """Draw which of a number of sequences are held out.

    Parameters
    ----------
    shares : split → its share; a share of 0 makes no split. What is left is "train".
    seed : of the draw.

    Returns
    -------
    split → positions, "train" first.
    """
    counts = {name: round(share * number) for name, share in shares.items() if share}
    order = np.random.default_rng(seed).permutation(number)
    *parts, rest = np.split(order, np.cumsum(list(counts.values())))
    return {"train": rest, **dict(zip(counts, parts, strict=True))}


class Means(NamedTuple):
    """What a data set may be made with; none of it changes a byte of what is made.

    Attributes
    ----------
    threads : at most so many threads or processes.
    device : where the arithmetic may be done.
    file : where the data set will be written, if it will be; what is made besides goes beside it.
    """

    threads: int = 1
    device: str = "cpu"
    file: Path | None = None


ALONE = Means()


class DataSpec(Frozen):
    """The config of a data set, and how to make it. Subclasses add fields and a `kind`."""

    kind: str
    redraw: bool | Literal["epoch"] = Field(
        default=False,
        description="Draw the data set anew for every seed index; or `epoch`: the training "
        "sequences of every epoch and seed index anew, while what is evaluated on stays the same.",
    )

    @field_validator("redraw")
    @classmethod
    def _has_epochs(cls, redraw: bool | str) -> bool | str:
        if redraw == "epoch" and cls.make_epoch is DataSpec.make_epoch:
            raise ValueError("takes true or false: this kind cannot be drawn anew every epoch")
        return redraw

    # Modules, beside the class's own, whose code decides what is made: their digest is in the DAG.
    made_by: ClassVar[tuple[str, ...]] = ()
    # Whether it is a task of the papers', so that their claims and scale are about it.
    papers: ClassVar[bool] = False
    # Fields that say where something is found, and change nothing of what is made.
    where: ClassVar[tuple[str, ...]] = ()

    @property
    def environment(self) -> str | None:
        """The task whose environment scores what is trained on it, as a policy; None without."""
        return None

    @property
    def files(self) -> tuple[Path, ...]:
        """Files of the user's own whose content decides what is made."""
        return ()

    def check_installed(self) -> None:
        """Raise InputError if what its experiments need beyond the package is not installed."""

    @property
    def shape(self) -> Shape:
        """The sizes, known before anything is made."""
        raise NotImplementedError

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Make the sequences. The same seed gives the same bytes on any machine.

        Parameters
        ----------
        seed : where all random numbers come from.
        means : what it may be made with.
        """
        raise NotImplementedError

    def make_epoch(
        self, seed: np.random.SeedSequence, seed_index: int, epoch: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Make the inputs and targets that one epoch trains on, where each has its own.

        Parameters
        ----------
        seed : the data set's.
        seed_index : the run's.
        epoch : from 0.
        """
        raise NotImplementedError


KINDS: dict[str, type[DataSpec]] = {}


def register(spec: type[DataSpec]) -> type[DataSpec]:
    """Add a data set class to the registry under its `kind`.

    Raises
    ------
    InputError
        If its kind is another's, or its `make` does not take what `DataSpec.make` does.
    """
    kind = spec.model_fields["kind"].default
    if not isinstance(kind, str):
        raise TypeError(f"{spec.__name__} gives its kind no default")
    other = KINDS.get(kind)
    if other and (other.__module__, other.__qualname__) != (spec.__module__, spec.__qualname__):
        raise InputError(f"two data sets are registered under the kind {kind!r}")
    takes, found = ([*inspect.signature(one.make).parameters] for one in (DataSpec, spec))
    if found[: len(takes)] != takes:
        raise InputError(
            f"data set {spec.__name__}: its make takes ({', '.join(found)}); "
            f"write def make({', '.join(takes)}=ALONE), with ALONE of blockmaps.data"
        )
    KINDS[kind] = spec
    return spec
