"""What a training job runs on and with: versions, device and driver, and how torch is set."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from blockmaps.results.manifest import PACKAGES


def environment(device: str) -> dict[str, Any]:
    """Return what this process runs on and with.

    Parameters
    ----------
    device : what was trained on, as in the runs table: "cpu", or the GPU's name.

    Returns
    -------
    JSON values. `driver`, `cuda` and `cudnn` are None on a CPU. It must be called when training is
    over, so that the settings of torch are those that training was done with.
    """
    gpu = device != "cpu"
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "device": device,
        "driver": gpu_driver() if gpu else None,
        "cuda": torch.version.cuda if gpu else None,
        "cudnn": torch.backends.cudnn.version() if gpu else None,
        "determinism": determinism(),
    }


def cpu_model() -> str:
    """Return the CPU's model as its maker names it; its architecture where that is not told."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def gpu_driver() -> str:
    """Return the version of NVIDIA's driver, "" where nvidia-smi does not tell."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return ""
    return done.stdout.strip().partition("\n")[0]


def determinism() -> dict[str, Any]:
    """Return the settings of torch that decide whether a run repeats itself to the last bit.

    `flush_denormal` is tried, since torch does not tell: half the smallest normal number becomes
    zero, or not.
    """
    smallest = torch.tensor(torch.finfo(torch.float32).tiny)
    return {
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "allow_tf32": torch.backends.cuda.matmul.allow_tf32,
        "flush_denormal": not bool(smallest / 2 * 4 > 0),
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
    }


def peak_gpu_bytes(device: str) -> int | None:
    """Return the most memory that torch held on a GPU at once; None on a CPU."""
    if device == "cpu":
        return None
    return max(torch.cuda.max_memory_allocated(index) for index in range(torch.cuda.device_count()))
