"""Kill the pipeline at its n-th change of a file, go on, and find what an uninterrupted run makes.

As SQLite is tested: the changes are writes (half of one is done), renames, removals, new folders
and fsyncs, counted in the C library, so that Arrow's, torch's and matplotlib's are among them.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STEPS = ("data", "train", "collect", "table", "analysis", "figure", "page", "publish")


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """The library that is preloaded."""
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("takes Linux and a C compiler")
    made = tmp_path_factory.mktemp("faults") / "faults.so"
    flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Werror")
    subprocess.run(["cc", *flags, "-o", made, HERE / "faults.c", "-ldl"], check=True)
    return made


def killed(faults, folder, every, *steps):
    done = subprocess.run(
        [sys.executable, HERE / "drive.py", str(every), *steps],
        cwd=folder,
        env=os.environ | {"LD_PRELOAD": str(faults)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["step"] for one in found] == list(steps)
    return found


def test_training_goes_on_from_a_kill_at_some_changes(faults, tmp_path):
    for one in killed(faults, tmp_path, 60, "data", "train"):
        assert one["kills"] >= 1
        assert one["faults"] == {}, one["step"]
        kinds = {change.partition(" ")[0] for change in one["changes"]}
        assert {"write", "rename", "fsync"} <= kinds, "or the library counts nothing"


@pytest.mark.nightly
@pytest.mark.parametrize("step", STEPS)
def test_every_step_goes_on_from_a_kill_at_every_change(faults, tmp_path, step):
    """A step a test, so that a night that is cut short has told of those before."""
    (one,) = killed(faults, tmp_path, 1, step)
    assert one["kills"] == len(one["changes"])
    assert one["faults"] == {}
