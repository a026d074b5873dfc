"""Two of one command at once, on one results folder: each ends right, and so does the folder."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from blockmaps.cli import app
from blockmaps.results.folder import Folder

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
DESIGN = {"kind": "uniform", "budgets": [150], "densities": [0.3, 1.0]}
CONFIG = {
    "name": "small",
    "seed": 3,
    "plugins": [str(PARITY)],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "sequences": 60}},
    "recipes": {"r": {"epochs": 6, "batch_size": 5, "learning_rate": 0.01}},
    "experiments": {"e": {"dataset": "parity", "recipe": "r", "seeds": 1, "designs": [DESIGN]}},
}


@pytest.fixture
def preset(tmp_path, monkeypatch):
    """A folder with a preset of one shard; the shard's file."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    app(["plan", "-c", "small.yaml", "--write"], standalone_mode=False)
    (shard,) = Path("results/small/shards").glob("*.json")
    return shard


def at_once(root, number, *arguments):
    """Start a command several times, and wait for all: none has failed."""
    line = [sys.executable, "-m", "blockmaps", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(line, env=environment, **pipes) for _ in range(number)]
    said = [one.communicate()[1].decode() for one in started]
    assert [one.returncode for one in started] == [0] * number, said


def test_a_shard_is_trained_twice_at_once(root, preset):
    results = Folder(Path("results/small"))
    app(["data", "parity", "-c", "small.yaml"], standalone_mode=False)
    at_once(root, 2, "train", preset)
    both = results.parquet("shard runs", preset.stem).drop(columns="seconds")
    assert results.json("shard manifest", preset.stem)["shard"] == preset.stem
    app(["train", str(preset), "--fresh"], standalone_mode=False)
    alone = results.parquet("shard runs", preset.stem).drop(columns="seconds")
    assert both.equals(alone), "to the last bit"
    assert not list(Path().rglob(".*")), "nothing is left of what was being written"


def test_a_disk_without_locks_is_trained_on(preset, monkeypatch, capsys):
    """As Lustre may be: a mark in the lock's place would stay when a job is killed."""

    def none(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", none)
    app(["data", "parity", "-c", "small.yaml"], standalone_mode=False)
    app(["train", str(preset)], standalone_mode=False)
    assert "no locks on this disk" in capsys.readouterr().out
    assert Folder(Path("results/small")).has("shard runs", preset.stem)
    (lock,) = Path("results").rglob("*.lock")
    assert lock.stat().st_size == 0, "no mark of a process"
