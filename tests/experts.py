"""Experts' policies: the real ones, where their files are, and ones of any numbers."""

from pathlib import Path

import numpy as np
import pytest

from blockmaps.core.errors import InputError
from blockmaps.data.environments import expert


def real(task) -> Path:
    """The expert's file, or a skipped test."""
    try:
        return expert.find(task)
    except InputError as fault:
        pytest.skip(str(fault))


def arrays(task, seed=0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = {"W0": (32, task.inputs), "W1": (32, 32), "W2": (task.outputs, 32)}
    sizes |= {"b0": 32, "b1": 32, "b2": task.outputs, "log_std": task.outputs}
    sizes |= {f"in_{name}": task.inputs for name in ("shift", "scale")}
    sizes |= {f"out_{name}": task.outputs for name in ("shift", "scale")}
    return {name: rng.normal(size=size) for name, size in sizes.items()}
