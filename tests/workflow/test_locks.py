"""Two workflows at once on one results folder, and a lock that nobody holds."""

import subprocess
import time

import pytest


@pytest.mark.nightly
def test_two_workflows_on_one_folder_the_second_is_refused(copied, tmp_path):
    """By Snakemake's lock; when the first has ended, nothing is left to do."""
    checkout = copied(tmp_path / "clone")
    target = ("results/tiny/runs.parquet", "--configfile", "tests/workflow/tiny.yaml")
    line = ["snakemake", "--cores", "1", *target]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = subprocess.Popen(line, cwd=checkout.folder, env=checkout.environment, **pipes)
    deadline = time.monotonic() + 60
    locks = checkout.folder / ".snakemake/locks"
    while not (locks.is_dir() and any(locks.iterdir())):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    second = checkout.snakemake(*target, check=False)
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.stdout
    assert first.wait(timeout=200) == 0
    assert "Nothing to be done" in checkout.snakemake("--dry-run", *target).stdout
    # a lock that a killed one has left
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text("results/tiny/runs.parquet\n", encoding="utf-8")
    refused = checkout.snakemake("--forcerun", "runs", *target, check=False)
    assert "Directory cannot be locked" in refused.stdout
    checkout.snakemake("--unlock", *target)
    checkout.snakemake("--forcerun", "runs", *target)
