"""A training step (forward, backward, optimiser) a variant, beside its peers and its floor.

    python -m benchmarks.train --task rad-paper --json train.json

Contenders of one task and pattern take turns. `gflops` counts the arithmetic of W as rectangles,
whatever a case really computes; `floor_ms` is that arithmetic at the speed of a large matrix
product plus the optimiser's reads and writes at the speed of a large copy, both measured in the
same run. `sizes_floor_ms` has in its place the products of the sizes that the step takes, timed by
themselves, as many members at once as a group of the bank has: it says what a better bank could
gain. A sparse product can be below both: it leaves arithmetic out.
"""

import time
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.cases import bank, csr, reference, sparse_rnn, torch_rnn, vmap
from benchmarks.ceilings import Ceilings, measure, seconds
from benchmarks.records import Record, check_writable, machine, show, write
from benchmarks.tasks import PATTERN_NAMES, TASKS, TimedTask
from benchmarks.timing import ROUNDS, Clock, in_turns
from blockmaps.maps.groups import most_members

CASES = {
    "reference": reference.prepare,
    "torch-rnn": torch_rnn.prepare,
    "sparse-rnn": sparse_rnn.prepare,
    "bank": bank.prepare,
    "bank-graphed": partial(bank.prepare, graphed=True),
    "vmap": vmap.prepare,
    "csr": csr.prepare,
}
# Compressed sparse rows for all of W are measured on the CPU only; a CUDA graph is of a GPU.
ONLY = {"csr": "cpu", "bank-graphed": "cuda"}
# How many variants each case is timed with; the others take one at a time.
MANY = (1, 4, 16, 64, 256)
NUMBERS = {
    "bank": {"rad-paper": MANY, "rad-default": MANY, "hammer": (1, 4, 16, 64)},
    "vmap": {"rad-paper": (1, 4, 16), "rad-default": (1, 4, 16)},
}
FEW = {"bank": (1, 4, 16), "bank-graphed": (1, 4, 16)}
COLUMNS = [
    "task",
    "pattern",
    "case",
    "variants",
    "ms_per_variant_step",
    "low_ms",
    "high_ms",
    "ratio_to_reference",
    "gflops",
    "ceiling_gflops",
    "floor_ms",
    "times_floor",
    "sizes_floor_ms",
    "times_sizes_floor",
]


def numbers(case: str, task: str) -> tuple[int, ...]:
    """Return how many variants a case trains at once, in turn."""
    return NUMBERS.get(case, {}).get(task) or FEW.get(case, (1,))


def compare(
    task: TimedTask,
    pattern: str,
    cases: list[str],
    ceilings: Ceilings,
    device: torch.device,
    rounds: int = ROUNDS,
    most: int = 256,
    clock: Clock = time.perf_counter,
) -> list[Record]:
    """Time the cases on one pattern, in turns; at most so many variants at once."""
    counts = {
        f"{case} {number}": (case, number)
        for case in cases
        for number in numbers(case, task.name)
        if number <= most
    }
    variants = task.variants(pattern, max(number for _, number in counts.values()))
    contenders = {
        name: CASES[case](task, variants[:number], device)
        for name, (case, number) in counts.items()
    }
    took = in_turns(contenders, rounds, clock)
    flops = task.flops(pattern)
    optimiser = task.optimiser_bytes(pattern) / ceilings.bytes
    floor = flops / ceilings.flops + optimiser
    together = {
        number: min(number, max(most_members(task.inputs, task.rows(pattern), device), 1))
        for _, number in counts.values()
    }
    products = {
        members: seconds(task.products(pattern, members), device, rounds, clock) / members
        for members in sorted(set(together.values()))
    }
    floors = {number: products[members] + optimiser for number, members in together.items()}
    first = took.get("reference 1")
    return [
        {
            "task": task.name,
            "pattern": pattern,
            "case": case,
            "variants": number,
            "ms_per_variant_step": 1e3 * took[name].median / number,
            "low_ms": 1e3 * took[name].low / number,
            "high_ms": 1e3 * took[name].high / number,
            "rounds": rounds,
            "clock": clock.__name__,
            "ratio_to_reference": first.median * number / took[name].median if first else None,
            "gflops": flops * number / took[name].median / 1e9,
            "ceiling_gflops": ceilings.flops / 1e9,
            "floor_ms": 1e3 * floor,
            "times_floor": took[name].median / number / floor,
            "sizes_floor_ms": 1e3 * floors[number],
            "times_sizes_floor": took[name].median / number / floors[number],
            "machine": machine(device),
        }
        for name, (case, number) in counts.items()
    ]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
NAMES = {"task": list(TASKS), "pattern": PATTERN_NAMES, "case": list(CASES)}


def some(what: str, asked: list[str] | None) -> list[str]:
    """Return what was asked for, all of it if nothing was.

    Raises
    ------
    typer.BadParameter
        If there is no such name.
    """
    for name in asked or []:
        if name not in NAMES[what]:
            raise typer.BadParameter(f"found {name!r}; takes some of: {', '.join(NAMES[what])}")
    return asked or NAMES[what]


@app.command()
def main(
    task: Annotated[list[str] | None, typer.Option(help="Some of: " + ", ".join(TASKS))] = None,
    pattern: Annotated[
        list[str] | None, typer.Option(help="Some of: " + ", ".join(PATTERN_NAMES))
    ] = None,
    case: Annotated[list[str] | None, typer.Option(help="Some of: " + ", ".join(CASES))] = None,
    most: Annotated[int, typer.Option(min=1, help="Variants at once.")] = 256,
    rounds: Annotated[int, typer.Option(min=1, help="Counted rounds.")] = ROUNDS,
    threads: Annotated[int, typer.Option(min=1, help="Torch's threads.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    cpu_time: Annotated[
        bool, typer.Option(help="Seconds of this process alone, for a machine that is shared.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Time training steps."""
    tasks, patterns, cases = some("task", task), some("pattern", pattern), some("case", case)
    torch.set_num_threads(threads)
    check_writable(json)
    if device == "cuda" and not torch.cuda.is_available():
        raise typer.BadParameter("--device: found cuda, but torch finds no GPU; takes cpu")
    torch.set_flush_denormal(True)
    where, began = torch.device(device), time.perf_counter()
    print(machine(where))
    clock = time.process_time if cpu_time else time.perf_counter
    ceilings = measure(where, clock)
    print(
        f"ceilings: {ceilings.flops / 1e9:.0f} GFLOP/s in a large product, "
        f"{ceilings.bytes / 1e9:.0f} GB/s in a large copy\n"
    )
    records = []
    cases = [name for name in cases if ONLY.get(name, where.type) == where.type]
    for name in tasks:
        for one in patterns:
            found = compare(TASKS[name], one, cases, ceilings, where, rounds, most, clock)
            show(found, COLUMNS)
            print(flush=True)
            records += found
    after = measure(where, clock)
    print(f"ceilings afterwards: {after.flops / 1e9:.0f} GFLOP/s, {after.bytes / 1e9:.0f} GB/s")
    write(records, json)
    print(f"took {time.perf_counter() - began:.0f} s; medians of {rounds} rounds, in turns")


if __name__ == "__main__":
    app()
