"""Does a made data set fit what its class says, and what training takes? One line a finding.

A *fault* would end in an error of training, or train on something else than was meant; a *note* is
worth a look. Nothing here decides what a data set holds but the cast of its numbers, so it is no
part of any step's code: a reworded line trains nothing again.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, get_args

import numpy as np

from blockmaps.core.errors import InputError
from blockmaps.data import Loss, SequenceData, Shape, store

# Shares of a class in two splits that differ by more than this were hardly drawn alike.
APART = 0.2
# Standard deviations of what is read, or is to be answered, that a start at fan-in copes with.
USUAL = (0.05, 20.0)
SHOWN = 4  # examples of what is wrong


class DataFaults(NamedTuple):
    """What was found.

    Attributes
    ----------
    data : the data set as it is to be written: its numbers cast to what training takes.
    faults, notes : one line each.
    """

    data: SequenceData
    faults: list[str]
    notes: list[str]


def examine(data: Any, shape: Shape) -> DataFaults:
    """Look at a data set that was made.

    Parameters
    ----------
    data : what `make` returned.
    shape : what the class says of it.
    """
    if not isinstance(data, SequenceData):
        return DataFaults(data, [f"`make` returns {type(data).__name__}; takes SequenceData"], [])
    data, faults, notes = _cast(data)
    faults = faults or _of_form(data)
    if not faults:
        faults = [*_of_sizes(data, shape), *_of_targets(data, shape), *_of_inputs(data)]
    if not faults:
        notes += [*_of_splits(data), *_of_scale(data), *_of_steps(data)]
        if data.loss == "cross_entropy":
            notes += _of_classes(data, shape)
    return DataFaults(data, faults, notes)


def require(name: str, data: Any, shape: Shape) -> SequenceData:
    """Return a data set as it is to be written.

    Raises
    ------
    InputError
        If it does not fit: the first fault, and how many more there are.
    """
    found = examine(data, shape)
    if found.faults:
        more = f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""
        raise InputError(
            f"data set {name}: {found.faults[0]}{more}; `blockmaps check-data {name}` lists all"
        )
    return found.data


def _cast(data: SequenceData) -> DataFaults:
    """Cast inputs, targets and groups to the numbers that training takes, with a word each."""
    faults: list[str] = []
    notes: list[str] = []
    changed: dict[str, Any] = {}
    for name, array in (("inputs", data.inputs), ("targets", data.targets)):
        kind = getattr(getattr(array, "dtype", None), "kind", "O")
        if kind not in "buif":
            found = getattr(array, "dtype", type(array).__name__)
            faults.append(f"{name} are {found}; takes an array of numbers")
            continue
        numbers = _numbers(name, data, kind)
        if numbers is None or array.dtype == numbers or not isinstance(array, np.ndarray):
            continue
        cast: np.ndarray = array.astype(numbers)
        if name == "targets" and data.loss == "cross_entropy" and not np.array_equal(cast, array):
            faults.append("targets are numbers with a fraction; takes class numbers from 0")
            continue
        changed[name] = cast
        notes.append(f"{name} are {array.dtype}; cast to {np.dtype(numbers)}")
    if data.loss not in get_args(Loss):
        faults.append(f"loss is {data.loss!r}; takes one of {', '.join(get_args(Loss))}")
    return DataFaults(replace(data, **changed), faults, notes)


def _numbers(name: str, data: SequenceData, kind: str) -> type | None:
    """Return what an array is cast to; None where it stays as it is."""
    if name == "inputs":
        if data.inputs.dtype == np.uint8:
            return None
        return np.uint8 if kind == "b" else np.float32
    if data.loss == "cross_entropy":
        return None if kind in "ui" else np.int64
    return np.float32


def _of_form(data: SequenceData) -> list[str]:
    """Say what keeps the arrays from being read as sequences."""
    if len(data.inputs.shape) != 3 or 0 in data.inputs.shape:
        return [f"inputs have shape {data.inputs.shape}; takes (sequences, steps, |x|)"]
    if not len(np.shape(data.targets)):
        return ["targets are one number; takes one or more a sequence"]
    for name, bounds in data.splits.items():
        if len(bounds) != 2 or not all(isinstance(one, int | np.integer) for one in bounds):
            return [
                f"split {name} is {bounds}; takes the first sequence and the one behind the last"
            ]
    try:
        store.check(data)
    except ValueError as fault:
        return [str(fault)]
    if data.groups is not None and not (
        data.groups.min() >= 0 and data.groups.max() < len(data.group_names)
    ):
        return [f"groups are numbers up to {data.groups.max()} of {len(data.group_names)} names"]
    return []


def _of_sizes(data: SequenceData, shape: Shape) -> Iterator[str]:
    """Compare the inputs with the sizes that the class gives."""
    _, given, inputs = data.inputs.shape
    if inputs != shape.inputs:
        yield f"inputs have |x| = {inputs}; the class's `shape` says inputs={shape.inputs}"
    steps = given + data.blank_steps
    if steps != shape.steps:
        blank = f" and {data.blank_steps} blank" if data.blank_steps else ""
        yield (
            f"sequences have {steps} steps ({given} given{blank}); the class's `shape` says "
            f"steps={shape.steps}"
        )


def _of_targets(data: SequenceData, shape: Shape) -> Iterator[str]:
    """Compare the targets with the loss, its steps and |y|."""
    targets, sequences, number = data.targets, len(data.targets), len(data.loss_steps)
    if data.loss == "cross_entropy":
        if targets.shape not in ((sequences,), (sequences, 1), (sequences, number)):
            yield (
                f"targets have shape {targets.shape}; takes (sequences,) or (sequences, loss "
                f"steps) class numbers: ({sequences},) or ({sequences}, {number})"
            )
        outside = targets[(targets < 0) | (targets >= shape.outputs)]
        if len(outside):
            some = ", ".join(map(str, np.unique(outside)[:SHOWN]))
            yield (
                f"{len(outside):,} targets are out of range, such as {some}; takes classes 0 to "
                f"{shape.outputs - 1}, as |y| = {shape.outputs}"
            )
        elif alike := _alike(data):
            yield f"every target of split train is class {alike[0]:g}: nothing is to be told apart"
        return
    wanted = (sequences, number, shape.outputs)
    if targets.shape != wanted:
        yield (f"targets have shape {targets.shape}; takes (sequences, loss steps, |y|): {wanted}")
    if np.isinf(targets).any():
        yield f"{_where(np.isinf(targets))} of the targets is infinite"
    for name, (begin, end) in data.splits.items():
        if np.isnan(targets[begin:end]).all():
            yield f"every target of split {name} is NaN"
    if alike := _alike(data):
        some = ", ".join(f"{one:g}" for one in alike[:SHOWN])
        yield f"every target of split train is {some}: nothing is to be answered"


def _alike(data: SequenceData) -> list[float]:
    """Return the training targets' one value, or one an output; empty where any output varies."""
    begin, end = data.splits["train"]
    rows = np.asarray(data.targets[begin:end], float)
    rows = rows.reshape(-1, rows.shape[-1] if data.loss == "mean_squared_error" else 1)
    known = rows[~np.isnan(rows).any(axis=1)]
    return known[0].tolist() if len(known) > 1 and (known == known[0]).all() else []


