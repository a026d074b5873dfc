"""What planning costs, and how that grows with the number of variants.

    python -m benchmarks.planning

Each size is one experiment of RAD, a thousand densities at as many seed indices as are needed, and
is planned by `snakemake --dry-run` in a process of its own: first where nothing is there, then
where the shards' files of an earlier plan are, which planning reads (`results.folder.ledger`).
`plan` is the part that is ours, `blockmaps plan`; the rest is Snakemake's. `jobs` train; each takes
the shards of about three minutes. About two minutes.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
import yaml

from benchmarks.records import Record, check_writable, processor, run, show, write
from blockmaps.plan.plan import MOST

ROOT = Path(__file__).parents[1]
SIZES = (100, 1_000, 10_000, 100_000)
PER_SEED = 1_000


def config(variants: int) -> dict:
    """Return a config that asks for so many variants."""
    seeds = max(1, variants // PER_SEED)
    each = variants // seeds
    densities = [round(0.05 + 0.9 * place / each, 6) for place in range(each)]
    data = {"kind": "rad", "side": 16, "images": 5, "train": 1000, "test_leaking": 0}
    design = {"kind": "uniform", "budgets": [4000], "densities": densities}
    asked = {"dataset": "rad", "recipe": "one", "seeds": seeds, "designs": [design]}
    return {
        "name": f"of-{variants}",
        "large": variants > MOST,
        "seed": 0,
        "zoo": False,
        "compute": {"accelerator": "cpu"},
        "datasets": {"rad": data},
        "recipes": {"one": {"epochs": 1, "batch_size": 64, "learning_rate": 1e-3}},
        "experiments": {"many": asked},
    }


def measured(command: list[str], folder: Path) -> tuple[float, float, float, str]:
    """Return the seconds, the processor's seconds and the peak MB of a command, and its output."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        output.seek(0)
        text = output.read()
    if status:
        raise SystemExit(f"{' '.join(command)}: ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text


def planned(variants: int, folder: Path) -> Record:
    """Return what planning so many variants costs."""
    file = f"of-{variants}.yaml"
    (folder / file).write_text(yaml.safe_dump(config(variants)), encoding="utf-8")
    blockmaps = [sys.executable, "-m", "blockmaps", "plan", "--config", file]
    snakemake = [str(Path(sys.executable).parent / "snakemake"), "--dry-run", "--quiet", "rules"]
    snakemake += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", file, "--cores", "2"]
    own, *_ = measured(blockmaps, folder)
    record = {"variants": variants, "plan": own}
    for name in ("first", "again"):
        seconds, cpu, memory, text = measured(snakemake, folder)
        record |= {f"{name}": seconds, f"{name}_cpu": cpu, f"{name}_mb": memory}
        measured([*blockmaps, "--write"], folder)
    stats = text.rpartition("Job stats:")[2]
    trains = re.findall(r"^train\S*\s+(\d+)$", stats, re.MULTILINE)
    record["jobs"] = sum(map(int, trains))
    record["shards"] = len(list((folder / "results" / f"of-{variants}" / "shards").glob("*.json")))
    return record


def main(
    most: Annotated[int, typer.Option(help="Variants of the largest size.")] = SIZES[-1],
    json: Annotated[Path | None, typer.Option(help="Write the records there.")] = None,
) -> None:
    """Time planning by the number of variants."""
    check_writable(json)
    with tempfile.TemporaryDirectory() as folder:
        records = [planned(size, Path(folder)) for size in SIZES if size <= most]
    print(processor())
    show(records, list(records[-1]))
    write([{"machine": processor()} | one for one in records], json)


if __name__ == "__main__":
    run(main)
