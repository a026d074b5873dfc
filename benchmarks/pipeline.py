"""What the pipeline costs beside the work it does.

    python -m benchmarks.pipeline

Runs a preset by Snakemake in a copy of the checkout, and compares cores × wall time with the time
of its jobs, by rule, as Snakemake's log has them (to the second). `start-up` is what a job takes to
start and to import what it needs, measured apart and multiplied by the number of jobs: it is the
part of the jobs that is not training, data, tables or drawing. Then it runs the same once more,
when nothing is to be done. The default preset takes as long as `snakemake --cores all` does.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer

from benchmarks.records import Record, check_writable, machine, run, show, write

STAMP = re.compile(r"\[(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4})\]")
# a batch of shards has a rule of its own, which counts as training
BEGINS = re.compile(r"(?:local)?(?:rule|checkpoint) (train|\w+?)(?:_[0-9a-f]{12}|_policies)?:")
JOB = re.compile(r"jobid: (\d+)")
ENDS = re.compile(r"Finished jobid: (\d+)")
# What each rule's command imports before it works.
IMPORTS = {"train": "blockmaps.training.shard", "data": "blockmaps.data.making"}


def job_seconds(log: str) -> list[tuple[str, float]]:
    """Return rule and seconds of every finished job in a log of Snakemake's."""
    rules: dict[str, tuple[str, datetime]] = {}
    found, stamp, rule = [], None, ""
    for line in log.splitlines():
        if match := STAMP.search(line):
            stamp = datetime.strptime(match[1], "%a %b %d %H:%M:%S %Y")
        elif match := BEGINS.match(line.strip()):
            rule = match[1]
        elif match := ENDS.search(line):
            name, began = rules[match[1]]
            found.append((name, (stamp - began).total_seconds()))
        elif match := JOB.search(line):
            rules[match[1]] = (rule, stamp)
    return found


def start_up(module: str, rounds: int = 5) -> float:
    """Return how long a Python process takes to import a module and end."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        took.append(time.perf_counter() - began)
    return median(took)


def main(
    config: Annotated[Path, typer.Option(help="The preset.")] = Path("config/config.yaml"),
    cores: Annotated[int, typer.Option(min=1, help="For Snakemake.")] = 2,
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Run a preset in a copy of this checkout."""
    check_writable(json)
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "checkout"
        copy.mkdir()
        for part in ("Snakefile", "workflow", "src", "config", "profiles", "environment.yml"):
            (shutil.copytree if Path(part).is_dir() else shutil.copy)(part, copy / part)
        command = ["snakemake", "--cores", str(cores), "--configfile", str(config.resolve())]
        began = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
        wall = time.perf_counter() - began
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            raise typer.Exit(1)
        jobs = job_seconds(done.stderr)
        idle = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(command, cwd=copy, capture_output=True, check=True)
            idle.append(time.perf_counter() - began)
    counts, seconds = Counter(rule for rule, _ in jobs), Counter()
    for rule, took in jobs:
        seconds[rule] += took
    starts = {module: start_up(module) for module in {*IMPORTS.values(), "blockmaps.cli"}}
    records: list[Record] = []
    for rule, number in counts.most_common():
        each = starts[IMPORTS.get(rule, "blockmaps.cli")]
        records.append(
            {"rule": rule, "jobs": number, "seconds": seconds[rule], "start_up": each * number}
        )
    work = sum(one["seconds"] - one["start_up"] for one in records)
    print(machine(torch.device("cpu")))
    show(records, ["rule", "jobs", "seconds", "start_up"])
    print(
        f"\n{cores} cores × {wall:.0f} s = {cores * wall:.0f} s; jobs {seconds.total():.0f} s, "
        f"of which start-up {seconds.total() - work:.0f} s and work {work:.0f} s\n"
        f"cores × wall / jobs = {cores * wall / seconds.total():.2f}, "
        f"/ work = {cores * wall / work:.2f}; with nothing to do: {median(idle):.1f} s"
    )
    total = {"rule": "all", "wall": wall, "cores": cores, "seconds": seconds.total(), "work": work}
    write([*records, total | {"nothing_to_do": median(idle)}], json)


if __name__ == "__main__":
    run(main)
