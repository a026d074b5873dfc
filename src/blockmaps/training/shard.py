"""Train a shard: its variants in banks, from where their checkpoints stand, into rows."""

import gc
import math
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch

from blockmaps.core.canonical import digest
from blockmaps.core.code import code_digest
from blockmaps.core.errors import InputError
from blockmaps.core.files import told
from blockmaps.data import Epochs
from blockmaps.designs.variants import AnyVariant, Start, start
from blockmaps.plan.shards import Shard
from blockmaps.training import checkpoints, memory
from blockmaps.training.fitting import make_logger, quiet, train_bank
from blockmaps.training.minibatches import EVALUATION_BATCH, BankData

STEP = "training.shard"  # the module whose import closure decides what training does


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


class Trained(NamedTuple):
    """What a shard's training leaves.

    Attributes
    ----------
    rows, groups : of the runs table, what training measured; of right answers by group.
    starts, done : variant's key → what was drawn for it, and its last checkpoint.
    data : what it was trained on.
    """

    rows: pd.DataFrame
    groups: pd.DataFrame
    starts: dict[str, Start]
    done: dict[str, checkpoints.Checkpoint]
    data: BankData

    @property
    def parameters(self) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Every variant's unknowns and biases, by its key."""
        return {key: tuple(one["parameters"]) for key, one in self.done.items()}


def train_shard(
    shard: Shard,
    data: Path,
    checkpoint_folder: Path,
    log_folder: Path,
    accelerator: str = "auto",
    logger: str = "csv",
    most_bytes: float = math.inf,
    anew: Epochs | None = None,
    graphed: bool = False,
) -> Trained:
    """Train a shard's variants.

    They are put into banks that fit the device's free memory. A bank that runs out of it all the
    same is halved, and both halves go on from the last checkpoints.

    Parameters
    ----------
    shard : what to train.
    data : the data set's file.
    checkpoint_folder, log_folder : where checkpoints and the logger's files go.
    accelerator : "auto", "cpu" or "cuda".
    logger : "csv", "tensorboard" or "wandb".
    most_bytes : of the host's memory that this job may take; others may run beside it.
    anew : makes an epoch's training sequences, where every epoch has its own (`making.epochs_of`).
    graphed : replay the time loop of maps as a CUDA graph, on a GPU.

    Raises
    ------
    InputError
        If a variant does not fit by itself, or the file holds another data set than the shard's.
    DamagedError
        If the file is damaged.
    """
    quiet()
    device = choose_device(accelerator)
    if device.type == "cpu":
        # one thread a job: two jobs with two threads each are several times slower
        torch.set_num_threads(1)
        # Adam's moments of units that died would else sink into slow, denormal numbers
        torch.set_flush_denormal(True)
    recipe = shard.recipe
    module_data = BankData(
        data,
        recipe.batch_size,
        recipe.shuffle,
        shard.seed,
        shard.seed_index,
        steps=recipe.pace,
        anew=anew,
        made_from=shard.data_digest,
    )
    stored = module_data.stored
    context = digest(
        {
            "shard": shard.context,
            "data": stored.about,
            "code": code_digest(STEP),
            "torch": torch.__version__.partition("+")[0],
        }
    )
    made = Maker(shard, module_data, device, checkpoint_folder, context, graphed)
    batch = max(recipe.batch_size, EVALUATION_BATCH)
    minibatch = memory.MinibatchSize(
        stored.inputs.shape[1] + stored.blank_steps, batch, stored.inputs.shape[2]
    )
    free: float = memory.free_bytes(device)
    if device.type == "cuda":
        free -= stored.inputs.nbytes  # the data set is kept there
    else:
        free = min(free, most_bytes)
    todo = memory.plan(shard.variants, minibatch, free)
    print(f"{_banks(todo)} in {free / 1e9:.1f} GB free on {device}", flush=True)
    done: dict[str, checkpoints.Checkpoint] = {}
    while todo:
        variants = todo.pop(0)
        try:
            done |= made.train(variants, logger, log_folder)
            continue
        except (RuntimeError, MemoryError) as fault:
            if not memory.is_out_of_memory(fault):
                raise
            reason = str(fault).splitlines()[0]
        if len(variants) == 1:
            raise InputError(f"{device}: one variant does not fit its memory: {reason}")
        middle = len(variants) // 2
        todo[:0] = [variants[:middle], variants[middle:]]
        print(f"out of memory with {len(variants)} variants; {_banks(todo)} remain", flush=True)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return tabulate(shard, made.starts, done, module_data)


