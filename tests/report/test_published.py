"""Published tables: as their manifests say, in the documented columns, and ready to be analysed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from blockmaps.analysis import continuum, trainability
from blockmaps.results import runs
from blockmaps.results.folder import Folder

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("published/**/dynamics.parquet"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_files_are_what_the_manifest_says(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"runs.parquet", "dynamics.parquet"} <= set(manifest["files"])
    for name, known in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == known["sha256"]
        assert len(content) == known["bytes"] < 5_000_000
    table = runs.read(folder / "runs.parquet")
    assert table.drop_duplicates(["experiment", "key"]).shape[0] == manifest["variants"]
    config = manifest["config"]
    assert set(config.get("only") or config["experiments"]) == set(table["experiment"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_are_made_of_it_and_say_what_was_promised(folder):
    table, dynamics = (Folder(folder).parquet(name) for name in ("runs", "dynamics"))
    path = table[table["study"] == continuum.STUDY]
    # every arm has exactly the unknowns that it was made for
    assert (path["unknowns"] == path["budget"]).all()
    if len(path):
        differences = continuum.differences(table)
        control = differences[differences["difference"] == "MLP - control"]
        assert len(control)
        # float32: to rounding, which training amplifies; after some thousand steps it has no end
        short = control[control["steps"] < 2000]
        assert (short["curve_deviation"] < 1e-2).all()
        arms = path[path["arm"].isin(["mlp", "control"]) & (path["epoch"] == 1)]
        where = ["experiment", "seed_index", "replicate", "split"]
        first = arms.pivot_table(index=where, columns="arm", values="loss").dropna()
        assert len(first)
        np.testing.assert_allclose(first["control"], first["mlp"], rtol=1e-3)
    fates = table[table["study"] == trainability.STUDY]
    if len(fates):
        arms = trainability.by_arm(table, dynamics)
        assert (arms["n"] >= 20).all()


def test_something_is_published():
    assert FOLDERS
