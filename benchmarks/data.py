"""Making RAD: sequences and images a second, by number of threads, and what paper size takes.

    python -m benchmarks.data

Times `blockmaps data` of RAD at 50×50 on a part of the sequences, each number of threads in a
process of its own, and reckons from it what the paper's 60,000 sequences take. MNIST is found, or
downloaded, as the presets do it; without it `--source digits` makes the same from embedded digits.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer
import yaml

from benchmarks.records import Record, check_writable, machine, run, show, write

COLUMNS = [
    "threads",
    "sequences",
    "seconds",
    "low",
    "high",
    "sequences_per_second",
    "images_per_second_thread",
    "minutes_for_60000",
]


def config(source: str, sequences: int) -> dict:
    """Return a config with one data set, RAD at 50×50, and an experiment that it takes."""
    rad = {"kind": "rad", "source": source, "side": 50, "images": 10}
    return {
        "name": "benchmark",
        "seed": 1,
        "datasets": {"rad": {**rad, "train": sequences - 200, "validation": 0, "test": 200}},
        "recipes": {"one": {"epochs": 1, "batch_size": 16, "learning_rate": 1e-4}},
        "experiments": {
            "one": {
                "dataset": "rad",
                "recipe": "one",
                "seeds": 1,
                "designs": [{"kind": "uniform", "budgets": [100000], "densities": [0.2]}],
            }
        },
    }


def seconds(folder: Path, threads: int) -> float:
    """Return how long one process takes to make the data set."""
    command = [sys.executable, "-m", "blockmaps", "data", "rad"]
    options = ["--config", folder / "config.yaml", "--output", folder / "rad.safetensors"]
    began = time.perf_counter()
    subprocess.run(
        [*command, *map(str, options), "--threads", str(threads)], check=True, capture_output=True
    )
    return time.perf_counter() - began


def main(
    source: Annotated[str, typer.Option(help="mnist or digits.")] = "mnist",
    sequences: Annotated[int, typer.Option(min=400, help="Sequences to make.")] = 10000,
    threads: Annotated[list[int] | None, typer.Option(help="Numbers of threads.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Counted rounds.")] = 3,
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Time the making of RAD."""
    check_writable(json)
    numbers = threads or [1, 2]
    took: dict[int, list[float]] = {number: [] for number in numbers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(
            yaml.safe_dump(config(source, sequences)), encoding="utf-8"
        )
        for _ in range(rounds):
            for number in numbers:
                took[number].append(seconds(folder, number))
    records: list[Record] = [
        {
            "threads": number,
            "sequences": sequences,
            "seconds": median(took[number]),
            "low": min(took[number]),
            "high": max(took[number]),
            "sequences_per_second": sequences / median(took[number]),
            "images_per_second_thread": 10 * sequences / median(took[number]) / number,
            "minutes_for_60000": median(took[number]) * 60000 / sequences / 60,
            "source": source,
            "machine": machine(torch.device("cpu")),
        }
        for number in numbers
    ]
    print("the whole command, imports included, at 50×50")
    show(records, COLUMNS)
    write(records, json)


if __name__ == "__main__":
    run(main)
