"""The file of a data set: arrays as they are and one line of canonical JSON, memory-mapped.

The format is safetensors with checksums (`core.sealed`): a header and raw arrays, so that the same
data give the same bytes and two jobs that read one file share its pages.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from blockmaps.core import sealed
from blockmaps.core.errors import InputError
from blockmaps.data import Pieces, SequenceData

if TYPE_CHECKING:
    from torch import Tensor

ARRAYS = ("inputs", "targets", "groups")
FACTS = (
    "loss",
    "loss_steps",
    "splits",
    "scale",
    "offset",
    "blank_steps",
    "group_names",
    "about",
)


def check(data: SequenceData[np.ndarray | Pieces, np.ndarray]) -> SequenceData:
    """Return the data if its parts agree.

    Raises
    ------
    ValueError
        Naming what does not fit.
    """
    number, given = data.inputs.shape[:2]
    if data.inputs.dtype not in (np.uint8, np.float32):
        raise ValueError(f"inputs are {data.inputs.dtype}; takes uint8 or float32")
    if len(data.targets) != number or (data.groups is not None and len(data.groups) != number):
        raise ValueError("inputs, targets and groups differ in their number of sequences")
    if missing := {"train", "test"} - set(data.splits):
        raise ValueError(f"splits lack {sorted(missing)}")
    for name, (begin, end) in data.splits.items():
        if not 0 <= begin < end <= number:
            raise ValueError(f"split {name} is {begin}:{end} of {number} sequences")
    steps = given + data.blank_steps
    if len(set(data.loss_steps)) < len(data.loss_steps):
        raise ValueError(f"loss steps {data.loss_steps} hold one twice")
    if not data.loss_steps or not all(0 <= step < steps for step in data.loss_steps):
        raise ValueError(f"loss steps {data.loss_steps} of {steps} steps")
    return data


def _array(array: np.ndarray | Pieces) -> sealed.Pieced:
    pieces = array.make() if isinstance(array, Pieces) else [array]
    return sealed.Pieced(array.shape, array.dtype, pieces)


def write(data: SequenceData, path: Path) -> None:
    """Write a data set whole, or not at all; pieces go to the file as they are made.

    Raises
    ------
    InputError
        If there is no space for it.
    """
    check(data)
    arrays = {name: _array(value) for name in ARRAYS if (value := getattr(data, name)) is not None}
    size = sum(array.bytes for array in arrays.values())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sealed.write(path, arrays, {name: getattr(data, name) for name in FACTS})
    except OSError as fault:
        raise InputError(
            f"{path}: cannot be written ({size / 1e9:.2g} GB): {fault.strerror}"
        ) from fault


@contextmanager
def _opened(path: Path, framework: str, made_from: str | None) -> Iterator[sealed.Sealed]:
    """Open a data set's file; arguments and errors as of `read`."""
    with sealed.opened(path, "data set", "blockmaps data", framework) as file:
        found = file.facts["about"].get("data_digest")
        if made_from is not None and found != made_from:
            raise InputError(
                f"{path}: holds another data set (digest {found}) than is asked for "
                f"({made_from}); make it again with `blockmaps data`"
            )
        yield file


@overload
def read(
    path: Path, framework: Literal["numpy"] = "numpy", made_from: str | None = None
) -> SequenceData[np.ndarray, np.ndarray]: ...


@overload
def read(
    path: Path, framework: Literal["pt"], made_from: str | None = None
) -> "SequenceData[Tensor, Tensor]": ...


def read(path: Path, framework: str = "numpy", made_from: str | None = None) -> SequenceData:
    """Read a data set, its arrays memory-mapped, after all of it was compared with its checksums.

    Parameters
    ----------
    path : the file.
    framework : "numpy" or "pt": what the arrays come as.
    made_from : the digest of what it must be made from (see `Plan.data_digest`); any, if None.

    Raises
    ------
    InputError
        If the file is not there, or holds another data set than is asked for.
    DamagedError
        If it is damaged or not a data set.
    """
    with _opened(path, framework, made_from) as file:
        arrays = {name: file.read(name) for name in file.names}
        facts = file.facts | {"seal": file.seal}
        facts["splits"] = {name: tuple(bounds) for name, bounds in facts["splits"].items()}
        for name in ("loss_steps", "group_names"):
            facts[name] = tuple(facts[name])
        return SequenceData(**arrays, **facts)


def about(path: Path, made_from: str | None = None) -> dict[str, Any]:
    """Return how a data set was made, without its arrays; arguments and errors as of `read`."""
    with _opened(path, "numpy", made_from) as file:
        return file.facts["about"]


def first_inputs(path: Path, number: int, made_from: str | None = None) -> tuple[np.ndarray, int]:
    """Return what a model reads at step 1, and how many steps a sequence has, blank ones included.

    Parameters
    ----------
    number : of the first training sequences; no more of the file is read.
    path, made_from : as of `read`, and so are the errors.

    Returns
    -------
    (number, |x|) float64, to the bit what training reads; and the steps.
    """
    with _opened(path, "numpy", made_from) as file:
        facts = file.facts
        begin, end = facts["splits"]["train"]
        steps = file.shape("inputs")[1] + facts["blank_steps"]
        given = file.read("inputs", slice(begin, min(end, begin + number)))[:, 0]
    given = given.astype(np.float32) * np.float32(facts["scale"]) + np.float32(facts["offset"])
    return given.astype(np.float64), steps
