"""Training on a GPU: with a CUDA graph as without, and several jobs on one device.

`pytest -m gpu` on a machine with a GPU runs these and tests/maps/test_graphs.py.
"""

import os
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from blockmaps.results.folder import Folder

pytestmark = pytest.mark.gpu
DESIGN = {"kind": "uniform", "budgets": [900], "densities": [0.2, 1.0]}
DATA = {"kind": "rad", "side": 8, "images": 5, "train": 400, "test": 200, "test_leaking": 0}
RECIPE = {"epochs": 2, "batch_size": 20, "learning_rate": 0.004}


@pytest.fixture
def trained(root, tmp_path):
    """Train all shards at once, with some keys of compute: what was said, and the runs."""

    def run(name, seeds=1, **compute):
        raw = {
            "name": name,
            "seed": 1,
            "zoo": False,
            "compute": {"accelerator": "cuda", **compute},
            "datasets": {"rad": DATA},
            "recipes": {"r": RECIPE},
            "experiments": {"e": {"dataset": "rad", "recipe": "r", "seeds": seeds}},
        }
        raw["experiments"]["e"]["designs"] = [DESIGN]
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")

        def blockmaps(*words):
            return subprocess.Popen(
                [sys.executable, "-m", "blockmaps", *words],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(root / "src"), "TMPDIR": str(tmp_path)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

        for words in (("plan", "--write", "-c"), ("data", "rad", "-c")):
            one = blockmaps(*words, f"{name}.yaml")
            said = one.communicate()[0]
            assert one.returncode == 0, said
        folder = Folder(tmp_path / "results" / name)
        shards = folder.files("shards/*.json")
        jobs = [blockmaps("train", str(file)) for file in shards]
        said = [job.communicate()[0] for job in jobs]
        assert [job.returncode for job in jobs] == [0] * len(jobs), said
        runs = pd.concat([folder.parquet("shard runs", file.stem) for file in shards])
        return said, runs.sort_values(["key", "epoch", "split"], ignore_index=True)

    return run


def test_a_graph_trains_as_the_steps_do(trained):
    (_, plain), (_, graph) = trained("plain", cuda_graphs=False), trained("graph", cuda_graphs=True)
    assert set(plain["device"]) != {"cpu"}
    pd.testing.assert_frame_equal(
        plain.drop(columns="seconds"), graph.drop(columns="seconds"), rtol=1e-5
    )


def test_jobs_that_share_a_gpu_train_as_alone(trained):
    said, shared = trained("shared", seeds=3, jobs_per_gpu=3)
    assert all("GB free on cuda" in one for one in said)
    _, alone = trained("alone", seeds=3)
    pd.testing.assert_frame_equal(
        shared.drop(columns="seconds"), alone.drop(columns="seconds"), rtol=1e-5
    )
