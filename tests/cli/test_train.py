"""Training as a command: with lower precision, and several shards in one process."""

from pathlib import Path

import pytest
import yaml

from blockmaps.results.folder import Folder
from blockmaps.results.jobs import precision_of

PARITY = Path(__file__).parents[1] / "workflow/parity.py"


@pytest.fixture
def small(run):
    """A folder with a preset of two small shards and their data; their files."""
    design = {"kind": "uniform", "budgets": [150], "densities": [1.0]}
    raw = {
        "name": "small",
        "seed": 3,
        "plugins": [str(PARITY)],
        "compute": {"accelerator": "cpu"},
        "datasets": {"parity": {"kind": "parity", "sequences": 60}},
        "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
        "experiments": {"e": {"dataset": "parity", "recipe": "r", "seeds": 2, "designs": [design]}},
    }
    Path("small.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    assert run("plan", "-c", "small.yaml", "--write").returncode == 0
    assert run("data", "parity", "-c", "small.yaml").returncode == 0
    return sorted(Path("results/small/shards").glob("*.json"))


def ask(precision):
    text = Path("small.yaml").read_text(encoding="utf-8")
    text = text.replace("accelerator: cpu", f"accelerator: cpu\n  precision: {precision}")
    Path("small.yaml").write_text(text, encoding="utf-8")


def test_another_precision_is_trained_anew_and_said_in_the_manifest(small, run):
    results, shard = Folder(Path("results/small")), small[0]
    assert run("train", shard).returncode == 0
    assert precision_of(results.json("shard manifest", shard.stem)) == "highest"
    ask("medium")
    assert run("plan", "-c", "small.yaml", "--write").returncode == 0
    assert run("train", shard).returncode == 0
    job = results.json("shard manifest", shard.stem)
    assert precision_of(job) == "medium"
    assert job["resumed"] is False
    assert run("train", shard).returncode == 0
    assert results.json("shard manifest", shard.stem)["resumed"] is True


def test_a_shard_gives_the_same_alone_and_after_another(small, run):
    """The process carries nothing over."""
    results = Folder(Path("results/small"))
    assert run("train", small[1], "--fresh").returncode == 0
    alone = results.parquet("shard runs", small[1].stem)
    assert run("train", *small, "--fresh").returncode == 0
    after = results.parquet("shard runs", small[1].stem)
    measured = ["seconds"]
    assert after.drop(columns=measured).equals(alone.drop(columns=measured))


def test_one_that_fails_is_said_and_the_next_is_trained(small, run):
    results = Folder(Path("results/small"))
    results.file("shard runs", small[0].stem).mkdir(parents=True)  # nothing is written over it
    done = run("train", *small)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"blockmaps: {small[0]}: not trained: results/small/runs/")
    assert len(results.parquet("shard runs", small[1].stem))
    assert not small[0].with_suffix(".trained").exists()


def test_a_file_for_several_shards_is_refused(small, run):
    done = run("train", *small, "--output", "one.parquet")
    assert done.returncode == 2
    assert done.stderr == "--output: found 2 shards; takes a file of one alone"
