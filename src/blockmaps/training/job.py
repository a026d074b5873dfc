"""A training job's manifest: what ran, from which code, on what, how long and how much of it.

It is made around training, not in it: no module that training imports knows of it, so that neither
a runs table nor a checkpoint depends on it.
"""

import contextlib
import json
import math
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

from blockmaps.core.code import code_digest
from blockmaps.core.errors import DamagedError
from blockmaps.core.files import whole
from blockmaps.plan.shards import Shard
from blockmaps.results.jobs import utc
from blockmaps.results.manifest import commit
from blockmaps.results.measures import flops
from blockmaps.training import checkpoints
from blockmaps.training.environment import environment, peak_gpu_bytes
from blockmaps.training.shard import STEP, Trained

FORMAT = 1
# A step is the forward pass, the gradient with respect to states and that with respect to unknowns.
PASSES = 3


class Stand(NamedTuple):
    """Where a variant's checkpoint stands: the context that it was made in, and its epoch."""

    context: str | None
    epoch: int


class Job:
    """A training job, from before it trains.

    Parameters
    ----------
    shard : what it trains.
    folder : of the checkpoints.
    """

    def __init__(self, shard: Shard, folder: Path) -> None:
        self.shard, self.folder = shard, folder
        self.started, self._began = datetime.now(UTC), time.perf_counter()
        self._worked = time.process_time()
        _forget_peaks()
        self._found = self._stands()

    def _stands(self) -> dict[str, Stand]:
        return {one.key: _stand(self.folder, one.key) for one in self.shard.variants}

    def manifest(self, trained: Trained) -> dict[str, Any]:
        """Return the manifest of the job that has trained."""
        after, rows, data = self._stands(), trained.rows, trained.data.stored
        steps = data.inputs.shape[1] + data.blank_steps
        arithmetic = {
            one.key: flops(one, trained.starts[one.key], steps) for one in self.shard.variants
        }
        device = rows.loc[rows["epoch"].idxmax(), "device"]
        if not torch.cuda.is_available():
            device = "cpu"  # where rows name a GPU, an earlier job trained on it, elsewhere
        variants = {}
        for key, own in rows.groupby("key"):
            # only a checkpoint of the context that the job left behind counted
            earlier = self._found[key]
            counted = earlier.context == after[key].context and earlier.context is not None
            variants[key] = of_variant(own, arithmetic[key]) | {
                "from_epoch": earlier.epoch if counted else 0
            }
        shard, described = self.shard, commit()
        return {
            "format": FORMAT,
            "shard": shard.id,
            "experiment": shard.experiment,
            "dataset": shard.dataset,
            # as the file that was read says; what was asked for is the same, or nothing is trained
            "data_digest": data.about["data_digest"],
            "data_code": data.about.get("code"),
            "data_sha256": data.seal,
            "root_seed": shard.seed,
            "seed_index": shard.seed_index,
            "commit": described.removesuffix("-dirty"),
            "clean": not described.endswith("-dirty") if described else None,
            "code": code_digest(STEP),
            "started": utc(self.started),
            "ended": utc(datetime.now(UTC)),
            "seconds": round(time.perf_counter() - self._began, 2),
            "cpu_seconds": round(time.process_time() - self._worked, 2),
            "peak_memory_bytes": peak_bytes(),
            "peak_gpu_memory_bytes": peak_gpu_bytes(device),
            "resumed": any(one["from_epoch"] > 0 for one in variants.values()),
            "training_flops": _total(variants, "training_flops"),
            "dense_training_flops": _total(variants, "dense_training_flops"),
            "environment": environment(device),
            "variants": variants,
        }

    def write(self, trained: Trained, path: Path) -> None:
        """Write the manifest of the job that has trained, whole or not at all."""
        with whole(path) as partial:
            text = json.dumps(self.manifest(trained), indent=1, ensure_ascii=False) + "\n"
            partial.write_text(text, encoding="utf-8")


def _stand(folder: Path, key: str) -> Stand:
    """Return where a variant's checkpoint stands; nowhere, if there is none or it is broken."""
    try:
        found = checkpoints.read(checkpoints.path_of(folder, key))
    except (FileNotFoundError, DamagedError):
        return Stand(None, 0)
    return Stand(found["context"], found["epoch"])


def of_variant(rows: pd.DataFrame, arithmetic: dict[str, float]) -> dict[str, Any]:
    """Return what a variant's training took.

    Parameters
    ----------
    rows : the variant's, of the runs table.
    arithmetic : of a forward pass a sequence (see `measures.flops`).

    Returns
    -------
    seconds, epochs and steps of all its training, that of earlier jobs too, and its FLOPs: 3 ×
    those of the forward pass × all training sequences that it saw. Evaluation is not counted. None
    where they are not known.
    """
    last = rows.loc[rows["epoch"].idxmax()]
    seen = int(rows.loc[rows["split"] == "train", "sequences"].sum())
    flops = {
        name.replace("flops_per_sequence", "training_flops"): _flops(value, seen)
        for name, value in arithmetic.items()
    }
    return {
        "seconds": round(float(last["seconds"]), 3),
        "epochs": int(last["epoch"]),
        "steps": int(last["step"]),
        **flops,
    }


def _flops(per_sequence: float, sequences: int) -> int | None:
    return round(PASSES * per_sequence * sequences) if math.isfinite(per_sequence) else None


def _total(variants: dict[str, dict[str, Any]], name: str) -> int | None:
    """Return the sum over the variants, None if one's is not known."""
    every = [one[name] for one in variants.values()]
    return None if None in every else sum(every)


def _forget_peaks() -> None:
    """Have the peaks of memory begin anew: a process may have trained other shards before.

    Where the system has no such thing, the host's stays the process's.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    if torch.cuda.is_available():
        torch.cuda.init()  # else it knows no device yet
        for device in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(device)


def peak_bytes() -> int:
    """Return the most memory of the host that this process held at once since the job began."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # Linux counts in KiB
