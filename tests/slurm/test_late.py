"""The workflow on a SLURM of two nodes whose shared disk shows files late, as NFS may.

Opt-in: pytest tests/slurm --slurm. The login node and both nodes each have a view of their own
(late.py) of the folder that all of it happens in.
"""

import os
import subprocess
import sys
from pathlib import Path

import late
import pandas as pd
import pytest
from cluster import running
from test_slurm import copied, until

PRESET = "tests/slurm/late.yaml"
RUNS, TABLE = "results/late/runs.parquet", "results/late/tables/summary.csv"
NODES = ("node0", "node1")
DATA = "results/late/data/rad.safetensors"
WAIT = 300  # seconds, at most
SECONDS = 12  # that a change takes to be seen elsewhere: longer than a job takes to start

pytestmark = pytest.mark.slurm


def test_what_other_machines_write_is_waited_for(tmp_path):
    if reason := late.missing():
        pytest.skip(f"no late file system: {reason}")
    here, at, of, shared = (tmp_path / name for name in ("local", "at", "of", "shared"))
    for folder in (at, shared):
        folder.mkdir()
    copied(here), copied(of)

    def machine(name: str) -> list[str]:
        words = ["--at", at, "--of", of, "--shared", shared, "--seconds", SECONDS, "--name", name]
        return [sys.executable, late.__file__, *map(str, words)]

    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    program = Path(sys.executable).parent / "snakemake"
    asked = [str(program), RUNS, TABLE, "--configfile", PRESET]
    said = tmp_path / "said.log"
    with running(nodes=len(NODES), within=machine) as cluster, said.open("w") as file:
        run = subprocess.Popen(
            [
                *(*machine("login"), *asked, "--profile", "profiles/slurm", "--slurm-no-account"),
                *("--default-resources", "slurm_partition=main", "runtime=5", "mem_mb=1000"),
                *("--set-resources", "train:gpu=0", "train_policies:gpu=0", "--jobs", "2"),
                *("--slurm-init-seconds-before-status-checks", "2", "--retries", "0"),
                # its daemon opens this log at once, in a folder that Snakemake has just made
                *("--slurm-logdir", str(tmp_path / "slurm"), "--slurm-keep-successful-logs"),
            ],
            cwd=tmp_path,
            env=cluster.environment | {"PYTHONPATH": "", "XDG_CACHE_HOME": f"{at}/.cache"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            until("the data", (of / DATA).is_file, run)
            # what follows is for the other node, which sees nothing of it yet
            (used,) = (name for name in NODES if (shared / name).stat().st_size)
            cluster.ask("scontrol", "update", f"NodeName={used}", "State=DRAIN", "Reason=elsewhere")
            local = subprocess.run(
                [*asked, "--cores", "1"], cwd=here, env=own, capture_output=True, text=True
            )
            assert local.returncode == 0, local.stderr
            code = run.wait(WAIT)
        finally:
            run.kill()  # and what it has started ends with it
            run.wait()
    text = said.read_text(encoding="utf-8")
    assert code == 0, text
    logs = [log.read_text(encoding="utf-8") for log in (tmp_path / "slurm").rglob("*.log")]
    assert len(logs) == text.count("has been submitted")
    assert not any("not seen" in one for one in [text, *logs])
    assert "train_batch_" in text
    # all three have written something
    assert {one.name for one in shared.iterdir() if one.stat().st_size} == {*NODES, "login"}
    measured = ["seconds", "device"]
    one, two = (pd.read_parquet(at / RUNS).drop(columns=measured) for at in (here, of))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert (of / TABLE).is_file()
