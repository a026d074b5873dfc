"""The workflow on a real SLURM: cut-off jobs go on, and results are the local run's to the bit.

Opt-in: pytest tests/slurm --slurm. It takes about two minutes.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from cluster import running, with_parent

ROOT = Path(__file__).parents[2]
PRESET = "tests/slurm/preset.yaml"
RUNS = "results/cluster/runs.parquet"
WAIT = 240  # seconds for the whole run, at most

pytestmark = pytest.mark.slurm


def copied(folder: Path) -> Path:
    """Copy what git tracks, and what it would, into a new folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture
def cluster():
    with running() as made:
        yield made


def programs(shard: str, folder: Path) -> list[int]:
    """Return the process ids of the Python that trains a shard in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            here = os.readlink(entry / "cwd")
        except OSError:
            continue
        named = any(shard.encode() in word for word in words)
        if named and b"train" in words and b"blockmaps" in words and here == str(folder):
            found.append(int(entry.name))
    return found


def until(what: str, there, run: subprocess.Popen, seconds: float = 90):
    """Wait for something to be there while a run goes on, and return it."""
    end = time.monotonic() + seconds
    while not (found := there()):
        assert run.poll() is None, f"the run ended before {what}"
        assert time.monotonic() < end, f"no {what} in {seconds} s"
        time.sleep(0.1)
    return found


def test_cut_off_jobs_go_on_and_end_the_same_as_a_local_run(cluster, tmp_path):
    here, there = copied(tmp_path / "local"), copied(tmp_path / "cluster")
    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    snakemake = [str(Path(sys.executable).parent / "snakemake"), RUNS, "--configfile", PRESET]
    log = (tmp_path / "cluster.log").open("w")
    run = subprocess.Popen(
        [
            *(*snakemake, "--profile", "profiles/slurm", "--slurm-no-account"),
            *("--default-resources", "slurm_partition=main", "runtime=5", "mem_mb=1000"),
            *(
                "--set-resources",
                "train:gpu=0",
                "train:mem_mb=1500*attempt",
                "train:runtime=5*attempt",
            ),
            *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"),
        ],
        cwd=there,
        env=cluster.environment | {"PYTHONPATH": ""},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=with_parent,
    )
    try:
        folder = there / "results/cluster"
        until("four shards", lambda: len(list((folder / "shards").glob("*.json"))) == 4, run)
        shards = sorted(one.stem for one in (folder / "shards").glob("*.json"))
        stopped, killed, cancelled, _ = shards

        def training(shard: str) -> list[int]:
            """Return its processes, once it has left checkpoints."""
            log = folder / f"logs/train/{shard}.log"
            begun = log.is_file() and "epoch 2 of 12" in log.read_text(encoding="utf-8")
            return programs(shard, there) if begun else []

        def number_of(shard: str) -> str:
            """Return its job's number."""
            (number,) = [one for one, about in cluster.jobs().items() if shard in about]
            return number

        for process in until("training to be stopped", lambda: training(stopped), run):
            os.kill(process, signal.SIGSTOP)
        # SLURM counts minutes; that this job's are over is said here, and SLURM does the rest
        cluster.ask("scontrol", "update", f"JobId={number_of(stopped)}", "EndTime=now+1")
        for process in until("training to be killed", lambda: training(killed), run):
            os.kill(process, signal.SIGKILL)
        until("training to be cancelled", lambda: training(cancelled), run)
        cluster.ask("scancel", number_of(cancelled))
        # meanwhile the first one waits for its time limit
        local = subprocess.run(
            [*snakemake, "--cores", "1"], cwd=here, env=own, capture_output=True, text=True
        )
        assert local.returncode == 0, local.stderr
        assert run.wait(WAIT) == 0
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGTERM)
            run.wait(20)
        log.close()
    text = (tmp_path / "cluster.log").read_text(encoding="utf-8")
    log = (cluster.folder / "slurmctld.log").read_text(encoding="utf-8")
    assert "Time limit exhausted" in log
    for shard in (stopped, killed, cancelled):
        assert text.count(f"shard={shard}") > 1, f"{shard} was not submitted again:\n{text}"
        again = (folder / f"logs/train/{shard}.log").read_text(encoding="utf-8")
        assert "go on from epoch" in again, f"{shard} began anew:\n{again}"
    measured = ["seconds", "device"]
    one, two = (pd.read_parquet(at / RUNS).drop(columns=measured) for at in (here, there))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
