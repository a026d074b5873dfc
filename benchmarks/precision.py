"""Lower precision of matrix products: how far off ten steps are, what it gains, and what it costs.

    python -m benchmarks.precision --against medium

`compute.precision` is torch's `set_float32_matmul_precision`. Three things are shown against
`highest`: how far unknowns are off after ten steps of Adam, relative to how far these moved them;
the time of a training step a variant, in turns; and final accuracy of RAD's arms over some seeds,
each trained both ways on the same data, masks, weights and order, so that seeds pair them.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import torch
import typer
from scipy import stats

from benchmarks.cases import bank
from benchmarks.records import Record, check_writable, machine, run, show, write
from benchmarks.tasks import PATTERN_NAMES, TASKS, TimedTask
from benchmarks.timing import in_turns
from blockmaps.data.making import make_file
from blockmaps.maps.bank import Bank
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan, data_code, data_digest
from blockmaps.training.shard import train_shard

HIGHEST = "highest"
STEPS = 10
VARIANTS = 16


def stepped(task: TimedTask, pattern: str, precision: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all unknowns before and after ten steps."""
    torch.set_float32_matmul_precision(precision)
    one = Bank.from_variants(task.variants(pattern, 4), 0)
    before = torch.cat([values.detach().clone() for values in one.unknowns])
    adam = torch.optim.Adam(one.parameters(), lr=1e-3, fused=True)
    inputs, targets = task.minibatch(torch.device("cpu"))
    for _ in range(STEPS):
        y = one(inputs, task.loss_steps, blank_steps=task.blank)
        adam.zero_grad()
        task.loss(y, targets).backward()
        adam.step()
    return before, torch.cat([values.detach() for values in one.unknowns])


def deviation(task: TimedTask, pattern: str, precision: str) -> float:
    """Return ‖difference of the unknowns‖ / ‖their change‖ after ten steps."""
    before, exact = stepped(task, pattern, HIGHEST)
    _, found = stepped(task, pattern, precision)
    return float((found - exact).norm() / (exact - before).norm())


def timed(task: TimedTask, pattern: str, precision: str, rounds: int) -> dict[str, float]:
    """Return milliseconds of a step a variant by precision, in turns."""
    step = bank.prepare(task, task.variants(pattern, VARIANTS), torch.device("cpu"))

    def at(one: str):
        def turn() -> object:
            torch.set_float32_matmul_precision(one)
            return step()

        return turn

    took = in_turns({one: at(one) for one in (HIGHEST, precision)}, rounds, time.process_time)
    return {name: 1e3 * spread.median / VARIANTS for name, spread in took.items()}


def preset(seeds: int) -> configs.Config:
    """Return RAD of the default preset, its arms at 4,000 unknowns and several seeds."""
    made = configs.read(Path("config/config.yaml"))
    raw = made.model_dump(mode="json", exclude_none=True)
    designs = [
        {"kind": "uniform", "budgets": [4000], "densities": [0.2, 1.0]},
        {"kind": "balanced", "budgets": [4000]},
    ]
    rad = {"dataset": "rad-digits", "recipe": "short", "seeds": seeds, "designs": designs}
    raw["experiments"] = {"rad": rad}
    return configs.parse(raw | {"name": "precision", "zoo": False, "tiers": {}})


def accuracies(config: configs.Config, precision: str, folder: Path) -> dict[tuple, float]:
    """Return the final test accuracy of every variant, by seed index and key."""
    torch.set_float32_matmul_precision(precision)
    found = {}
    for shard in Plan(config).shards.values():
        data = folder / f"{shard.dataset}.safetensors"
        if not data.is_file():
            spec, seed = config.datasets["rad-digits"], shard.seed_index
            about = {"data_digest": data_digest(config, "rad-digits", seed)}
            make_file(spec, config.seed, seed, about | {"code": data_code(spec)}, data)
        own = folder / precision
        rows = train_shard(shard, data, own / "checkpoints", own / "logs", "cpu").rows
        last = rows[(rows["epoch"] == rows["epoch"].max()) & (rows["split"] == "test")]
        for row in last.itertuples():
            found[row.seed_index, row.key] = row.accuracy
    return found


def paired(exact: dict[tuple, float], found: dict[tuple, float]) -> tuple[float, float, int]:
    """Return the mean difference by seed index, half its 95 % interval (Student's t), and n."""
    seeds = sorted({seed for seed, _ in exact})
    each = [np.mean([found[k] - exact[k] for k in exact if k[0] == seed]) for seed in seeds]
    half = stats.t.ppf(0.975, len(each) - 1) * np.std(each, ddof=1) / len(each) ** 0.5
    return float(np.mean(each)), float(half), len(each)


def main(
    against: Annotated[str, typer.Option(help="high or medium.")] = "medium",
    seeds: Annotated[int, typer.Option(min=0, help="Of the accuracies; 0: none.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, help="Counted rounds.")] = 5,
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Show what lower precision does."""
    check_writable(json)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(machine(torch.device("cpu")))
    records: list[Record] = []
    for name in ("rad-paper", "rad-default"):
        for pattern in PATTERN_NAMES:
            took = timed(TASKS[name], pattern, against, rounds)
            records.append(
                {
                    "task": name,
                    "pattern": pattern,
                    "precision": against,
                    "deviation": deviation(TASKS[name], pattern, against),
                    "highest_ms": took[HIGHEST],
                    "ms": took[against],
                    "times_as_fast": took[HIGHEST] / took[against],
                }
            )
    show(records, list(records[0]))
    if seeds:
        config = preset(seeds)
        with TemporaryDirectory() as folder:
            exact = accuracies(config, HIGHEST, Path(folder))
            found = accuracies(config, against, Path(folder))
        mean, half, number = paired(exact, found)
        print(
            f"\nfinal accuracy, {against} − {HIGHEST}: {100 * mean:+.2f} points, 95 % interval "
            f"[{100 * (mean - half):+.2f}, {100 * (mean + half):+.2f}], {number} seeds, "
            f"{len(exact)} runs; {HIGHEST} reaches {100 * np.mean(list(exact.values())):.1f} %"
        )
        records.append({"seeds": number, "difference": mean, "half_interval": half})
    write(records, json)


if __name__ == "__main__":
    run(main)
