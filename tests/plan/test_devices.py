"""A GPU for each training job, of devices that are there in name alone."""

import os
import signal
import subprocess
import sys

import pytest
import yaml

from blockmaps.plan import devices

HOLD = """
import os, sys
from blockmaps.plan import devices
with devices.own_gpu(sharing=int(sys.argv[1])) as own:
    print(own, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
    sys.stdin.readline()
"""


def environment(root, folder, visible):
    """Return an environment in which some GPUs are shown, with locks of its own."""
    own = {"CUDA_VISIBLE_DEVICES": visible, "TMPDIR": str(folder), "PYTHONPATH": str(root / "src")}
    return os.environ | own


@pytest.fixture
def job(tmp_path, root):
    """Start a process that takes a GPU until it is told to end: (the process, its device)."""
    started = []

    def start(visible, sharing=1):
        one = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(sharing)],
            env=environment(root, tmp_path, visible),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(one)
        return one, one.stdout.readline().split()

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_each_job_has_a_gpu_of_its_own(job):
    (first, own), (second, other) = job("4,6"), job("4,6")
    assert (own, other) == (["4", "4"], ["6", "6"])
    # more jobs than GPUs: as it would be without this
    assert job("4,6")[1] == ["None", "4,6"]
    # what the user shows is what is taken from
    assert job("6,7")[1] == ["7", "7"]
    first.communicate("end")
    assert job("4,6")[1] == ["4", "4"]
    second.send_signal(signal.SIGKILL)
    second.wait()
    assert job("4,6")[1] == ["6", "6"]


def test_jobs_that_share_fill_every_gpu_before_one_has_two(job):
    started = [job("4,6", 2) for _ in range(4)]
    assert [own for _, (own, _) in started] == ["4", "6", "4", "6"]
    assert job("4,6", 2)[1] == ["None", "4,6"]
    started[3][0].send_signal(signal.SIGKILL)
    started[3][0].wait()
    assert job("4,6", 2)[1] == ["6", "6"]
    # one that would have a GPU to itself finds none
    assert job("4,6")[1] == ["None", "4,6"]


def test_a_job_that_shares_takes_its_part_of_the_memory(monkeypatch):
    import torch

    from blockmaps.cli.train import _share_gpu

    asked = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda *of: asked.append(of))
    _share_gpu(1)
    _share_gpu(4)
    assert asked == [(0.25, 0)]


def test_a_training_job_takes_the_one_that_is_free(job, root, tmp_path):
    design = {"kind": "uniform", "budgets": [150], "densities": [0.5]}
    raw = {
        "name": "small",
        "seed": 3,
        "zoo": False,
        "plugins": [str(root / "tests/workflow/parity.py")],
        "datasets": {"parity": {"kind": "parity", "sequences": 60}},
        "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
        "experiments": {"e": {"dataset": "parity", "recipe": "r", "seeds": 1, "designs": [design]}},
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")

    def blockmaps(*words):
        return subprocess.run(
            [sys.executable, "-m", "blockmaps", *words],
            cwd=tmp_path,
            env=environment(root, tmp_path, "4,6"),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    blockmaps("plan", "--write", "-c", "small.yaml")
    blockmaps("data", "parity", "-c", "small.yaml")
    (shard,) = (tmp_path / "results/small/shards").glob("*.json")
    job("4,6")
    assert blockmaps("train", str(shard)).startswith("takes GPU 6, which no other training has\n")


@pytest.mark.parametrize("shown", ["3", "GPU-8f2c", "", "-1"])
def test_of_one_or_none_there_is_nothing_to_choose(shown, tmp_path, monkeypatch):
    """As under SLURM, which shows a job what it was given."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    with devices.own_gpu(folder=tmp_path / "locks") as own:
        assert own is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == shown
    assert not (tmp_path / "locks").exists()


def test_the_environment_is_left_as_it_was_and_a_cpu_config_takes_none(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-a/1,MIG-b/2")
    with devices.own_gpu(folder=tmp_path) as own:
        assert own == os.environ["CUDA_VISIBLE_DEVICES"] == "MIG-a/1"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "MIG-a/1,MIG-b/2"
    with devices.own_gpu("cpu", tmp_path) as own:
        assert own is None
