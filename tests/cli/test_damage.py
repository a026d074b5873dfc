"""A damaged or foreign data file is never trained on; one of the pipeline is made again."""

import os
from pathlib import Path

import pytest
import yaml

from blockmaps.cli import app
from blockmaps.core.errors import DamagedError, InputError
from blockmaps.results.folder import Folder

PARITY = Path(__file__).parents[1] / "workflow/parity.py"


def run(*arguments):
    app([str(one) for one in arguments], standalone_mode=False)


@pytest.fixture
def preset(tmp_path, monkeypatch):
    """A folder with a preset of one small shard, and its data made; the shard's file."""
    monkeypatch.chdir(tmp_path)
    design = {"kind": "uniform", "budgets": [150], "densities": [1.0]}
    raw = {
        "name": "small",
        "seed": 3,
        "plugins": [str(PARITY)],
        "compute": {"accelerator": "cpu"},
        "datasets": {"parity": {"kind": "parity", "sequences": 60}},
        "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
        "experiments": {"e": {"dataset": "parity", "recipe": "r", "seeds": 1, "designs": [design]}},
    }
    Path("small.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    run("plan", "-c", "small.yaml", "--write")
    run("data", "parity", "-c", "small.yaml")
    (shard,) = Path("results/small/shards").glob("*.json")
    return shard


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 4
    path.write_bytes(content)


DATA = Path("results/small/data/parity.safetensors")


def test_a_damaged_data_file_is_made_again(preset, capfd):
    whole = DATA.read_bytes()
    os.utime(DATA, ns=(10**18, 10**18))
    flip(DATA)
    os.utime(DATA, ns=(10**18, 10**18))
    run("train", preset, "--data", DATA)
    assert DATA.read_bytes() == whole
    assert DATA.stat().st_mtime_ns == 10**18, "else the next workflow would train again"
    assert f"blockmaps: {DATA}: damaged: inputs" in capfd.readouterr().err
    content = bytearray(whole)
    content[100] ^= 1  # of the header: whatever part of the file it is
    DATA.write_bytes(content)
    run("collect", "-c", "small.yaml")
    assert DATA.read_bytes() == whole
    assert "it is made again now" in capfd.readouterr().err


def test_a_file_from_elsewhere_is_left_as_it_is(preset, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(DATA.read_bytes())
    flip(other)
    damaged = other.read_bytes()
    with pytest.raises(DamagedError):
        run("train", preset, "--data", other)
    assert other.read_bytes() == damaged


def test_other_data_than_the_shard_asks_for_are_refused(preset, tmp_path):
    """With exit code 0 it was, and a manifest that named the data that were not used."""
    text = Path("small.yaml").read_text(encoding="utf-8")
    Path("more.yaml").write_text(text.replace("sequences: 60", "sequences: 90"), encoding="utf-8")
    run("data", "parity", "-c", "more.yaml", "--output", tmp_path / "more.safetensors")
    with pytest.raises(InputError, match="holds another data set"):
        run("train", preset, "--data", tmp_path / "more.safetensors")
    run("data", "parity", "-c", "more.yaml")
    with pytest.raises(InputError, match="holds another data set"):
        run("train", preset)
    assert not Path("results/small/runs").exists()
    run("data", "parity", "-c", "small.yaml")
    run("train", preset)
    results = Folder(Path("results/small"))
    own = results.json("shard manifest", preset.stem)
    assert own["data_sha256"] in DATA.read_bytes()[:200].decode()
    assert len(results.parquet("shard runs", preset.stem)) == 3
