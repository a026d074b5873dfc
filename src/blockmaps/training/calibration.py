"""How long a preset takes on this machine, from some steps of its own banks that are timed here.

Shards of one data set and kind differ in the arithmetic of a step. Of each such group the smallest,
the middle and the largest are timed for a moment, and the others lie between. All times are seconds
of one core's work: another process beside this one makes the calibration last longer, and its
result not much larger.
"""

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from blockmaps.core.errors import InputError
from blockmaps.data import SequenceData, store
from blockmaps.data.making import made, seed_of
from blockmaps.designs.variants import AnyVariant, start
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import Shard
from blockmaps.training import memory
from blockmaps.training.fitting import BANKS
from blockmaps.training.job import peak_bytes
from blockmaps.training.minibatches import EVALUATION_BATCH
from blockmaps.training.module import losses

MOMENT = 0.15  # seconds that a bank's steps are timed for, after one that is not
HEAVIEST = 2e9  # places × steps × sequences of a timed step; of a larger bank some variants are
TIMED = 3  # banks of a group
# What an epoch costs beside steps: loaders, the trainer, rows; measured on the default preset.
EPOCH = 0.05
# A job that is no training does about as much again as it takes to start; so on the default preset.
WORK = 2.0
PAGE_JOBS = 6  # runs, analysis, claims, page, crate, and Snakemake's own start: one after the other
CHECKPOINT = 12_000  # bytes, beside what is three numbers an unknown
FIGURES = 400_000  # bytes of a figure, both kinds


class BankSeconds(NamedTuple):
    """Seconds of a bank: to build it, of a training step, of an evaluated minibatch."""

    build: float
    step: float
    evaluation: float


class TimeEstimate(NamedTuple):
    """What a preset takes, in seconds of one core's work and in bytes.

    Attributes
    ----------
    shards, data : by name, each job with its start.
    others : of all jobs that neither train nor make data.
    chain : of those, what the last ones take, that wait for one another.
    memory : bytes of the largest job.
    disk : bytes of all that is written.
    left_out : data sets that cannot be told beforehand.
    """

    shards: dict[str, float]
    data: dict[str, float]
    others: float
    chain: float
    memory: int
    disk: int
    left_out: tuple[str, ...] = ()

    @property
    def work(self) -> float:
        """All of it, one after the other."""
        return sum(self.shards.values()) + sum(self.data.values()) + self.others

    def wall(self, cores: int) -> float:
        """Seconds on a number of cores: all work shared, but for what waits for one another."""
        longest = max(self.shards.values(), default=0.0)
        return max((self.work - self.chain) / cores, longest) + self.chain


def calibrate(plan: Plan, results: Path) -> TimeEstimate:
    """Time what a preset is made of, and add it up.

    Parameters
    ----------
    plan : the preset's.
    results : its folder: a data file that is there is read, not made.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as in training
    training = _seconds_of("import blockmaps.training.shard, blockmaps.training.job, pandas")
    drawing = _seconds_of("import blockmaps.report.figures.style, blockmaps.core.csv, scipy.stats")
    base = peak_bytes()
    data, sizes, left_out = {}, {}, []
    for name, (dataset, seed_index) in plan.data_files.items():
        found = _data(plan, results, name, dataset, seed_index)
        if found is None:
            left_out.append(name)
            continue
        sizes[name], seconds = found
        data[name] = seconds + (training if seconds else 0.0)
    shards: dict[str, float] = {}
    largest = 0
    known = [shard for shard in plan.all.values() if shard.dataset in sizes]
    for _, several in groupby(sorted(known, key=_group), _group):
        timed = _timed(list(several), sizes)
        for shard, cost, room in timed:
            shards[shard.id] = training + cost
            largest = max(largest, room)
    others = len(plan.tables) + len(plan.figures) + PAGE_JOBS
    return TimeEstimate(
        shards,
        data,
        others * drawing * WORK,
        PAGE_JOBS * drawing * WORK,
        base + largest,
        _disk(plan, sizes),
        tuple(left_out),
    )


def _seconds_of(code: str) -> float:
    """Return the processor's seconds that a new Python process takes for some code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"MPLBACKEND": "agg"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _data(
    plan: Plan, results: Path, name: str, dataset: str, seed_index: int
) -> tuple[SequenceData, float] | None:
    """Return a data set, its inputs perhaps not made yet, and what making it takes.

    None where an environment is stepped to make it: that is told by nothing but doing it.
    """
    path = results / "data" / f"{name}.safetensors"
    with suppress(InputError):  # not there, damaged, or another preset's: it will be made
        return store.read(path, made_from=plan.data_digest(dataset, seed_index)), 0.0
    spec = plan.config.datasets[dataset]
    if spec.environment:
        return None
    began = time.process_time()
    found = made(spec, seed_of(spec, plan.config.seed, seed_index))
    passed = time.process_time() - began
    if not isinstance(found.inputs, np.ndarray):
        began = time.process_time()
        piece = next(iter(found.inputs.make()))
        passed += (time.process_time() - began) * found.inputs.shape[0] / len(piece)
    return found, passed


