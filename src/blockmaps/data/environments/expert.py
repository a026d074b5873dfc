"""Experts' policies, from files: those of DAPG (Rajeswaran et al., arXiv:1709.10087).

A policy is a Gaussian with mean μ(o) and standard deviation exp(log_std):

    u₀ = (o − in_shift) / (in_scale + 1e-8)
    u₁ = tanh(W0 u₀ + b0)
    u₂ = tanh(W1 u₁ + b1)
    μ  = (W2 u₂ + b2) · out_scale + out_shift

Files are `dapg/policies/<task>-v0.pickle` of github.com/aravindr93/hand_dapg as plain arrays, and
checked by the sha256 of what is in them: the archive's own bytes depend on who packed it. Looked
for in the folder that the config names, then in `$BLOCKMAPS_DATA/adroit` and `$BLOCKMAPS_DATA`
itself.
"""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Float

from blockmaps.core.errors import InputError
from blockmaps.data.environments.tasks import Task


class Expert:
    """A DAPG policy.

    Parameters
    ----------
    arrays : W0, b0, W1, b1, W2, b2, in_shift, in_scale, out_shift, out_scale, log_std.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = {name: array.astype(float) for name, array in arrays.items()}

    def mean(self, observations: Float[np.ndarray, "*batch x"]) -> Float[np.ndarray, "*batch y"]:
        """Return μ of observations."""
        a = self.arrays
        u = (observations - a["in_shift"]) / (a["in_scale"] + 1e-8)
        u = np.tanh(u @ a["W0"].T + a["b0"])
        u = np.tanh(u @ a["W1"].T + a["b1"])
        return (u @ a["W2"].T + a["b2"]) * a["out_scale"] + a["out_shift"]

    def sample(
        self, observations: Float[np.ndarray, "*batch x"], rng: np.random.Generator
    ) -> Float[np.ndarray, "*batch y"]:
        """Return actions drawn from the Gaussian; they are not clipped."""
        mean = self.mean(observations)
        return mean + np.exp(self.arrays["log_std"]) * rng.standard_normal(mean.shape)


def content_digest(arrays: dict[str, np.ndarray]) -> str:
    """Return the sha256 of arrays: their names and their values in float32, in order of name."""
    content = hashlib.sha256()
    for name in sorted(arrays):
        content.update(name.encode())
        content.update(np.ascontiguousarray(arrays[name], "<f4").tobytes())
    return content.hexdigest()


def find(task: Task, folder: str | None = None) -> Path:
    """Return the path of the file of a task's expert.

    Parameters
    ----------
    task : the task.
    folder : where the config says that it is.

    Raises
    ------
    InputError
        If there is no such file, with where to get it.
    """
    if task.policy is None:
        raise InputError(
            f"task {task.name}: has no expert policy to roll out; `source: minari` has its episodes"
        )
    data = os.environ.get("BLOCKMAPS_DATA")
    places = (
        [Path(folder).expanduser()]
        if folder
        else [Path(data, "adroit"), Path(data)]
        if data
        else []
    )
    for place in places:
        if (place / task.policy.name).is_file():
            return place / task.policy.name
    where = "; ".join(map(str, places)) or "BLOCKMAPS_DATA is not set"
    raise InputError(
        f"task {task.name}: no {task.policy.name} ({where}): put the arrays of dapg/policies/"
        f"{task.name}-v0.pickle from github.com/aravindr93/hand_dapg there, name the folder by "
        "`folder:` or as $BLOCKMAPS_DATA/adroit; or take `source: minari`"
    )


def load(task: Task, folder: str | None = None) -> Expert:
    """Return a task's expert.

    Raises
    ------
    InputError
        If there is no file of it, or it is another.
    """
    path = find(task, folder)
    try:
        with np.load(path) as file:
            arrays = dict(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise InputError(f"{path}: cannot be read as arrays: {fault}") from fault
    if task.policy is None or content_digest(arrays) != task.policy.sha256:
        raise InputError(
            f"{path}: is not the expert's policy of {task.name} (its sha256 differs); get it again"
        )
    return Expert(arrays)
