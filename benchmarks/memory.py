"""The memory that training a bank takes, beside what it must hold.

    python -m benchmarks.memory

Each bank in a process of its own: three training steps, the process's peak less what it had after
imports and the minibatch. Beside it, in floats of 4 bytes: dense weights, rows × (|x| + rows) of
every variant (a bank forms them a group at a time and holds V alone); the optimiser's two moments
of every unknown; activations, rows × steps × batch of every variant.
"""

import multiprocessing
import resource
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.cases import bank
from benchmarks.records import Record, check_writable, machine, run, show, write
from benchmarks.tasks import PATTERN_NAMES, PATTERNS, TASKS, TimedTask

COLUMNS = [
    "task",
    "pattern",
    "variants",
    "peak_mb",
    "dense_weights_mb",
    "optimiser_mb",
    "activations_mb",
    "peak_over_sum",
]
NUMBERS = (1, 16, 64)


def peak() -> float:
    """Return this process's peak memory so far, in MB."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1e6 if sys.platform == "darwin" else 1e3)


def measure(name: str, pattern: str, number: int) -> float:
    """Return by how many MB three training steps raise the peak; in a process of its own."""
    torch.set_num_threads(1)
    task = TASKS[name]
    task.minibatch(torch.device("cpu"))
    warm = bank.prepare(task, task.variants(pattern, 1), torch.device("cpu"))
    warm()  # what libraries take at their first use is not the bank's
    before = peak()
    step = bank.prepare(task, task.variants(pattern, number), torch.device("cpu"))
    for _ in range(3):
        step()
    return peak() - before


def parts(task: TimedTask, pattern: str, number: int) -> dict[str, float]:
    """Return what a bank must hold, in MB."""
    rows = PATTERNS[task.name][pattern].hidden + task.outputs
    unknowns = task.variants(pattern, 1)[0].unknowns
    megabytes = 4 * number / 1e6
    return {
        "dense_weights_mb": megabytes * rows * (task.inputs + rows),
        "optimiser_mb": megabytes * 2 * unknowns,
        "activations_mb": megabytes * rows * task.steps * task.batch,
    }


def main(
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Measure every task's banks."""
    check_writable(json)
    records: list[Record] = []
    processes = multiprocessing.get_context("spawn")
    for name, task in TASKS.items():
        for pattern in PATTERN_NAMES:
            for number in NUMBERS:
                with processes.Pool(1) as pool:
                    taken = pool.apply(measure, (name, pattern, number))
                held = parts(task, pattern, number)
                one = {"task": name, "pattern": pattern, "variants": number, "peak_mb": taken}
                ratio = {"peak_over_sum": taken / sum(held.values())}
                records.append(one | held | ratio | {"machine": machine(torch.device("cpu"))})
    show(records, COLUMNS)
    write(records, json)


if __name__ == "__main__":
    run(main)
