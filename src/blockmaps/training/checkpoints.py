"""Checkpoints at epoch ends, one file a variant, beside the declared outputs.

A variant's checkpoint does not depend on the bank it was trained in, so that a run that was cut off
goes on in whatever bank the next plan puts it. It holds the context that it was made in (data,
recipe, seeds, code); under another context it does not count, and neither does a damaged one.
"""

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import lightning
import torch

from blockmaps.core.errors import DamagedError
from blockmaps.core.files import whole
from blockmaps.training.module import BankTraining

Checkpoint = dict[str, Any]
PARTS = {"context", "epoch", "step", "seconds", "parameters", "moments", "rows", "groups"}


def path_of(folder: Path, key: str) -> Path:
    """Return the file of a variant's checkpoint."""
    return folder / f"{key}.pt"


def read(path: Path) -> Checkpoint:
    """Return a checkpoint after it was compared with its checksums.

    A file of torch's is a zip archive with a CRC-32 of each part; torch itself does not look at it.

    Raises
    ------
    FileNotFoundError
        If there is none.
    DamagedError
        If it is not what was written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (part := archive.testzip()) is not None:
                raise ValueError(f"{part} is not what its checksum says")
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(checkpoint, dict) or set(checkpoint) != PARTS:
            raise ValueError(f"it takes {', '.join(sorted(PARTS))}")
        if checkpoint["rows"][-1]["epoch"] != checkpoint["epoch"]:
            raise ValueError(f"its rows are not those of epoch {checkpoint['epoch']}")
    except FileNotFoundError:
        raise
    except Exception as fault:  # a broken file can fail anywhere
        reason = " ".join(str(fault).split())[:200] or type(fault).__name__
        raise DamagedError(f"{path}: damaged, or no checkpoint: {reason}") from fault
    return checkpoint


def load(folder: Path, key: str, context: str) -> Checkpoint | None:
    """Return a variant's checkpoint, or None where there is none that counts.

    A damaged one does not count: a line says so, and what is trained anew is written over it.
    """
    try:
        checkpoint = read(path_of(folder, key))
    except FileNotFoundError:
        return None
    except DamagedError as fault:
        print(f"blockmaps: {fault}; left out, trained from the start", file=sys.stderr, flush=True)
        return None
    return checkpoint if checkpoint["context"] == context else None


def save(folder: Path, context: str, module: BankTraining) -> None:
    """Write the checkpoint of every variant of a bank, each whole or not at all."""
    bank, adam = module.bank, module.adam
    for k, variant in enumerate(module.variants):
        parameters = (bank.unknowns[k], bank.biases[k])
        checkpoint = {
            "context": context,
            "epoch": module.epochs,
            "step": module.steps,
            "seconds": module.seconds,
            "parameters": [parameter.detach().cpu() for parameter in parameters],
            "moments": [
                {name: value.cpu() for name, value in adam.state[parameter].items()}
                for parameter in parameters
            ],
            "rows": module.rows[k],
            "groups": {
                split: (sums[k].cpu(), sequences.cpu())
                for split, (sums, sequences) in module.by_group.items()
            },
        }
        # in memory first: torch's own writer tells no reason when a disk is full
        content = io.BytesIO()
        torch.save(checkpoint, content)
        # after a power cut it may be gone, or damaged and left out: then it is trained again
        with whole(path_of(folder, variant.key), lasting=False) as partial:
            partial.write_bytes(content.getbuffer())


class Checkpoints(lightning.Callback):
    """Writes the checkpoints at the end of every epoch."""

    def __init__(self, folder: Path, context: str) -> None:
        self.folder, self.context = folder, context

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Write them."""
        save(self.folder, self.context, module)
