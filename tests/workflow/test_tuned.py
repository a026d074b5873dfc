"""A tuned recipe through the workflow: rates first, then what is compared at them."""

import pytest
import yaml

from blockmaps.core import csv
from blockmaps.plan import tuning
from blockmaps.results import runs
from blockmaps.results.folder import Folder, read_shard

PRESET = "tests/workflow/tuned.yaml"


def shards_of(folder):
    """Return the shards that there are files of, by name."""
    return {path.stem: read_shard(path) for path in folder.file("shard", "x").parent.glob("*.json")}


def test_what_waits_for_no_rate_is_trained_meanwhile(fresh):
    jobs = fresh.jobs("runs", "--configfile", PRESET)
    # the tuning, and the fixed experiment; what the tuned one compares is not known yet
    assert jobs == {"data": 1, "train": 2, "rates": 1, "gather": 1, "runs": 1}


def test_arms_are_compared_at_the_rates_that_were_chosen(tuned):
    folder = tuned.folder / "results/tuned"
    table = csv.read(folder / "tables/rates.csv")
    assert table.groupby("arm")["chosen"].sum().to_dict() == {"dense": 1, "uniform": 1}
    for _, several in table.groupby("arm"):
        best = several.loc[several["accuracy"].idxmax(), "learning_rate"]
        assert several.loc[several["chosen"], "learning_rate"].item() == best
    chosen = table[table["chosen"]].set_index("arm")["learning_rate"].to_dict()
    found = runs.read(folder / "runs.parquet")
    assert set(found["seed_index"]) == {0, 1}  # no run of the tuning
    rates = found.groupby(["experiment", "arm"])["learning_rate"].unique().explode()
    assert rates["tuned"].to_dict() == chosen
    assert rates["fixed"].to_dict() == {"dense": 0.004, "uniform": 0.004}
    assert tuned.jobs("runs", "--configfile", PRESET) == {}


def test_what_waits_for_rates_is_trained_in_one_job(tuned):
    """Its shards have no names when Snakemake reads the rules; all that it writes is declared."""
    folder = Folder(tuned.folder / "results/tuned")
    late = {
        name
        for name, shard in shards_of(folder).items()
        if shard.experiment == "tuned" and shard.seed_index < tuning.FIRST
    }
    assert len(late) == 2
    (batch,) = (one for one in folder.json("batches") if late & {*one})
    assert {*batch} == late
    (log,) = (path for name in batch if (path := folder.file("log", f"train/{name}.log")).is_file())
    said = log.read_text(encoding="utf-8")
    assert all(f"runs/{name}.parquet: 2 variants" in said for name in late)


def test_a_late_shard_that_is_lost_is_trained_alone(tuned):
    folder = Folder(tuned.folder / "results/tuned")
    shard = folder.json("batches")[-1][0]
    lost = [folder.file("shard runs", shard), folder.file("runs")]
    for path in lost:
        path.rename(path.with_suffix(".away"))
    try:
        jobs = tuned.jobs("runs", "--configfile", PRESET)
        assert jobs == {"train": 1, "gather": 1, "runs": 1}
    finally:
        for path in lost:
            path.with_suffix(".away").rename(path)


def test_another_grid_chooses_anew(tuned):
    text = (tuned.folder / PRESET).read_text(encoding="utf-8")
    wider = text.replace("grid: [1.0e-4,", "grid: [1.0e-3, 1.0e-4,")
    assert wider != text
    (tuned.folder / "wider.yaml").write_text(wider, encoding="utf-8")
    try:
        jobs = tuned.jobs("runs", "--configfile", "wider.yaml")
    finally:
        (tuned.folder / "wider.yaml").unlink()
    # one more rate, in a shard of its own; the fixed experiment is left alone
    assert jobs == {"train": 1, "rates": 1, "gather": 1, "runs": 1}


@pytest.mark.parametrize(
    ("study", "said"),
    [
        ("trainability", "no such file; make it with `blockmaps train`"),
        ("proportion", "shards wait for learning rates"),
    ],
)
def test_a_study_is_gathered_whatever_rates_another_waits_for(
    root, tmp_path, blockmaps, study, said
):
    raw = yaml.safe_load((root / PRESET).read_text(encoding="utf-8"))
    raw["datasets"]["copy"] = {"kind": "copy", "steps": 5, "width": 8, "train": 40, "test": 20}
    one = raw["experiments"]["fixed"]
    raw["experiments"]["copy"] = {**one, "dataset": "copy", "study": "trainability"}
    (tmp_path / "both.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    asked = ("collect", "--config", "both.yaml", "--study", study)
    done = blockmaps(*asked, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert said in done.stderr  # nothing is trained here
