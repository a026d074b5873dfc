"""Kill every step of a small pipeline at its n-th change of a file; go on; compare file by file.

Run under LD_PRELOAD of `faults.c`, in an empty folder: `python drive.py EVERY STEP…` kills at every
EVERY-th change of each step, from a first that depends on the step, and prints a line of JSON a
step. Every trial is a fork of this process, so that torch and matplotlib are imported once.
"""

import ctypes
import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path

from blockmaps.core.files import sweep

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
DESIGNS = [
    {"kind": "uniform", "budgets": [150], "densities": [0.5, 1.0]},
    {"kind": "even", "sizes": {150: [14]}, "points": 2},
]
CONFIG = {
    "name": "small",
    "seed": 3,
    "zoo": False,
    "plugins": [str(PARITY)],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "sequences": 60}},
    "recipes": {"r": {"epochs": 2, "batch_size": 10, "learning_rate": 0.01}},
    "experiments": {"e": {"dataset": "parity", "recipe": "r", "seeds": 2, "designs": DESIGNS}},
}
RESULTS = Path("results/small")
CONFIG_FILE = str(RESULTS / "config.json")
FIRST = [  # modules that a step would import: once for all trials
    *("torch", "lightning", "matplotlib.pyplot", "statsmodels.api", "sklearn.linear_model"),
    *("blockmaps.cli", "blockmaps.training.shard", "blockmaps.analysis.tables"),
    *("blockmaps.report.page.build", "blockmaps.report.publish", "blockmaps.report.redraw"),
    *("blockmaps.report.crate", "blockmaps.claims.judging", "rocrate.rocrate"),
]
# what tells of the process and not of the result: when it ran, and how long
TIMES = ("started", "ended", "seconds", "cpu_seconds", "peak_memory_bytes", "from_epoch", "resumed")


def commands() -> dict[str, list[list[str]]]:
    """Return the steps in their order, each with its command lines."""
    from blockmaps.plan import config as configs
    from blockmaps.plan.plan import Plan

    shards = sorted(Plan(configs.parse(CONFIG)).shards)
    common = ["--config", CONFIG_FILE]
    return {
        "plan": [["plan", "--write", *common]],
        "data": [["data", "parity", *common]],
        "train": [["train", f"{RESULTS}/shards/{shards[0]}.json"]],
        "train the rest": [["train", f"{RESULTS}/shards/{shard}.json"] for shard in shards[1:]],
        "collect": [["collect", *common]],
        "table": [
            f"analyse summary --runs {RESULTS}/runs.parquet "
            f"--output {RESULTS}/tables/summary.csv".split()
        ],
        "analysis": [["analyse", str(RESULTS), "--output", str(RESULTS / "analysis")]],
        "figure": [["figure", "proportion", "--runs", str(RESULTS / "runs.parquet")]],
        "page": [["page", str(RESULTS), "--output", str(RESULTS / "report.html")]],
        "publish": [["publish", str(RESULTS), "kept"]],
    }


def forked(arguments: list[list[str]], number: int = 0) -> tuple[int, list[str]]:
    """Run command lines in a fork, which ends at its n-th change; return status and changes."""
    faults = ctypes.CDLL(None)
    told, tell = os.pipe()
    os.set_inheritable(tell, True)
    log = os.memfd_create("changes")
    child = os.fork()
    if not child:
        status = 70
        try:
            with open(os.devnull, "w", encoding="utf-8") as nowhere:
                os.dup2(nowhere.fileno(), 1)
            from blockmaps.cli import app

            faults.faults_arm(str(Path.cwd()).encode(), number, log)
            for one in arguments:
                app(one, standalone_mode=False)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(told)
    os.close(tell)
    _, status = os.waitpid(child, 0)
    os.lseek(log, 0, os.SEEK_SET)
    with os.fdopen(log, encoding="utf-8") as file:
        changes = file.read().splitlines()
    return status, changes


def content(path: Path) -> str:
    """Return what a file holds, without what differs between two runs of one command."""
    import pyarrow.parquet as pq
    import torch

    if path.name.startswith("."):
        return "a partial file"
    if path.suffix == ".parquet":
        table = pq.read_table(path).to_pandas()
        return table.drop(columns="seconds", errors="ignore").to_json()
    if path.suffix == ".pt":
        checkpoint = torch.load(path)
        for row in checkpoint["rows"]:
            row.pop("seconds")
        checkpoint.pop("seconds")
        return hashlib.sha256(repr(checkpoint).encode()).hexdigest()
    if path.name.endswith("manifest.json") or path.name == "manifests.json":
        return json.dumps(_timeless(json.loads(path.read_text(encoding="utf-8"))))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _timeless(value):
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if name not in TIMES}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def tree() -> dict[str, str]:
    """Return what lies here, file by file; the logger's own files left out."""
    return {
        str(path.relative_to(Path.cwd())): content(path)
        for path in sorted(Path.cwd().rglob("*"))
        if path.is_file() and not path.is_symlink() and "logs" not in path.parts
    }


def trial(base: Path, arguments: list[list[str]], number: int, expected: dict[str, str]) -> str:
    """Kill at one change and go on; return what is not as it should be, or nothing."""
    work = base.with_name("work")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(base, work, symlinks=True)
    os.chdir(work)
    status, _ = forked(arguments, number)
    if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        return f"was not killed: {status}"
    sweep(work)  # as the workflow does before its first job
    status, _ = forked(arguments)
    if status:
        return f"the same command again ends with {os.waitstatus_to_exitcode(status)}"
    found = tree()
    names = sorted(found.keys() ^ expected.keys())
    names += [name for name in found.keys() & expected.keys() if found[name] != expected[name]]
    return f"differs: {', '.join(names[:5])}" if names else ""


def main(every: int, chosen: list[str]) -> None:
    """Go through the steps."""
    for name in FIRST:
        importlib.import_module(name)
    top = Path.cwd()
    base = top / "base"
    (base / RESULTS).mkdir(parents=True)
    (base / CONFIG_FILE).write_text(json.dumps(CONFIG), encoding="utf-8")
    (base / "config").symlink_to(Path(__file__).parents[2] / "config")
    os.chdir(base)
    for order, (step, arguments) in enumerate(commands().items()):
        done = top / "done"
        shutil.copytree(base, done, symlinks=True)
        os.chdir(done)
        status, changes = forked(arguments)
        if status:
            raise SystemExit(f"{step}: ends with {status}")
        if step in chosen:
            expected, faults = tree(), {}
            numbers = range(1 + order % min(every, len(changes)), len(changes) + 1, every)
            for number in numbers:
                if fault := trial(base, arguments, number, expected):
                    faults[f"{number} {changes[number - 1]}"] = fault
            print(
                json.dumps(
                    {"step": step, "changes": changes, "kills": len(numbers), "faults": faults}
                ),
                flush=True,
            )
        os.chdir(top)
        shutil.rmtree(base)
        done.rename(base)
        chosen = [name for name in chosen if name != step]
        if not chosen:
            break


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