def _group(shard: Shard) -> tuple:
    """Return what shards of one group share."""
    kinds = sorted({(type(one).__name__, one.repeats) for one in shard.variants})
    return shard.dataset.partition(".seed-")[0], shard.recipe.batch_size, kinds


def _step(shard: Shard, data: SequenceData, batch: int) -> memory.MinibatchSize:
    return memory.MinibatchSize(
        data.inputs.shape[1] + data.blank_steps, batch, data.inputs.shape[2]
    )


def _places(variants: Iterable[AnyVariant], step: memory.MinibatchSize) -> float:
    """Return the arithmetic of a step: places of W × steps × sequences, of all variants."""
    each = sum(one.size * (step.inputs + one.size) * one.repeats for one in variants)
    return float(each * step.steps * step.batch)


def _timed(shards: list[Shard], sizes: dict[str, SequenceData]) -> list[tuple[Shard, float, int]]:
    """Return what the shards of a group cost, in seconds without their jobs' start, and bytes."""
    data = sizes[shards[0].dataset]
    step = _step(shards[0], data, shards[0].recipe.batch_size)
    work = [_places(shard.variants, step) for shard in shards]
    order = np.argsort(work, kind="stable")
    chosen = sorted(
        {int(order[i]) for i in np.linspace(0, len(order) - 1, TIMED).round().astype(int)}
    )
    chosen = [k for n, k in enumerate(chosen) if work[k] not in [work[j] for j in chosen[:n]]]
    costs = np.array([_bank(shards[k], data) for k in chosen])
    at = np.array([work[k] for k in chosen])
    rising = np.argsort(at)
    at, costs = at[rising], costs[rising]
    found = []
    for shard, own in zip(shards, work, strict=True):
        cost = BankSeconds(*(float(np.interp(own, at, column)) for column in costs.T))
        found.append((shard, _job(shard, data, cost), _room(shard, data)))
    return found


def _job(shard: Shard, data: SequenceData, cost: BankSeconds) -> float:
    """Return the seconds of a shard's training."""
    counts = {name: end - begin for name, (begin, end) in data.splits.items()}
    recipe = shard.recipe
    a_pass = math.ceil(counts["train"] / recipe.batch_size)
    steps = recipe.steps or (recipe.epochs or 0) * a_pass
    evaluated = sum(
        math.ceil(number / EVALUATION_BATCH)
        for name, number in counts.items()
        if name.startswith(("validation", "test"))
    )
    passes = recipe.evaluations + 1
    return cost.build + steps * cost.step + passes * (evaluated * cost.evaluation + EPOCH)


def _bank(shard: Shard, data: SequenceData) -> BankSeconds:
    """Time a shard's bank, or that of some of its variants where all are too many."""
    step = _step(shard, data, shard.recipe.batch_size)
    kinds: dict[tuple, list[AnyVariant]] = {}
    for one in shard.variants:
        kinds.setdefault((type(one), one.repeats), []).append(one)
    total = BankSeconds(0.0, 0.0, 0.0)
    for several in kinds.values():
        share = min(1.0, HEAVIEST / max(_places(several, step), 1.0))
        some = several[:: max(math.ceil(1 / share), 1)]
        timed = _steps(shard, data, some)
        total = BankSeconds(
            *(a + b * len(several) / len(some) for a, b in zip(total, timed, strict=True))
        )
    return total


