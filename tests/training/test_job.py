"""A training job's manifest: what it says is what ran, also after an interruption."""

import json
import os
import platform
from importlib.metadata import version

import numpy as np
import pytest
import torch
from tables import runs_table
from test_training import CutError, data, only, plan, shard_of  # noqa: F401 data is a fixture

from blockmaps.core.code import closure, code_digest
from blockmaps.data import store
from blockmaps.results import jobs as collection
from blockmaps.results.folder import Folder
from blockmaps.results.measures import known
from blockmaps.training import environment, fitting
from blockmaps.training import job as jobs
from blockmaps.training.shard import train_shard


def trained(shard, source, folder):
    job = jobs.Job(shard, folder / "checkpoints")
    found = train_shard(shard, source, folder / "checkpoints", folder / "logs", "cpu")
    return job.manifest(found), found.rows.merge(known(shard, source), on=["experiment", "key"])


def test_a_manifest_says_what_ran(data, tmp_path):  # noqa: F811
    shard = shard_of(plan())
    found, rows = trained(shard, data, tmp_path)
    assert json.loads(json.dumps(found)) == found
    assert (found["shard"], found["root_seed"], found["seed_index"]) == (shard.id, 5, 0)
    assert found["code"] == code_digest("training.shard")
    assert found["data_digest"] == shard.data_digest
    assert found["data_sha256"] == store.read(data).seal, "of the file that was read"
    own = found["environment"]
    assert own["python"] == platform.python_version()
    assert own["packages"]["torch"] == version("torch")
    # PyPI's build for CUDA names CUDA in one of them alone
    assert version("torch").partition("+")[0] == torch.__version__.partition("+")[0]
    assert (own["device"], own["driver"], own["cuda"]) == ("cpu", None, None)
    assert own["determinism"]["flush_denormal"] is True, "training sets it"
    assert own["determinism"]["threads"] == 1
    assert found["started"] <= found["ended"]
    assert 50e6 < found["peak_memory_bytes"] < 50e9
    assert found["peak_gpu_memory_bytes"] is None
    assert found["resumed"] is False
    assert set(found["variants"]) == {variant.key for variant in shard.variants}
    assert sum(one["seconds"] for one in found["variants"].values()) <= found["seconds"]
    assert 0 < found["cpu_seconds"] < 60
    for key, one in found["variants"].items():
        last = rows[(rows["key"] == key) & (rows["epoch"] == 3)].iloc[0]
        assert (one["epochs"], one["steps"]) == (3, 21)
        # unknowns are read at every token; forward, and twice that backward; 100 sequences × 3
        forward = last["tokens"] * (2 * last["unknowns"] + last["biases"])
        assert one["training_flops"] == 3 * forward * 100 * 3
        assert one["dense_training_flops"] >= one["training_flops"]


def test_a_job_that_goes_on_says_from_where(data, tmp_path, monkeypatch):  # noqa: F811
    shard = shard_of(plan())

    class Interrupt(fitting.Lines):
        def on_train_epoch_end(self, trainer, module):
            if module.epochs == 2:
                raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "Lines", Interrupt)
        with pytest.raises(CutError):
            trained(only(shard, 0, 1), data, tmp_path)
    found, _ = trained(shard, data, tmp_path)
    assert found["resumed"] is True
    stands = [found["variants"][variant.key]["from_epoch"] for variant in shard.variants]
    assert stands == [2, 2, 0]
    again, _ = trained(shard, data, tmp_path)
    assert {one["from_epoch"] for one in again["variants"].values()} == {3}
    longer = shard_of(plan(epochs=4))
    found, _ = trained(longer, data, tmp_path)
    assert found["resumed"] is False, "checkpoints of another recipe do not count"


def test_training_knows_nothing_of_manifests():
    """Else a runs table's digest, and so what is trained again, would depend on them."""
    reached = closure("blockmaps.training.shard")
    assert not {"blockmaps.training.job", "blockmaps.training.environment"} & reached
    assert not [name for name in reached if name.startswith("blockmaps.results")]
    assert "blockmaps.training.environment" not in closure("blockmaps.results.jobs")


def test_flops_that_are_not_known_are_none():
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1)
    own = table[table["key"] == table["key"].iloc[0]]
    found = jobs.of_variant(own, {"flops_per_sequence": np.nan, "dense_flops_per_sequence": 3.0})
    assert found["training_flops"] is None
    assert found["dense_training_flops"] > 0


def test_denormals_are_tried():
    torch.set_flush_denormal(False)
    assert environment.determinism()["flush_denormal"] is False
    torch.set_flush_denormal(True)
    assert environment.determinism()["flush_denormal"] is True


def test_a_gpus_driver_is_asked_of_nvidia_smi(tmp_path, monkeypatch):
    """There is no GPU here: a script in its place answers as it does, a line a device."""
    assert environment.environment("cpu")["driver"] is None
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\necho 550.54.15\necho 550.54.15\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = environment.environment("Some GPU")
    assert (found["device"], found["driver"]) == ("Some GPU", "550.54.15")
    script.unlink()
    assert environment.gpu_driver() == ""


def test_manifests_are_collected_once_an_environment(tmp_path):
    each = [
        {"shard": shard, "environment": {"threads": threads}, "variants": {}}
        for shard, threads in (("cc", 2), ("aa", 1), ("bb", 1))
    ]
    found = collection.collect(each)
    collection.write(found, tmp_path / "manifests.json")
    assert Folder(tmp_path).json("manifests") == found
    assert found["environments"] == [{"threads": 1}, {"threads": 2}]
    assert [(job["shard"], job["environment"]) for job in found["jobs"]] == [
        ("aa", 0),
        ("bb", 0),
        ("cc", 1),
    ]


def test_an_empty_collection_is_json(tmp_path):
    found = collection.collect([])
    collection.write(found, tmp_path / "manifests.json")
    assert Folder(tmp_path).json("manifests") == found


def test_rows_of_two_devices_do_not_stop_a_manifest(data, tmp_path):  # noqa: F811
    """A job that goes on here may find rows that a GPU left."""
    shard = only(shard_of(plan()), 0)
    job = jobs.Job(shard, tmp_path)
    found = train_shard(shard, data, tmp_path, tmp_path / "logs", "cpu")
    found.rows.loc[found.rows["epoch"] < 2, "device"] = "Some GPU"
    assert job.manifest(found)["environment"]["device"] == "cpu"


def test_the_peak_of_memory_is_since_the_job_began(tmp_path):
    """A process trains several shards; what an earlier one held is not the next one's."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("this system cannot forget a peak")
    held = np.ones(60_000_000)  # 480 MB
    peak = jobs.peak_bytes()
    del held
    jobs.Job(shard_of(plan()), tmp_path)
    assert jobs.peak_bytes() < peak - 300e6
