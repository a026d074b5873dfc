"""The file of a data set: arrays as they are and one line of canonical JSON, memory-mapped.

The format is safetensors: a header and raw arrays, so that the same data give the same bytes and
two jobs that read one file share its pages.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from blockmaps.canonical import canonical_json
from blockmaps.data import SequenceData
from blockmaps.errors import InputError
from blockmaps.files import whole

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


def check(data: SequenceData) -> SequenceData:
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


def write(data: SequenceData, path: Path) -> None:
    """Write a data set whole, or not at all."""
    check(data)
    arrays = {
        name: np.ascontiguousarray(value)
        for name in ARRAYS
        if (value := getattr(data, name)) is not None
    }
    # one key, since the order of several is not fixed by the format's writer
    header = {"blockmaps": canonical_json({name: getattr(data, name) for name in FACTS})}
    with whole(path) as partial:
        save_file(arrays, partial, metadata=header)
        partial.chmod(0o644)  # the writer makes it unreadable to others who share the folder


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
    if not path.is_file():
        raise InputError(f"{path}: no such data set; make it with `blockmaps data`")
    try:
        with safe_open(path, framework=framework) as file:
            facts = json.loads(file.metadata()["blockmaps"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError) as fault:
        raise InputError(
            f"{path}: not a data set of blockmaps ({fault}); remove it and make it again"
        ) from fault
    facts["splits"] = {name: tuple(bounds) for name, bounds in facts["splits"].items()}
    for name in ("loss_steps", "group_names"):
        facts[name] = tuple(facts[name])
    return SequenceData(**arrays, **facts)
