"""Train a shard: its variants in banks, from where their checkpoints stand, into rows."""

import logging
import sys
import time
import warnings
from itertools import groupby
from pathlib import Path
from typing import Any

import lightning
import pandas as pd
import torch
from lightning.pytorch import loggers
from lightning.pytorch.callbacks import TQDMProgressBar

from blockmaps.bank import Bank
from blockmaps.canonical import digest
from blockmaps.code import code_digest
from blockmaps.errors import InputError
from blockmaps.measures import SCALE_SEQUENCES, before_training
from blockmaps.shards import Shard
from blockmaps.training import checkpoints
from blockmaps.training.minibatches import BankData
from blockmaps.training.module import BankTraining
from blockmaps.variants import Start, Variant, start

STEP = "training.shard"  # the module whose import closure decides what training does


class Lines(lightning.Callback):
    """A plain line an epoch, for logs."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.began = epochs, time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: BankTraining) -> None:
        """Print the bank's means."""
        means = ", ".join(
            f"{name} {value:.3f}"
            for name, value in sorted(trainer.callback_metrics.items())
            if name.endswith("accuracy")
        )
        passed = time.perf_counter() - self.began
        print(f"epoch {module.epochs} of {self.epochs}: {means} ({passed:.0f} s)", flush=True)


def choose_device(asked: str) -> torch.device:
    """Return the device to train on: of several GPUs the one with the most free memory.

    Raises
    ------
    InputError
        If a GPU is asked for and there is none.
    """
    if asked == "cpu" or (asked == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise InputError("compute.accelerator: found 'cuda', but torch finds no GPU; takes auto")
    free = [torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count())]
    return torch.device("cuda", free.index(max(free)))


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


def train_shard(
    shard: Shard,
    data: Path,
    checkpoint_folder: Path,
    log_folder: Path,
    accelerator: str = "auto",
    logger: str = "csv",
) -> pd.DataFrame:
    """Train a shard's variants and return their rows of the runs table.

    Variants whose checkpoints stand at the same epoch are trained as one bank.

    Parameters
    ----------
    shard : what to train.
    data : the data set's file.
    checkpoint_folder, log_folder : where checkpoints and the logger's files go.
    accelerator : "auto", "cpu" or "cuda".
    logger : "csv", "tensorboard" or "wandb".
    """
    quiet()
    device = choose_device(accelerator)
    if device.type == "cpu":
        # one thread a job: two jobs with two threads each are several times slower
        torch.set_num_threads(1)
        # Adam's moments of units that died would else sink into slow, denormal numbers
        torch.set_flush_denormal(True)
    recipe = shard.recipe
    module_data = BankData(data, recipe.batch_size, recipe.shuffle, shard.seed, shard.seed_index)
    context = digest(
        {
            "shard": shard.context,
            "data": module_data.stored.about,
            "code": code_digest(STEP),
            "torch": torch.__version__.partition("+")[0],
        }
    )
    found = {
        variant.key: checkpoints.load(checkpoint_folder, variant.key, context)
        for variant in shard.variants
    }

    def epoch(variant: Variant) -> int:
        checkpoint = found[variant.key]
        return checkpoint["epoch"] if checkpoint else 0

    starts = {variant.key: start(variant, shard.seed) for variant in shard.variants}
    rows: dict[str, list[dict[str, Any]]] = {}
    for first, several in groupby(sorted(shard.variants, key=epoch), epoch):
        variants = list(several)
        if first:
            stand = "are complete" if first == recipe.epochs else f"go on from epoch {first}"
            print(f"{len(variants)} variants {stand}, from their checkpoints", flush=True)
        if first < recipe.epochs:
            module_data.first_epoch = first
            done = train_bank(
                variants,
                [starts[variant.key] for variant in variants],
                [found[variant.key] for variant in variants] if first else None,
                module_data,
                recipe.epochs,
                device,
                make_logger(logger, log_folder / f"from-epoch-{first}"),
                checkpoints.Checkpoints(checkpoint_folder, context),
            )
            rows |= dict(zip((variant.key for variant in variants), done, strict=True))
        else:
            rows |= {variant.key: found[variant.key]["rows"] for variant in variants}
    return tabulate(shard, starts, rows, module_data)


def train_bank(
    variants: list[Variant],
    starts: list[Start],
    saved: list[checkpoints.Checkpoint] | None,
    data: BankData,
    epochs: int,
    device: torch.device,
    logger: loggers.Logger,
    checkpoint: checkpoints.Checkpoints,
) -> list[list[dict[str, Any]]]:
    """Train variants as one bank to a number of epochs; return each one's rows."""
    bank = Bank(variants, starts)
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
        bank, stored.loss, stored.loss_steps, stored.blank_steps, data.evaluated, **earlier
    )
    if saved:
        module.rows = [list(one["rows"]) for one in saved]
    terminal = sys.stderr.isatty()
    print(f"{len(variants)} variants, {bank.rows} rows of states, on {device}", flush=True)
    trainer = lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=[device.index] if device.type == "cuda" else 1,
        max_epochs=epochs - module.epochs,
        logger=logger,
        callbacks=[checkpoint, TQDMProgressBar() if terminal else Lines(epochs)],
        enable_progress_bar=terminal,
        enable_checkpointing=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    try:
        if not saved:
            trainer.validate(module, datamodule=data, verbose=False)
        trainer.fit(module, datamodule=data)
    except SystemExit:
        raise KeyboardInterrupt from None  # Lightning's way to end when it is interrupted
    if module.epochs < epochs:
        raise KeyboardInterrupt
    return module.rows


def tabulate(
    shard: Shard,
    starts: dict[str, Start],
    rows: dict[str, list[dict[str, Any]]],
    data: BankData,
) -> pd.DataFrame:
    """Return a shard's rows with what is known of each variant before training."""
    given = data.stored.inputs.shape[1] + data.stored.blank_steps
    first = data.first_inputs(SCALE_SEQUENCES)
    complete = []
    for variant in shard.variants:
        known = before_training(variant, starts[variant.key], first, given)
        known["experiment"] = shard.experiment
        complete += [known | row for row in rows[variant.key]]
    return pd.DataFrame(complete)


def quiet() -> None:
    """Keep what does not concern a reader of the log out of it."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning", category=UserWarning)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
