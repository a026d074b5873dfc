"""One bank's training by Lightning: trainer, logger, progress, and going on from checkpoints."""

import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch import loggers
from lightning.pytorch.callbacks import TQDMProgressBar

from blockmaps.core.errors import InputError
from blockmaps.designs.variants import AnyVariant, CellVariant, LayersVariant, Start, Variant
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import CellBank, LayersBank
from blockmaps.training import checkpoints
from blockmaps.training.minibatches import BankData
from blockmaps.training.module import BankTraining

BANKS: dict[type, Any] = {Variant: Bank, CellVariant: CellBank, LayersVariant: LayersBank}


class Lines(lightning.Callback):
    """A plain line an epoch, for logs."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.began = epochs, time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Print the bank's means."""
        found = trainer.callback_metrics
        # of data without classes there are losses alone
        shown = "accuracy" if any(name.endswith("accuracy") for name in found) else "loss"
        means = ", ".join(
            f"{name} {value:.3{'f' if shown == 'accuracy' else 'g'}}"
            for name, value in sorted(found.items())
            if name.endswith(shown)
        )
        passed = time.perf_counter() - self.began
        print(f"epoch {module.epochs} of {self.epochs}: {means} ({passed:.0f} s)", flush=True)


def make_logger(kind: str, folder: Path) -> loggers.Logger:
    """Return one of Lightning's loggers.

    Raises
    ------
    InputError
        If its package is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if kind == "tensorboard":
            return loggers.TensorBoardLogger(folder.parent, name=folder.name, version="")
        if kind == "wandb":
            return loggers.WandbLogger(project="blockmaps", name=folder.name, save_dir=folder)
    except ModuleNotFoundError as fault:
        raise InputError(
            f"compute.logger: {kind} is not installed; pip install -e '.[{kind}]'"
        ) from fault
    return loggers.CSVLogger(folder.parent, name=folder.name, version="")


def make_trainer(
    device: torch.device,
    epochs: int,
    logger: loggers.Logger | bool,
    callbacks: list[lightning.Callback],
    progress_bar: bool = False,
) -> lightning.Trainer:
    """Return the trainer of a bank: nothing of Lightning's that is not asked for."""
    return lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=[device.index] if device.type == "cuda" else 1,
        max_epochs=epochs,
        logger=logger,
        callbacks=callbacks,
        enable_progress_bar=progress_bar,
        enable_checkpointing=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def train_bank(
    variants: list[AnyVariant],
    starts: list[Start],
    saved: list[checkpoints.Checkpoint],
    data: BankData,
    epochs: int,
    device: torch.device,
    logger: loggers.Logger,
    checkpoint: checkpoints.Checkpoints,
    graphed: bool = False,
) -> None:
    """Train variants as one bank to a number of epochs; what it measured is in the checkpoints.

    Parameters
    ----------
    graphed : replay the time loop of maps as a CUDA graph, on a GPU (see `Bank`).
    """
    bank = BANKS[type(variants[0])](variants, starts)
    if isinstance(bank, Bank):
        bank.graphed = graphed
    earlier: dict[str, Any] = {}
    if saved:
        moments = []
        for kind, parameters in enumerate((bank.unknowns, bank.biases)):
            for parameter, one in zip(parameters, saved, strict=True):
                parameter.data.copy_(one["parameters"][kind])
                moments.append(one["moments"][kind])
        earlier = {
            "first_epoch": saved[0]["epoch"],
            "first_step": saved[0]["step"],
            "first_seconds": saved[0]["seconds"],
            "moments": moments,
        }
    stored = data.stored
    module = BankTraining(
        bank,
        stored.loss,
        stored.loss_steps,
        stored.blank_steps,
        data.evaluated,
        groups=len(stored.group_names),
        **earlier,
    )
    if saved:
        module.rows = [list(one["rows"]) for one in saved]
    print(f"{len(variants)} variants, {bank.rows} rows of states, on {device}", flush=True)
    terminal = sys.stderr.isatty()
    trainer = make_trainer(
        device,
        epochs - module.epochs,
        logger,
        [checkpoint, TQDMProgressBar() if terminal else Lines(epochs)],
        progress_bar=terminal,
    )
    try:
        if not saved:
            trainer.validate(module, datamodule=data, verbose=False)
        trainer.fit(module, datamodule=data)
    except SystemExit:
        raise KeyboardInterrupt from None  # Lightning's way to end when it is interrupted
    if module.epochs < epochs:
        raise KeyboardInterrupt


def quiet() -> None:
    """Keep what does not concern a reader of the log out of it."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning", category=UserWarning)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    # a captured time loop was tried on a stream of its own: torch waits for it, and says so
    warnings.filterwarnings("ignore", message="The AccumulateGrad node's stream")
    warnings.filterwarnings("ignore", message="LSTM with projections is not supported with oneDNN")
