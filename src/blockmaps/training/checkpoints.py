"""Checkpoints at epoch ends, one file a variant, beside the declared outputs.

A variant's checkpoint does not depend on the bank it was trained in, so that a run that was cut off
goes on in whatever bank the next plan puts it. It holds the context that it was made in (data,
recipe, seeds, code); under another context it does not count.
"""

from pathlib import Path
from typing import Any

import lightning
import torch

from blockmaps.core.files import whole
from blockmaps.training.module import BankTraining

Checkpoint = dict[str, Any]


def path_of(folder: Path, key: str) -> Path:
    """Return the file of a variant's checkpoint."""
    return folder / f"{key}.pt"


def load(folder: Path, key: str, context: str) -> Checkpoint | None:
    """Return a variant's checkpoint, or None where there is none that counts."""
    path = path_of(folder, key)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return None
    except Exception:  # a broken file can fail anywhere: train from the start, and write over it
        return None
    return checkpoint if checkpoint.get("context") == context else None


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
        with whole(path_of(folder, variant.key)) as partial:
            torch.save(checkpoint, partial)


class Checkpoints(lightning.Callback):
    """Writes the checkpoints at the end of every epoch."""

    def __init__(self, folder: Path, context: str) -> None:
        self.folder, self.context = folder, context

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Write them."""
        save(self.folder, self.context, module)
