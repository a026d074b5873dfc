"""The file of a data set: arrays as they are and one line of canonical JSON, memory-mapped.

The format is safetensors: a header and raw arrays, so that the same data give the same bytes and
two jobs that read one file share its pages.
"""

import errno
import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from safetensors import SafetensorError, safe_open

from blockmaps.core.canonical import canonical_json
from blockmaps.core.errors import InputError
from blockmaps.core.files import whole
from blockmaps.data import Pieces, SequenceData

if TYPE_CHECKING:
    from torch import Tensor

NAMES = {"bool": "BOOL", "float16": "F16", "float32": "F32", "float64": "F64"}
NAMES |= {
    f"{sign}int{bits}": f"{sign[:1].upper() or 'I'}{bits}"
    for sign in ("u", "")
    for bits in (8, 16, 32, 64)
}
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


def _pieces(array: np.ndarray | Pieces) -> Iterator[np.ndarray]:
    yield from array.make() if isinstance(array, Pieces) else [array]


def write(data: SequenceData, path: Path) -> None:
    """Write a data set whole, or not at all.

    The library writes arrays that are whole in memory; here pieces go to the file as they are
    made. The format is a length, a JSON header padded to eight bytes, and the arrays' bytes.

    Raises
    ------
    InputError
        If there is no space for it.
    """
    check(data)
    arrays = {name: value for name in ARRAYS if (value := getattr(data, name)) is not None}
    # the widest numbers first, so that every array starts at a multiple of its own numbers' size
    arrays = dict(sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])))
    facts = {name: getattr(data, name) for name in FACTS}
    header: dict[str, Any] = {"__metadata__": {"blockmaps": canonical_json(facts)}}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + math.prod(array.shape) * array.dtype.itemsize
        header[name] = {
            "dtype": NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    try:
        with whole(path) as partial:
            if shutil.disk_usage(partial.parent).free < end:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with partial.open("wb") as file:
                file.write(len(text).to_bytes(8, "little") + text)
                for array in arrays.values():
                    for piece in _pieces(array):
                        file.write(np.ascontiguousarray(piece).data)
                if file.tell() != 8 + len(text) + end:
                    raise ValueError("pieces do not add up to the shape that was given")
    except OSError as fault:
        size = f"{end / 1e9:.2g} GB"
        raise InputError(f"{path}: cannot be written ({size}): {fault.strerror}") from fault


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Open a data set's file; give it and its facts.

    Raises
    ------
    InputError
        If the file is not there or not a data set.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such data set; make it with `blockmaps data`")
    try:
        with safe_open(path, framework=framework) as file:
            yield file, json.loads(file.metadata()["blockmaps"])
    except (SafetensorError, KeyError, TypeError) as fault:
        raise InputError(
            f"{path}: not a data set of blockmaps ({fault}); remove it and make it again"
        ) from fault


@overload
def read(
    path: Path, framework: Literal["numpy"] = "numpy"
) -> SequenceData[np.ndarray, np.ndarray]: ...


@overload
def read(path: Path, framework: Literal["pt"]) -> "SequenceData[Tensor, Tensor]": ...


def read(path: Path, framework: str = "numpy") -> SequenceData:
    """Read a data set, its arrays memory-mapped.

    Parameters
    ----------
    path : the file.
    framework : "numpy" or "pt": what the arrays come as.

    Raises
    ------
    InputError
        If the file is not there or not a data set.
    """
    with _opened(path, framework) as (file, facts):
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    facts["splits"] = {name: tuple(bounds) for name, bounds in facts["splits"].items()}
    for name in ("loss_steps", "group_names"):
        facts[name] = tuple(facts[name])
    return SequenceData(**arrays, **facts)


def first_inputs(path: Path, number: int) -> tuple[np.ndarray, int]:
    """Return what a model reads at step 1, and how many steps a sequence has, blank ones included.

    Parameters
    ----------
    number : of the first training sequences; no more of the file is read.

    Returns
    -------
    (number, |x|) float64, to the bit what training reads; and the steps.

    Raises
    ------
    InputError
        If the file is not there or not a data set.
    """
    with _opened(path, "numpy") as (file, facts):
        begin, end = facts["splits"]["train"]
        inputs = file.get_slice("inputs")
        steps = inputs.get_shape()[1] + facts["blank_steps"]
        given = inputs[begin : min(end, begin + number), 0]
    given = given.astype(np.float32) * np.float32(facts["scale"]) + np.float32(facts["offset"])
    return given.astype(np.float64), steps
