"""`blockmaps compare`: config, code, what moved, in words, JSON and a figure."""

import json

import numpy as np
import pytest
from readable import faults
from tables import runs_table

from blockmaps.analysis.compare import folders, sides, words
from blockmaps.core.errors import InputError
from blockmaps.report.figures import compared, style
from blockmaps.results import runs

CONFIG = {
    "name": "small",
    "seed": 1,
    "datasets": {"digits": {"kind": "rad", "side": 8}},
    "experiments": {
        "small": {"dataset": "digits", "designs": [{"kind": "uniform", "budgets": [4]}]}
    },
}


def write(folder, table, config=None, jobs=()):
    folder.mkdir()
    runs.write(table, folder / "runs.parquet", runs.COLUMNS)
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    if jobs:
        environments = [{"python": "3.11.7", "packages": {"torch": "2.13.0"}, "cores": 2}]
        found = {"format": 1, "environments": environments, "jobs": list(jobs), "without": []}
        (folder / "manifests.json").write_text(json.dumps(found))
    return folder


def job(commit, code):
    return {"commit": commit, "clean": True, "code": code, "environment": 0}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A, and B in which balanced moved by two points, under another code and config."""
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=1)
    noise = table["key"].str[:4].map(lambda digits: int(digits, 16) / 65536 - 0.5)
    shift = (0.02 + 0.004 * noise).where((table["arm"] == "balanced") & (table["epoch"] == 1), 0)
    second = table.assign(accuracy=table["accuracy"] + shift)
    second = second[(second["arm"] != "dense") | (second["seed_index"] < 4)]
    root = tmp_path_factory.mktemp("pair")
    other = json.loads(json.dumps(CONFIG))
    other["experiments"]["small"]["designs"][0]["budgets"] = [4, 8]
    other["zoo"] = True
    return (
        write(root / "a", table, CONFIG, [job("aa", "c1")]),
        write(root / "b", second, other, [job("bb", "c1"), job("bb", "c2")]),
    )


def test_the_first_sentence_says_what_moved(pair):
    made = folders.compare_folders(*pair)
    said = words.finding(made)
    assert said.startswith(
        "1 of 5 arms moved (Holm over 5 arms, 5 %): balanced (small, 4,000 unkno"
    )
    row = made.arms[made.arms["moved"]].iloc[0]
    assert f"{row['estimate']:+.1f} points [{row['low']:.1f}, {row['high']:.1f}]" in said
    assert words.as_text(made).replace("\n", " ").startswith(said[:60])
    assert made.variants == {"both": 29, "only_a": 1, "only_b": 0}


def test_config_and_code_are_compared_key_by_key(pair):
    made = folders.compare_folders(*pair)
    assert made.config == [
        {"key": "experiments.small.designs[0].budgets", "a": [4], "b": [4, 8]},
        {"key": "zoo", "a": None, "b": True},
    ]
    code = {row["what"]: (row["a"], row["b"]) for row in made.code}
    assert code["commit"] == ("aa", "bb")
    assert code["code"] == ("c1", "c1 and c2")
    assert code["torch"] == ("2.13.0", "2.13.0")
    text = words.as_text(made)
    assert "experiments.small.designs[0].budgets  [4] → [4, 8]" in text
    assert "commit  aa → bb" in text
    assert "torch" not in text, "the same on both sides"
    assert max(map(len, text.splitlines())) <= 100


def test_json_has_it_all_and_a_figure_is_drawn(pair, tmp_path, blockmaps):
    files = [tmp_path / "moved.svg", tmp_path / "moved.png"]
    options = ("--json", "--figure", files[0], "--figure", files[1])
    found = json.loads(blockmaps("compare", *pair, *options).stdout)
    assert all(path.stat().st_size > 5000 for path in files)
    assert (found["moved"], found["tested"]) == (1, 5)
    by_arm = {row["arm"]: row for row in found["arms"]}
    assert by_arm["balanced"]["curves_different"] + by_arm["balanced"]["curves_rounding"] == 10
    assert by_arm["dense"]["curves_identical"] == by_arm["dense"]["shared"] == 4
    assert by_arm["dense"]["iterations"] is None
    assert len(found["config"]) == 2


def test_identical_folders_and_folders_that_know_little(pair, tmp_path):
    table = runs.read(pair[0] / "runs.parquet")
    bare = write(tmp_path / "bare", table)
    made = folders.compare_folders(pair[0], bare)
    assert words.finding(made) == "Nothing moved: all 30 runs are identical to the last bit."
    assert "Config: not known of B." in words.as_text(made)
    assert made.config is None
    both = words.as_text(folders.compare_folders(bare, bare))
    assert "Code: not known, neither folder has a manifest." in both


def test_nothing_clear_is_said_with_the_largest_difference(pair, tmp_path):
    table = runs.read(pair[0] / "runs.parquet")
    noise = np.random.default_rng(3).normal(0, 0.01, len(table))
    other = write(tmp_path / "noise", table.assign(accuracy=table["accuracy"] + noise), CONFIG)
    said = words.finding(folders.compare_folders(pair[0], other))
    assert said.startswith("Nothing moved beyond chance (Holm over 5 arms, 5 %); the largest")


def test_a_run_that_diverged_in_one_is_told_and_is_json(pair, tmp_path):
    table = runs.read(pair[0] / "runs.parquet")
    key = table["key"].iloc[0]
    other = write(tmp_path / "nan", table.assign(loss=table["loss"].where(table["key"] != key)))
    made = folders.compare_folders(pair[0], other)
    found = json.loads(json.dumps(words.as_json(made), allow_nan=False))
    assert (found["curves"]["different"], found["curves"]["largest_deviation"]) == (1, 0)
    assert "where one loss is not finite" in " ".join(words.as_text(made).split())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("none", "none: no such folder"),
        ("empty", "empty: holds no runs.parquet"),
        ("above", r"above: holds no runs.parquet; takes .*above/inner"),
        ("rubbish", "rubbish/runs.parquet: not a table of runs"),
        ("config", "config/config.json: is no JSON"),
        ("apart", "no experiment, budget, initialisation and arm in common"),
    ],
)
def test_faults_are_one_line(pair, tmp_path, broken, said):
    folder = tmp_path / broken
    if broken != "none":
        folder.mkdir()
    if broken == "above":
        (folder / "inner").mkdir()
        (folder / "inner/runs.parquet").touch()
    if broken == "rubbish":
        (folder / "runs.parquet").write_text("no table")
    if broken == "config":
        (folder / "runs.parquet").write_bytes((pair[0] / "runs.parquet").read_bytes())
        (folder / "config.json").write_text("{")
    if broken == "apart":
        table = runs.read(pair[0] / "runs.parquet").assign(experiment="another")
        runs.write(table, folder / "runs.parquet", runs.COLUMNS)
    with pytest.raises(InputError, match=said):
        folders.compare_folders(pair[0], folder)


def test_the_command_fails_in_one_line(pair, tmp_path, blockmaps):
    done = blockmaps("compare", pair[0], tmp_path / "none", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_figure_is_the_same_each_time_and_holds_its_text(pair, tmp_path):
    made = folders.compare_folders(*pair)
    names = compared.Names(*folders.short_names(*pair))
    assert names == ("a", "b")
    for place in "ab":
        sheet = compared.draw(made.arms, words.finding(made), names)
        style.save(sheet, [tmp_path / f"{place}.svg"])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert faults(sheet) == []
    assert sheet.words.finding == "1 of 5 arms moved"
    assert words.finding(made) in sheet.words.facts
    nothing = compared.draw(made.arms.assign(outcome="loss"), "Nothing", names)
    assert "5 arms in another unit" in nothing.words.caption


def test_flat_and_short_names(tmp_path):
    assert sides.flatten({"a": [{"b": 1}], "c": [1, 2], "d": {}}) == {
        "a[0].b": 1,
        "c": [1, 2],
        "d": {},
    }
    assert sides.differing({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}) == [
        {"key": "a[1]", "a": None, "b": {"b": 2}}
    ]
    pair = tmp_path / "v1/default", tmp_path / "v2/default"
    assert folders.short_names(*pair) == ("v1/default", "v2/default")
