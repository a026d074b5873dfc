"""What is kept: whole, as its manifest says, and what the documents say of it."""

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from tables import runs_table

from blockmaps.analysis import apriori
from blockmaps.analysis.tables import analyse
from blockmaps.claims import tests as claims
from blockmaps.cli import analyse as command
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksum
from blockmaps.plan import catalogue
from blockmaps.plan.config import parse
from blockmaps.plan.config import read as read_config
from blockmaps.report import publish, redraw
from blockmaps.results import manifest, runs

# folder → preset
KEPT = {
    "default": "config",
    "rule": "rule",
    "apriori": "apriori",
    "laptop/rad": "laptop",
    "laptop/hammer": "laptop",
    "laptop/continuum": "laptop",
    "laptop/trainability": "laptop",
}


@pytest.fixture
def results(tmp_path):
    """A results folder as the pipeline leaves it."""
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"name": "small", "seed": 1}))
    runs.write(
        runs_table(budgets=(4000,), designs=("uniform",), epochs=1),
        folder / "runs.parquet",
        runs.COLUMNS,
    )
    return folder


def test_what_is_published_is_checked(results, tmp_path, root, blockmaps):
    kept = tmp_path / "kept"
    tests = claims.read(root / "config/claims.yaml")
    files = publish.publish(results, kept, tests, "abc")
    names = {path.relative_to(kept).as_posix() for path in files}
    assert {"manifest.json", "runs.parquet", "claims.json", "tables/summary.csv"} <= names
    # of uniform patterns alone: what needs another design is no table at all
    analysed = {name for name in names if name.startswith("analysis/")}
    assert analysed == {
        f"analysis/{name}.csv"
        for name in ("apriori", "profiles", "robust", "steps", "train_test", "uniform")
    }
    assert "tables/differences.csv" not in names
    found = manifest.check(kept)
    assert (found["name"], found["commit"], found["variants"]) == ("small", "abc", 20)
    assert found["config"] == {"name": "small", "seed": 1}
    # over itself: what it says of the training stays, and nothing else has changed
    before = (kept / "manifest.json").read_text()
    publish.publish(kept, kept, tests)
    assert (kept / "manifest.json").read_text() == before
    table = kept / "runs.parquet"
    assert table.read_bytes() == (results / "runs.parquet").read_bytes()
    # a table that the manifest does not list is refused, and no figure is drawn of it
    figures = redraw.figures_of(kept)
    added = kept / "tables/pairs.csv"
    shutil.copy(root / "published/default/tables/pairs.csv", added)
    assert "pairs" not in figures
    assert "pairs" in redraw.figures_of(kept, manifest.within(kept))
    assert redraw.figures_of(kept) == figures
    done = blockmaps("check", kept, check=False)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert str(added) in done.stderr
    added.unlink()
    # what was cut off, and a published folder below, are not this one's
    (kept / "tables/.summary.csv.0a1b2c-1.csv").touch()
    shutil.copytree(root / "published/rule", kept / "rule")
    manifest.check(kept)
    with table.open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match="not what its manifest says"):
        manifest.check(kept)
    table.unlink()
    with pytest.raises(InputError, match="is missing"):
        manifest.check(kept)
    (kept / "manifest.json").unlink()
    with pytest.raises(InputError, match="no manifest"):
        manifest.check(kept)


