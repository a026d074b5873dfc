"""What Lightning, the loop and the data add to training, over the default preset's RAD shards.

    python -m benchmarks.overhead

One epoch of a shard as the pipeline trains it (Lightning's `fit` with its logger, checkpoints of
every variant, and all that is measured in training, but without evaluation), and the same
minibatches in a bare loop of forward, loss, backward and optimiser, in turns. The epochs are a
quarter as long as the preset's, so that what is done once an epoch counts four times. `data` is the
time that the bare loop waits for minibatches.
"""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.records import Record, check_writable, machine, run, show, write
from benchmarks.timing import ROUNDS, in_turns
from blockmaps.data import DataSpec
from blockmaps.data.making import make_file
from blockmaps.maps.bank import Bank
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import Shard
from blockmaps.training.checkpoints import Checkpoints
from blockmaps.training.fitting import make_logger, make_trainer, quiet
from blockmaps.training.minibatches import BankData
from blockmaps.training.module import BankTraining, losses

COLUMNS = [
    "shard",
    "variants",
    "steps",
    "bare_ms",
    "low_ms",
    "high_ms",
    "lightning_ms",
    "lightning_low_ms",
    "lightning_high_ms",
    "overhead_percent",
    "data_percent",
]


class Epoch:
    """One epoch of a shard's variants, by Lightning or bare; each goes on from where it stands."""

    def __init__(self, shard: Shard, path: Path, folder: Path) -> None:
        recipe = shard.recipe
        self.data = BankData(path, recipe.batch_size, recipe.shuffle, shard.seed, shard.seed_index)
        self.stored = self.data.stored
        self.bank = Bank.from_variants(shard.variants, shard.seed)
        self.module = BankTraining(
            self.bank, self.stored.loss, self.stored.loss_steps, self.stored.blank_steps, []
        )
        self.adam = self.module.configure_optimizers()
        self.folder, self.waited, self.looped = folder, 0.0, 0.0

    def by_lightning(self) -> None:
        """Train an epoch as the pipeline does, without evaluation."""
        logger = make_logger("csv", self.folder / "log")
        callbacks = [Checkpoints(self.folder / "checkpoints", "benchmark")]
        trainer = make_trainer(torch.device("cpu"), 1, logger, callbacks)
        trainer.limit_val_batches = 0
        trainer.fit(self.module, datamodule=self.data)

    def bare(self) -> None:
        """Train an epoch in a loop of the least that training needs."""
        minibatches = iter(self.data.train_dataloader().minibatches)
        first = time.perf_counter()
        while True:
            began = time.perf_counter()
            batch = next(minibatches, None)
            self.waited += time.perf_counter() - began
            if batch is None:
                self.looped += time.perf_counter() - first
                return
            y = self.bank(batch.inputs, self.stored.loss_steps, blank_steps=self.stored.blank_steps)
            self.adam.zero_grad()
            losses(y, batch.targets, self.stored.loss).sum().backward()
            self.adam.step()


def compare(shard: Shard, spec: DataSpec, folder: Path, rounds: int) -> Record:
    """Time one shard's epoch both ways."""
    path = folder / "data.safetensors"
    if not path.exists():
        make_file(spec, shard.seed, shard.seed_index, {}, path)
    lightning, bare = Epoch(shard, path, folder), Epoch(shard, path, folder)
    bare.data.trainer = make_trainer(torch.device("cpu"), 1, False, [])
    steps = len(bare.data.train_dataloader().minibatches)
    took = in_turns({"bare": bare.bare, "lightning": lightning.by_lightning}, rounds)
    each = {name: [1e3 * value / steps for value in found] for name, found in took.items()}
    return {
        "shard": shard.id,
        "variants": len(shard.variants),
        "steps": steps,
        **dict(zip(("bare_ms", "low_ms", "high_ms"), each["bare"], strict=True)),
        **dict(
            zip(
                ("lightning_ms", "lightning_low_ms", "lightning_high_ms"),
                each["lightning"],
                strict=True,
            )
        ),
        "overhead_percent": 100 * (took["lightning"].median / took["bare"].median - 1),
        "data_percent": 100 * bare.waited / bare.looped,
        "rounds": rounds,
        "machine": machine(torch.device("cpu")),
    }


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Counted rounds.")] = ROUNDS,
    sequences: Annotated[int, typer.Option(min=64, help="Training sequences.")] = 3072,
    config: Annotated[Path, typer.Option(help="The preset.")] = Path("config/config.yaml"),
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Time an epoch of every RAD shard of seed index 0, and add them up."""
    check_writable(json)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    quiet()
    asked = configs.read(config)
    plan = Plan(asked)
    print(machine(torch.device("cpu")))
    records = []
    for shard in plan.shards.values():
        name, _ = plan.data_files[shard.dataset]
        if shard.seed_index or asked.datasets[name].kind != "rad":
            continue
        spec = asked.datasets[name].model_copy(update={"train": sequences, "test": 64})
        with tempfile.TemporaryDirectory() as folder:
            records.append(compare(shard, spec, Path(folder), rounds))
    bare, lightning = (sum(one[name] for one in records) for name in ("bare_ms", "lightning_ms"))
    records.append(
        {
            "shard": "all",
            "variants": sum(one["variants"] for one in records),
            "bare_ms": bare,
            "lightning_ms": lightning,
            "overhead_percent": 100 * (lightning / bare - 1),
            "data_percent": sum(one["data_percent"] * one["bare_ms"] for one in records) / bare,
            "steps": records[0]["steps"],
        }
    )
    show(records, COLUMNS)
    write(records, json)


if __name__ == "__main__":
    run(main)