def _banks(banks: list[list[AnyVariant]]) -> str:
    """Say how variants are put into banks."""
    sizes = ", ".join(str(len(variants)) for variants in banks)
    return f"{len(banks)} bank{'s' if len(banks) != 1 else ''} of {sizes} variants"


class Maker:
    """Trains variants of one shard, from where their checkpoints stand.

    Parameters
    ----------
    shard, data, device : what, on what, where.
    folder : of the checkpoints.
    context : what they must have been made in, to count.
    graphed : see `train_shard`.
    """

    def __init__(
        self,
        shard: Shard,
        data: BankData,
        device: torch.device,
        folder: Path,
        context: str,
        graphed: bool = False,
    ) -> None:
        self.shard, self.data, self.device = shard, data, device
        self.folder, self.context, self.graphed = folder, context, graphed
        self.starts = {variant.key: start(variant, shard.seed) for variant in shard.variants}

    def train(
        self, variants: list[AnyVariant], logger: str, log_folder: Path
    ) -> dict[str, checkpoints.Checkpoint]:
        """Train variants, those at one epoch as one bank; return their last checkpoints."""
        epochs = self.shard.recipe.evaluations
        found = {one.key: checkpoints.load(self.folder, one.key, self.context) for one in variants}

        def epoch(variant: AnyVariant) -> int:
            checkpoint = found[variant.key]
            return checkpoint["epoch"] if checkpoint else 0

        for first, several in groupby(sorted(variants, key=epoch), epoch):
            bank = list(several)
            if first:
                stand = "are complete" if first == epochs else f"go on from epoch {first}"
                print(f"{len(bank)} variants {stand}, from their checkpoints", flush=True)
            if first < epochs:
                self.data.first_epoch = first
                log = log_folder / f"{bank[0].key}-from-epoch-{first}"
                with told(log):
                    train_bank(
                        bank,
                        [self.starts[variant.key] for variant in bank],
                        [saved for variant in bank if (saved := found[variant.key])],
                        self.data,
                        epochs,
                        self.device,
                        make_logger(logger, log),
                        checkpoints.Checkpoints(self.folder, self.context),
                        self.graphed,
                    )
        done = {one.key: checkpoints.load(self.folder, one.key, self.context) for one in variants}
        return {key: saved for key, saved in done.items() if saved}


def tabulate(
    shard: Shard,
    starts: dict[str, Start],
    done: dict[str, checkpoints.Checkpoint],
    data: BankData,
) -> Trained:
    """Return what a shard's training leaves, as tables.

    What is known of a variant before training is no part of it: `results.measures` adds that when
    runs are collected, so that another measure trains nothing again.
    """
    rows, groups = [], []
    for variant in shard.variants:
        known = {
            "experiment": shard.experiment,
            "key": variant.key,
            "seed_index": shard.seed_index,
        }
        checkpoint = done[variant.key]
        rows += [known | row for row in checkpoint["rows"]]
        known["epoch"] = rows[-1]["epoch"]
        for split, (right, sequences) in checkpoint["groups"].items():
            groups += [
                known
                | {
                    "split": split,
                    "group": data.stored.group_names[number],
                    "right": float(right[number]),
                    "sequences": int(sequences[number]),
                }
                for number in sequences.nonzero().flatten().tolist()
            ]
    return Trained(pd.DataFrame(rows), pd.DataFrame(groups), starts, done, data)