def test_a_folder_without_results_is_one_line_and_exit_2(results, tmp_path, blockmaps):
    (results / "config.json").unlink()
    done = blockmaps("publish", results, tmp_path / "kept", check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_whole_and_of_the_preset_that_it_names(name, root):
    found = manifest.check(root / "published" / name)
    preset = read_config(root / f"config/{KEPT[name]}.yaml")
    # read as today's: a config may gain keys with defaults, and other experiments, later
    asked = parse(found["config"])
    for experiment in asked.only or asked.experiments:
        own = asked.experiments[experiment]
        assert own == preset.experiments[experiment]
        assert asked.datasets[own.dataset] == preset.datasets[own.dataset]
        assert asked.recipes[own.recipe] == preset.recipes[own.recipe]
    table = runs.read(root / "published" / name / "runs.parquet")
    assert len(table.drop_duplicates(["experiment", "key"])) == found["variants"]


def test_a_folder_is_analysed(tmp_path, blockmaps, capsys):
    folder = tmp_path / "kept"
    folder.mkdir()
    runs.write(
        runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=1),
        folder / "runs.parquet",
        runs.COLUMNS,
    )
    stale = folder / "analysis/crossed.csv"
    stale.parent.mkdir()
    stale.write_text("experiment\n", encoding="utf-8")
    printed = blockmaps("analyse", folder).stdout
    assert not stale.exists()
    assert f"{folder}/analysis/comparisons.csv" in printed
    written = [line for line in printed.splitlines() if line.startswith(str(folder))]
    assert len(list((folder / "analysis").glob("*.csv"))) == len(written)
    assert "regret: not made; needs recommended and 10 random patterns" in printed
    command.analyse("steps", folder / "runs.parquet")
    assert capsys.readouterr().out == (folder / "analysis/steps.csv").read_text()
    done = blockmaps("analyse", "nothing", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "neither a folder nor a table; takes one of: summary" in done.stderr
    with pytest.raises(InputError, match="no such file"):
        command.analyse(str(tmp_path))


def test_the_analysis_that_is_kept_is_that_of_the_runs_that_are_kept(root):
    folder = root / "published/laptop/rad"
    table = runs.read(folder / "runs.parquet")
    table = table[table["experiment"] == "even"]
    for name, made in analyse(table, "explained", "steps").items():
        kept = csv.read(folder / f"analysis/{name}.csv")
        kept = kept[kept["experiment"] == "even"].reset_index(drop=True)
        pd.testing.assert_frame_equal(made, kept, check_dtype=False, rtol=1e-4, atol=1e-6)


def said(estimate: float, low: float, high: float, digits: int = 1) -> str:
    """Write an estimate and its interval as the document does."""
    text = f"{estimate:+.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
    return text.replace("-", "−")


def test_the_document_says_what_the_kept_runs_say_of_the_rule(root):
    readme = (root / "docs/experiments.md").read_text(encoding="utf-8")
    table = analyse(runs.read(root / "published/apriori/runs.parquet"), "apriori")["apriori"]
    over = table[table["level"] == "all sizes"].set_index("statistic")
    against = [f"recommended - {other}" for other in (apriori.RANDOM_BEST, apriori.RANDOM_MEDIAN)]
    for name in (*against, f"slope of balanced - dense on {apriori.ON_RATIO}"):
        assert said(*over.loc[name, ["estimate", "low", "high"]]) in readme, name
    rank = over.loc["rank correlation, predicted and measured", ["estimate", "low", "high"]]
    assert said(*rank, 2).removeprefix("+") in readme
    match = table[table["statistic"] == apriori.MATCH].set_index("dataset")["estimate"]
    words = ", ".join(
        "more than 50" if np.isnan(match[name]) else f"{match[name]:.0f}"
        for name in ("x64-y20", "x144-y16", "x196-y8", "x576-y6", "x784-y10")
    )
    assert " and more".join(words.rsplit(", more", 1)) in readme


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("/etc/hostname", None),
        ("../secret", None),
        ("tables/../../secret", None),
        ("C:/secret", None),
        ("a\0b", None),
        ("..\\secret", None),
        ("linked", "../secret"),
        ("tables/linked", "/etc"),
    ],
)
def test_a_manifest_whose_paths_leave_the_folder_is_refused(tmp_path, name, link):
    folder = tmp_path / "kept"
    (folder / "tables").mkdir(parents=True)
    (tmp_path / "secret").write_text("known", encoding="utf-8")
    if link:
        (folder / name).symlink_to(link)
    files = {name: {"sha256": checksum(tmp_path / "secret"), "bytes": 5}}
    said = {"name": "n", "config": {}, "files": files}
    (folder / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(InputError, match="which is not within"):
        manifest.check(folder)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "5", "[" * 5000, "{", '{"files": 3}', '{"name": "n", "files": {}}'),
        '{"name": "n", "config": {}, "files": ["runs.parquet"]}',
        '{"name": "n", "config": {}, "files": {"a": {"sha256": 7}}}',
        '{"name": "n", "config": {}, "files": {"a": "b"}}',
    ],
)
def test_json_of_another_shape_is_no_manifest(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"manifest\.json: is (no JSON|not what `blockmaps publish` writes)"):
        manifest.check(tmp_path)


def git(folder, *arguments):
    own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=true"]
    return subprocess.run(
        ["git", "-C", folder, *own, *arguments], capture_output=True, check=True, encoding="utf-8"
    ).stdout


def test_a_commit_is_this_projects_or_none(root, tmp_path, monkeypatch):
    """Installed below a repository of another project, that one's commit was in the manifest."""
    package = tmp_path / "venv/lib/site-packages/blockmaps/results"
    package.mkdir(parents=True)
    (package / "manifest.py").write_text("", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "theirs")
    for place in (tmp_path, package):
        monkeypatch.setattr(manifest, "__file__", str(package / "manifest.py"))
        monkeypatch.setenv("GIT_DIR", str(place / ".git"))
        assert manifest.commit() == ""
    own = tmp_path / "own/src/blockmaps/results/manifest.py"
    own.parent.mkdir(parents=True)
    own.write_text("", encoding="utf-8")
    monkeypatch.setattr(manifest, "__file__", str(own))
    assert manifest.commit() == ""
    monkeypatch.delenv("GIT_DIR")
    git(tmp_path / "own", "init", "-q")
    assert manifest.commit() == "", "no commit has it"
    git(tmp_path / "own", "add", ".")
    git(tmp_path / "own", "commit", "-q", "-m", "ours")
    assert manifest.commit() == git(tmp_path / "own", "rev-parse", "HEAD").strip()
    # results/ on another disk: what git keeps of it is as if removed
    kept = tmp_path / "own/results/README.md"
    kept.parent.mkdir()
    kept.write_text("kept", encoding="utf-8")
    git(tmp_path / "own", "add", ".")
    git(tmp_path / "own", "commit", "-q", "-m", "results")
    kept.parent.rename(tmp_path / "disk")
    kept.parent.symlink_to(tmp_path / "disk/elsewhere")
    assert manifest.commit() == git(tmp_path / "own", "rev-parse", "HEAD").strip()
    own.write_text("changed", encoding="utf-8")
    assert manifest.commit().endswith("-dirty")


def test_a_clone_has_the_published_bytes_whatever_git_is_told_of_line_ends(root, tmp_path):
    shutil.copy(root / ".gitattributes", tmp_path)
    (tmp_path / "claims.csv").write_bytes(b"a,b\n1,2\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    (tmp_path / "claims.csv").unlink()
    git(tmp_path, "checkout", "claims.csv")
    assert (tmp_path / "claims.csv").read_bytes() == b"a,b\n1,2\n"
