"""A GPU for each training job, of devices that are there in name alone."""

import os
import signal
import subprocess
import sys

import pytest

from blockmaps.plan import devices

HOLD = """
import os, sys, time
from pathlib import Path
from blockmaps.plan import devices
with devices.own_gpu(folder=Path(sys.argv[1])) as own:
    print(own, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def job(tmp_path, root):
    """Start a process that takes a GPU until it is told to end: (the process, its device)."""
    started = []

    def start(visible):
        one = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "locks")],
            env=os.environ | {"CUDA_VISIBLE_DEVICES": visible, "PYTHONPATH": str(root / "src")},
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