def _of_inputs(data: SequenceData) -> Iterator[str]:
    """Look for what is no number; of inputs that are made piece by piece, not beforehand."""
    if isinstance(data.inputs, np.ndarray) and data.inputs.dtype.kind == "f":
        bad = ~np.isfinite(data.inputs)
        if bad.any():
            yield f"{_where(bad)} of the inputs is NaN or infinite; fill it, or leave it out"


def _where(bad: np.ndarray) -> str:
    """Say how many places are bad, and where the first is."""
    first = ", ".join(map(str, np.argwhere(bad)[0]))
    return f"{np.count_nonzero(bad):,} of {bad.size:,} numbers (first at [{first}])"


def _of_splits(data: SequenceData) -> Iterator[str]:
    """Look for splits that share sequences, are never used, or hold little."""
    ranges = {name: range(*bounds) for name, bounds in data.splits.items()}
    train = ranges["train"]
    for name, own in ranges.items():
        if name == "train":
            continue
        shared = min(own.stop, train.stop) - max(own.start, train.start)
        if shared > 0:
            yield f"split {name} shares {shared:,} sequences with train: they are not unseen"
        if not name.startswith(("test", "validation")):
            yield f"split {name} is never evaluated: names start with test or validation"
        if len(own) < 100:
            yield f"split {name} has {len(own)} sequences: what is measured on it is coarse"


def _of_scale(data: SequenceData) -> Iterator[str]:
    """Look for numbers so large or so small that training from the usual start is slow."""
    begin, end = data.splits["train"]
    read: dict[str, np.ndarray] = {}
    if isinstance(data.inputs, np.ndarray):
        read["inputs"] = data.inputs[begin:end][:1000] * data.scale + data.offset
    if data.loss == "mean_squared_error":
        read["targets"] = data.targets[begin:end]
    for name, numbers in read.items():
        mean, std = float(np.nanmean(numbers)), float(np.nanstd(numbers))
        if not USUAL[0] <= std <= USUAL[1] or abs(mean) > USUAL[1]:
            yield (
                f"{name} have mean {mean:.3g} and standard deviation {std:.3g}: training is easier "
                "where they are near 0 and 1"
            )


def _of_steps(data: SequenceData) -> Iterator[str]:
    """Say where an answer cannot have seen the last input through the state."""
    given = data.inputs.shape[1]
    if max(data.loss_steps) < given and given > 1:
        yield (
            f"the last loss is at step {max(data.loss_steps)}, where y reads h of the step before: "
            "what h makes of that step's input comes too late; blank_steps=1 and a loss one step "
            "later give it time"
        )


def _of_classes(data: SequenceData, shape: Shape) -> Iterator[str]:
    """Look for splits that hold classes unevenly."""
    shares = {}
    for name, (begin, end) in data.splits.items():
        counts = np.bincount(data.targets[begin:end].ravel(), minlength=shape.outputs)
        shares[name] = counts / counts.sum()
        if name == "train" and (missing := np.flatnonzero(counts == 0)).size:
            some = ", ".join(map(str, missing[:SHOWN]))
            yield f"split train has no sequence of class {some} ({missing.size} of {len(counts)})"
    most = int(shares["test"].argmax())
    if (
        shares["test"][most] > 1.5 / shape.outputs
        and shares["test"][most] > 1 / shape.outputs + 0.1
    ):
        yield (
            f"split test is unbalanced: answering class {most} every time is right in "
            f"{shares['test'][most]:.0%}, where {shape.outputs} even classes would give "
            f"{1 / shape.outputs:.0%}"
        )
    for name, own in shares.items():
        apart = np.abs(own - shares["train"])
        if apart.max() > APART:
            one = int(apart.argmax())
            yield (
                f"splits train and {name} hold class {one} in shares of {shares['train'][one]:.0%} "
                f"and {own[one]:.0%}: were sequences sorted by class?"
            )
