"""GPUs of this machine: how many it shows, and one for each training job; without torch."""

import itertools
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

VISIBLE = "CUDA_VISIBLE_DEVICES"


def gpus(accelerator: str = "auto") -> list[str]:
    """Return the CUDA devices that training jobs could be given, as CUDA names them.

    Parameters
    ----------
    accelerator : the config's; "cpu" leaves the GPUs alone.
    """
    if accelerator == "cpu":
        return []
    visible = os.environ.get(VISIBLE)
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1")]
    found = Path("/dev").glob("nvidia[0-9]*")
    return sorted((path.name.removeprefix("nvidia") for path in found), key=int)


def count_gpus(accelerator: str = "auto") -> int:
    """Return the number of `gpus`."""
    return len(gpus(accelerator))


@contextmanager
def own_gpu(
    accelerator: str = "auto", folder: Path | None = None, sharing: int = 1
) -> Iterator[str | None]:
    """Show this process one GPU, which no other process that asks here has meanwhile, or few have.

    It is what CUDA_VISIBLE_DEVICES is set to, which counts until torch first asks for a GPU. Of
    what the user or the scheduler has put there one is taken: of one device alone there is nothing
    to choose, as under SLURM. The locks are the system's, so that a process that is killed holds
    none. Where all are taken, more jobs run than there are GPUs, and all are left visible.

    Parameters
    ----------
    accelerator : as for `gpus`.
    folder : of the locks; one of the user's, on this machine's own disk, if left out.
    sharing : how many processes may have a GPU at once; every GPU has one before any has two.

    Yields
    ------
    The device; None where nothing was chosen.
    """
    several, before = gpus(accelerator), os.environ.get(VISIBLE)
    if len(several) < 2:
        yield None
        return
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = folder or Path(tempfile.gettempdir()) / f"blockmaps-gpus-{user}"
    for place, name in itertools.product(range(sharing), several):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        slot = re.sub("[^0-9A-Za-z-]", "_", name) + (f".{place}" if place else "")
        lock = FileLock(folder / f"{slot}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        os.environ[VISIBLE] = name
        try:
            yield name
        finally:
            lock.release()
            if before is None:
                del os.environ[VISIBLE]
            else:
                os.environ[VISIBLE] = before
        return
    yield None
