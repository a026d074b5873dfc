"""Whole workflows at once: on one results folder, one cache, one folder of data."""

import os
import shutil
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from blockmaps.core import csv
from blockmaps.core.files import checksums
from blockmaps.results import runs

ROOT = Path(__file__).parents[2]
PRESET = {
    "name": "twice",
    "seed": 1,
    "zoo": False,
    "plugins": [str(ROOT / "tests/workflow/parity.py")],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "bits": 3, "sequences": 200}},
    "recipes": {"short": {"epochs": 2, "batch_size": 25, "learning_rate": 0.01}},
    "experiments": {
        "a": {
            "dataset": "parity",
            "recipe": "short",
            "seeds": 3,
            "designs": [{"kind": "uniform", "budgets": [150], "densities": [0.5, 1.0]}],
        }
    },
}
GIVEN = ("--configfile", "twice.yaml")
RUNS = "results/twice/runs.parquet"
LINE = (RUNS, "results/twice/tables/summary.csv", "results/twice/figures/curves.svg", *GIVEN)
OTHER = "blockmaps: results/twice: another workflow works on it; wait until that has ended"
pytestmark = pytest.mark.nightly


@pytest.fixture
def clone(copied, tmp_path):
    """Make a checkout with the preset: clone(name, **other keys of the preset)."""

    def make(name, **other):
        made = copied(tmp_path / name)
        (made.folder / "twice.yaml").write_text(yaml.safe_dump(PRESET | other), encoding="utf-8")
        return made

    return make


def at_once(*asked):
    """Run several workflows at once, each a checkout and its arguments."""
    found = {}

    def run(number, checkout, arguments):
        found[number] = checkout.snakemake(*arguments, check=False)

    threads = [threading.Thread(target=run, args=(n, *one)) for n, one in enumerate(asked)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return [found[number] for number in range(len(asked))]


def results(checkout):
    """Return a results folder's runs, a table and a figure, without how long training took."""
    folder = checkout.folder / "results/twice"
    table = csv.read(folder / "tables/summary.csv")
    figure = (folder / "figures/curves.svg").read_bytes()
    frames = runs.read(folder / "runs.parquet"), table
    return [one.drop(columns=one.filter(like="seconds").columns) for one in frames], figure


def assert_same(found, known):
    for one, other in zip(found[0], known[0], strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert found[1] == known[1]


@pytest.fixture(scope="module")
def alone(copied, tmp_path_factory):
    """What the preset gives where nothing else runs."""
    made = copied(tmp_path_factory.mktemp("alone") / "clone")
    (made.folder / "twice.yaml").write_text(yaml.safe_dump(PRESET), encoding="utf-8")
    made.snakemake(*LINE)
    return results(made)


def test_of_two_in_one_folder_one_is_refused_and_the_other_is_right(clone, alone):
    one = clone("clone")
    done = at_once(*[(one, LINE)] * 2)
    assert sorted(each.returncode for each in done) == [0, 2], done
    (refused,) = (each.stdout.splitlines() for each in done if each.returncode)
    assert OTHER in refused
    assert_same(results(one), alone)
    assert "Nothing to be done" in one.snakemake(*LINE).stdout


def test_of_two_checkouts_on_one_disk_one_is_refused_and_the_other_is_right(clone, alone, tmp_path):
    """`results` of both is one place."""
    disk = tmp_path / "disk"
    disk.mkdir()
    both = [clone("one"), clone("two")]
    for one in both:
        shutil.rmtree(one.folder / "results")
        (one.folder / "results").symlink_to(disk)
    done = at_once(*[(one, LINE) for one in both])
    assert sorted(each.returncode for each in done) == [0, 2], [each.stdout for each in done]
    (refused,) = (each.stdout.splitlines() for each in done if each.returncode)
    assert OTHER in refused
    assert "Traceback" not in "\n".join(refused)
    for one in both:
        assert_same(results(one), alone)


def test_two_presets_in_one_folder_are_both_right(clone, alone):
    one = clone("clone")
    other = PRESET | {"name": "other"}
    (one.folder / "other.yaml").write_text(yaml.safe_dump(other), encoding="utf-8")
    others = [name.replace("twice", "other") for name in LINE]
    done = at_once((one, LINE), (one, others))
    assert [each.returncode for each in done] == [0, 0], [each.stdout for each in done]
    assert_same(results(one), alone)
    (one.folder / "results/twice").rename(one.folder / "results/first")
    (one.folder / "results/other").rename(one.folder / "results/twice")
    assert_same(results(one), alone)


@pytest.mark.parametrize("after", [0.5, 4, 8])
def test_one_that_was_killed_is_gone_on_with_by_the_same_command(clone, alone, after):
    one = clone("clone")
    with one.started(*LINE):
        time.sleep(after)  # then all of it is killed, its jobs too
    one.snakemake(*LINE)
    assert_same(results(one), alone)


def test_one_cache_of_two_at_once(clone, alone, tmp_path):
    """Both may train: what is kept is whole, and a third has all of it from there."""
    cache = tmp_path / "cache"
    cache.mkdir()
    three = [clone(name) for name in ("one", "two", "three")]
    for one in three:
        one.environment["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)
    done = at_once(*[(one, (*LINE, "--cache")) for one in three[:2]])
    assert [each.returncode for each in done] == [0, 0], [each.stdout for each in done]
    three[2].snakemake(*LINE, "--cache")
    logs = three[2].folder.glob("results/twice/logs/*/*.log")
    ran = {path.parent.name for path in logs if path.stat().st_size}  # a step that runs says so
    assert ran
    assert not ran & {"data", "train"}
    for one in three:
        assert_same(results(one), alone)
    assert [path.name for path in cache.iterdir() if path.is_dir()] == []


def test_one_folder_of_data_of_two_at_once(clone):
    """It is read alone: what is downloaded goes to the user's cache."""
    place = os.environ.get("BLOCKMAPS_DATA")
    if not place or not (Path(place) / "mnist").is_dir():
        pytest.skip("takes MNIST in BLOCKMAPS_DATA")
    before = checksums(Path(place) / "mnist")
    spec = {"kind": "images", "source": "mnist", "train": 200, "test": 100}
    sets = {"datasets": {"parity": spec}, "plugins": []}
    design = {"kind": "uniform", "budgets": [9000], "densities": [0.5, 1.0]}
    sets["experiments"] = {"a": PRESET["experiments"]["a"] | {"designs": [design]}}
    both = [clone("one", **sets), clone("two", **sets)]
    done = at_once(*[(one, (RUNS, *GIVEN)) for one in both])
    assert [each.returncode for each in done] == [0, 0], [each.stdout for each in done]
    found, known = (runs.read(one.folder / RUNS).drop(columns="seconds") for one in both)
    assert found.equals(known)
    assert checksums(Path(place) / "mnist") == before
