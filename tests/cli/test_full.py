"""On a full disk, or where a folder is a file, every command that writes ends in one line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from blockmaps.cli import app

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
DESIGN = {"kind": "uniform", "budgets": [150], "densities": [0.5, 1.0]}
CONFIG = {
    "name": "small",
    "seed": 3,
    "zoo": False,
    "plugins": [str(PARITY)],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "sequences": 60}},
    "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
    "experiments": {"e": {"dataset": "parity", "recipe": "r", "seeds": 1, "designs": [DESIGN]}},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder with a preset and its results, collected."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "small.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in ("plan --write", "data parity", "collect"):
            if line == "collect":
                (shard,) = Path("results/small/shards").glob("*.json")
                app(["train", str(shard)], standalone_mode=False)
            app([*line.split(), "-c", "small.yaml"], standalone_mode=False)
    return folder


def lines(shard, out):
    runs = "results/small"
    return [
        ["data", "parity", "-c", "small.yaml", "--output", f"{out}/a.safetensors"],
        ["train", shard, "--fresh", "--output", f"{out}/a.parquet"],
        ["collect", "-c", "small.yaml", "--output", f"{out}/runs.parquet"],
        ["analyse", "summary", "--runs", f"{runs}/runs.parquet", "--output", f"{out}/a.csv"],
        ["analyse", runs, "--output", f"{out}/analysis"],
        ["figure", "curves", "--runs", f"{runs}/runs.parquet", "--output", f"{out}/a.svg"],
        ["figure", "curves", "--runs", f"{runs}/runs.parquet", "--output", f"{out}/a.png"],
        ["draw", runs, f"{out}/figures"],
        ["page", runs, "--output", f"{out}/a.html"],
        ["claims", runs, "--output", f"{out}/claims.csv", "--output", f"{out}/claims.json"],
        ["compare", runs, runs, "--figure", f"{out}/a.svg"],
        ["publish", runs, f"{out}/kept"],
    ]


def test_a_place_that_cannot_be_written_to_is_one_line(results):
    """20 of 31 commands ended in a traceback. With room again, the same commands go on."""
    shard = next((results / "results/small/shards").glob("*.json")).relative_to(results)
    for name in ("workflow", "config"):
        (results / name).symlink_to(Path(__file__).parents[2] / name)
    (results / "a-file").write_text("so no folder", encoding="utf-8")
    small = ["-c", "small.yaml"]
    refused = [(100, one) for one in [*lines(str(shard), "new"), ["crate", "results/small"]]]
    refused += [(0, one) for one in lines(str(shard), "a-file") if one[1] != "results/small"]
    again = [(0, one) for one in (["train", str(shard)], ["collect", *small])]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("full.py")],
        cwd=results,
        input=json.dumps([*refused, *again]),
        capture_output=True,
        encoding="utf-8",
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for command, answer in zip([*refused, *again], answers, strict=True):
        if command in again:
            assert answer == {"code": 0, "lines": []}, command
        else:
            assert answer["code"] in (1, 2), (command, answer)
            assert len(answer["lines"]) == 1, (command, answer)
            assert answer["lines"][0].startswith("blockmaps: "), (command, answer)
            reason = r"cannot be written|File too large|Not a directory"
            assert re.search(reason, answer["lines"][0]), (command, answer)
    assert list(results.rglob(".*")) == [], "nothing is left of what was being written"
