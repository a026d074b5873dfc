"""A job waits for what Snakemake has written down, where its machine sees that late."""

import threading
import time

import pytest

from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.results import seen
from blockmaps.results.folder import Folder

CONFIG = configs.parse(
    {
        "name": "small",
        "seed": 3,
        "zoo": False,
        "datasets": {"copy": {"kind": "copy", "steps": 5, "width": 8}},
        "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
        "experiments": {
            "e": {
                "dataset": "copy",
                "recipe": "r",
                "seeds": 3,
                "designs": [{"kind": "uniform", "budgets": [900], "densities": [0.5]}],
            }
        },
    }
)


@pytest.fixture
def asked(tmp_path):
    """A results folder as Snakemake leaves it for its jobs, and its three shards' names."""
    folder, made = Folder(tmp_path), Plan(CONFIG)
    names = list(made.shards)
    folder.write_asked(made)
    folder.write_batches([names[:2]])
    return folder, names


def test_every_file_that_a_job_needs_is_waited_for(asked):
    folder, names = asked
    batch, alone = f"{seen.rule_of_batch(names[:2])}:", f"train:shard={names[2]}"
    assert seen.unseen(folder, CONFIG, [batch, alone]) is None
    for target, part, name in (
        (batch, "batches", ""),
        (batch, "shard", names[1]),
        (alone, "shard", names[2]),
        ("runs:", "config", ""),
    ):
        path = folder.file(part, name)
        text = path.read_bytes()
        path.unlink()
        assert seen.unseen(folder, CONFIG, [target]) == path
        path.write_bytes(text)
    # as an earlier session left them
    folder.write_batches([names[1:]])
    assert seen.unseen(folder, CONFIG, [f"replication_{batch}"]) == folder.file("batches")
    other = CONFIG.model_copy(update={"seed": 4})
    assert seen.unseen(folder, other, [alone]) == folder.file("config")


def test_it_is_seen_when_it_comes_and_else_a_line_says_which_is_not(tmp_path):
    path = tmp_path / "late.json"

    def look():
        return None if path.is_file() else path

    words = ["snakemake", "--target-jobs", "runs:", "all:", "--latency-wait", "0.2", "--nolock"]
    assert seen.words_after("--target-jobs", words) == ["runs:", "all:"]
    assert seen.wait(look, words, 0.05) == (
        f"{path}: not seen as it was written, in 0.2 s (--latency-wait)"
    )
    threading.Timer(0.2, path.touch).start()
    began = time.monotonic()
    assert seen.wait(look, ["snakemake"], 0.05) == ""
    assert time.monotonic() - began < seen.LEAST
