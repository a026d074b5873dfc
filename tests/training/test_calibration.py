"""What a preset takes is told from its own banks, and rises with what is asked for."""

import time

import numpy as np
import pytest

from blockmaps.data.making import make_file
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.training import calibration
from blockmaps.training.calibration import TimeEstimate, calibrate, lines
from blockmaps.training.shard import train_shard

DESIGNS = [
    {"kind": "uniform", "budgets": [2000], "densities": [0.1, 0.2, 0.5, 1.0]},
    {"kind": "baseline", "cells": ["lstm"], "budgets": [2000]},
]


def plan(steps: int = 600, length: int = 8) -> Plan:
    data = {"kind": "copy", "steps": length, "width": 8, "train": 500, "test": 200}
    return Plan(
        configs.parse(
            {
                "name": "own",
                "seed": 1,
                "datasets": {"d": data},
                "recipes": {"r": {"steps": steps, "batch_size": 32, "learning_rate": 0.001}},
                "experiments": {
                    "e": {"dataset": "d", "recipe": "r", "seeds": 2, "designs": DESIGNS}
                },
            }
        )
    )


@pytest.fixture
def quick(monkeypatch):
    """The start of a process is not timed: a second."""
    monkeypatch.setattr(calibration, "_seconds_of", lambda code: 1.0)


def test_a_training_takes_about_what_was_told(quick, tmp_path):
    asked = plan()
    found = calibrate(asked, tmp_path)
    assert set(found.shards) == set(asked.shards)
    shard = next(iter(asked.shards.values()))
    path = tmp_path / "data.safetensors"
    make_file(asked.config.datasets["d"], 1, 0, {"data_digest": shard.data_digest}, path)
    began = time.process_time()
    train_shard(shard, path, tmp_path / "c", tmp_path / "l", "cpu")
    passed = time.process_time() - began
    assert passed / 3 < found.shards[shard.id] - 1 < 3 * passed


def test_more_steps_and_longer_sequences_take_longer(quick, tmp_path):
    few, more, longer = (
        sum(calibrate(one, tmp_path).shards.values())
        for one in (plan(200), plan(2000), plan(200, length=80))
    )
    assert few < more
    assert few < longer


def test_a_file_that_is_there_is_read_and_what_an_environment_makes_is_left_out(
    quick, tmp_path, monkeypatch
):
    asked = plan()
    spec = asked.config.datasets["d"]
    path = tmp_path / "data/d.safetensors"
    make_file(spec, 1, 0, {"data_digest": asked.data_digest("d", 0)}, path)
    assert calibrate(asked, tmp_path).data == {"d": 0.0}
    path.unlink()
    monkeypatch.setattr(type(spec), "environment", property(lambda self: "hammer"))
    found = calibrate(asked, tmp_path)
    assert (found.shards, found.left_out) == ({}, ("d",))
    assert "not told: what needs d" in lines(found, 2)[-1]


def test_another_presets_file_of_that_name_is_not_taken(quick, tmp_path):
    asked, other = plan(length=8), plan(length=20)
    facts = {"data_digest": other.data_digest("d", 0)}
    make_file(other.config.datasets["d"], 1, 0, facts, tmp_path / "data/d.safetensors")
    assert calibrate(asked, tmp_path).data["d"] > 0


def test_work_is_shared_among_cores_but_for_the_last_jobs():
    found = TimeEstimate({"a": 40.0, "b": 40.0}, {"d": 4.0}, 20.0, 6.0, 2 * 10**9, 3 * 10**6)
    assert found.work == 104
    assert found.wall(1) == 104
    assert found.wall(2) == 49 + 6
    assert found.wall(100) == 40 + 6  # the longest job
    assert lines(found, 2) == [
        "time   55 s on 2 cores; of one core: training 80 s, data 4 s, tables, figures and page "
        "20 s",
        "memory 2.0 GB a training job, as many at once as there are cores",
        "disk   3 MB",
    ]


def test_a_process_is_timed_by_its_own_work():
    assert calibration._seconds_of("sum(range(10**7))") > calibration._seconds_of("pass") > 0
    assert np.isfinite(calibration._seconds_of("import json"))