def _steps(shard: Shard, data: SequenceData, variants: list[AnyVariant]) -> BankSeconds:
    """Build the bank of some variants and time its steps on random numbers."""
    began = time.process_time()
    bank = BANKS[type(variants[0])](variants, [start(one, shard.seed) for one in variants])
    adam = torch.optim.Adam(bank.parameters(), lr=1e-4, fused=True)
    build = time.process_time() - began
    given, width = data.inputs.shape[1:]

    def minibatch(size: int) -> tuple[torch.Tensor, torch.Tensor]:
        targets = np.asarray(data.targets[:1])
        shape = (len(data.loss_steps), size, *targets.shape[2:])
        if data.loss == "cross_entropy":
            return torch.randn(given, size, width), torch.zeros(shape[:2], dtype=torch.long)
        return torch.randn(given, size, width), torch.randn(shape)

    def loss(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        y = bank(batch[0], data.loss_steps, variants[0].repeats, data.blank_steps)
        return losses(y, batch[1], data.loss)

    def train(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        adam.zero_grad()
        loss(batch).sum().backward()
        adam.step()

    def evaluate(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        with torch.no_grad():
            loss(batch)

    step = _moment(train, minibatch(shard.recipe.batch_size))
    evaluation = _moment(evaluate, minibatch(EVALUATION_BATCH))
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        torch.save([bank.unknowns[0].detach()] * 3, Path(folder) / "checkpoint")
        save = (time.process_time() - began) * len(variants)
    return BankSeconds(build + save * shard.recipe.evaluations, step, evaluation)


def _moment(run: Callable, batch: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Return the seconds that one call takes, in the faster half of those of a moment."""
    run(batch)
    passed: list[float] = []
    until = time.process_time() + MOMENT
    while not passed or time.process_time() < until:
        began = time.process_time()
        run(batch)
        passed.append(time.process_time() - began)
    return float(np.mean(sorted(passed)[: max(len(passed) // 2, 1)]))


def _room(shard: Shard, data: SequenceData) -> int:
    """Return the bytes that a shard's largest bank needs."""
    step = _step(shard, data, max(shard.recipe.batch_size, EVALUATION_BATCH))
    free = memory.free_bytes(torch.device("cpu"))
    banks = memory.plan(shard.variants, step, free)
    each = [sum(memory.variant_bytes(one, step) for one in bank) for bank in banks]
    return max(each) + memory.shared_bytes(step) - memory.OVERHEAD


def _disk(plan: Plan, sizes: dict[str, SequenceData]) -> int:
    """Return the bytes that a results folder takes: data, checkpoints, figures."""
    data = sum(
        math.prod(one.inputs.shape) * np.dtype(one.inputs.dtype).itemsize + one.targets.nbytes
        for one in sizes.values()
    )
    variants = [one for shard in plan.all.values() for one in shard.variants]
    kept = sum(12 * one.unknowns + CHECKPOINT for one in variants)
    return int(data + kept + FIGURES * len(plan.figures))


def lines(found: TimeEstimate, cores: int) -> list[str]:
    """Say what a preset takes, a line for time, memory, disk, and what could not be told."""
    said = [
        f"time   {_long(found.wall(cores))} on {cores} core{'s' if cores > 1 else ''}; of one "
        f"core: training {_long(sum(found.shards.values()))}, data "
        f"{_long(sum(found.data.values()))}, tables, figures and page {_long(found.others)}",
        f"memory {found.memory / 1e9:.1f} GB a training job, as many at once as there are cores",
        f"disk   {found.disk / 1e6:,.0f} MB",
    ]
    if found.left_out:
        said.append(
            f"not told: what needs {', '.join(found.left_out)}, which is made in an environment; "
            "`blockmaps data` makes it"
        )
    return said


def _long(seconds: float) -> str:
    """Write a time as a person says it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
