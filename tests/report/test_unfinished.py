"""An unfinished preset is kept as it comes: trained for real, published, killed, published on."""

import json
import os
import shutil
import signal
from functools import partial
from pathlib import Path

import pytest

from blockmaps.claims import judging
from blockmaps.cli import app
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksums
from blockmaps.results import manifest, runs
from blockmaps.results.folder import Folder

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
DESIGNS = [
    {"kind": "uniform", "budgets": [150], "densities": [0.5, 1.0]},
    {"kind": "balanced", "budgets": [150]},
]
CONFIG = {
    "name": "small",
    "seed": 3,
    "zoo": False,
    "plugins": [str(PARITY)],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "sequences": 60}},
    "recipes": {"r": {"epochs": 2, "batch_size": 10, "learning_rate": 0.01}},
    "experiments": {
        "e": {"dataset": "parity", "recipe": "r", "seeds": 2, "designs": DESIGNS},
        "later": {"dataset": "parity", "recipe": "r", "seeds": 1, "designs": DESIGNS[:1]},
    },
}
RESULTS, KEPT = Path("results/small"), Path("published/small")
ALL = 8  # runs of the plan: (2 + 1) × 2, and 2


def run(*arguments):
    app([str(one) for one in arguments], standalone_mode=False)


def parts(folder, shard):
    return sorted((folder / "runs").glob(f"{shard}.*"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with all shards of the preset trained; nothing is collected."""
    top = tmp_path_factory.mktemp("unfinished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(top)
        Path("small.yaml").write_text(json.dumps(CONFIG), encoding="utf-8")
        run("plan", "--write", "-c", "small.yaml")
        run("data", "parity", "-c", "small.yaml")
        for shard in sorted((RESULTS / "shards").glob("*.json")):
            run("train", shard)
    return top


@pytest.fixture
def here(trained, tmp_path, monkeypatch):
    """A copy in which the first experiment's first shard alone is trained; those of the rest."""
    shutil.copytree(trained / RESULTS, tmp_path / RESULTS)
    (tmp_path / "config").symlink_to(Path(__file__).parents[2] / "config")
    monkeypatch.chdir(tmp_path)
    own = sorted(Folder(RESULTS).ledger.trained, key=lambda one: (one.experiment, one.seed_index))
    for shard in own[1:]:
        for path in parts(RESULTS, shard.id):
            path.unlink()
    return [shard.id for shard in own]


def come(trained, shard):
    """Let a shard be trained."""
    for path in parts(trained / RESULTS, shard):
        shutil.copy(path, RESULTS / "runs")


def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def killing(replace, left, source, target):
    """Replace a file, but end when one of the kept folder's is to be the n-th."""
    if Path(target).is_relative_to(KEPT):
        if not left[0]:
            kill()
        left[0] -= 1
    replace(source, target)


def refused(capsys, *arguments):
    """Return the one line that a command ends with."""
    with pytest.raises(InputError) as found:
        run(*arguments)
    return str(found.value)


def test_shards_are_added_as_they_come_and_nothing_depends_on_when(trained, here, capsys):
    run("publish", RESULTS, KEPT)
    first = Folder(KEPT)
    assert f"of {ALL} of the plan's runs are in" in (said := capsys.readouterr().out)
    number = first.runs["key"].nunique()
    assert f"\n{number} of {ALL} of" in said
    assert 0 < number < ALL
    assert first.config["only"] == ["e"], "it says what the runs are of"
    assert [job["shard"] for job in first.json("manifests")["jobs"]] == here[:1]
    manifest.check(KEPT)
    summary = (KEPT / "tables/summary.csv").read_text(encoding="utf-8")
    for shard in here[1:]:
        come(trained, shard)
    run("publish", RESULTS, KEPT)
    assert f"{ALL} of {ALL} of the plan's runs are in" in capsys.readouterr().out
    assert "only" not in Folder(KEPT).config
    assert (KEPT / "tables/summary.csv").read_text(encoding="utf-8") != summary
    merged = checksums(KEPT)
    run("publish", RESULTS, KEPT)
    assert checksums(KEPT) == merged, "the same once more changes nothing"
    # all at once, collected as the workflow does it
    shutil.rmtree(KEPT)
    run("collect", "-c", str(RESULTS / "config.json"))
    run("publish", RESULTS, KEPT)
    assert checksums(KEPT) == merged
    # a collected table of what was asked for then does not hide what has come since
    shutil.rmtree(KEPT)
    table = Folder(RESULTS).runs
    runs.write(table[table["experiment"] == "e"], RESULTS / "runs.parquet", runs.COLUMNS)
    run("publish", RESULTS, KEPT)
    assert checksums(KEPT) == merged
    # a shard whose tables are gone meanwhile stays kept
    for path in [*parts(RESULTS, here[0]), RESULTS / "runs.parquet"]:
        path.unlink()
    run("publish", RESULTS, KEPT)
    assert checksums(KEPT) == merged


def test_runs_of_an_earlier_recipe_are_not_kept_as_those_of_the_config(trained, here, capsys):
    """As where a workflow of a changed config was killed, or is published, while it trains."""
    for shard in here[1:]:
        come(trained, shard)
    run("collect", "-c", str(RESULTS / "config.json"))
    changed = CONFIG | {"recipes": {"r": CONFIG["recipes"]["r"] | {"epochs": 3}}}
    Path("small.yaml").write_text(json.dumps(changed), encoding="utf-8")
    run("plan", "--write", "-c", "small.yaml")
    assert "no shard is trained" in refused(capsys, "publish", RESULTS, KEPT)
    assert not KEPT.exists()
    new = next(one for one in Folder(RESULTS).ledger.written if one.recipe.epochs == 3)
    run("train", RESULTS / f"shards/{new.id}.json")
    run("publish", RESULTS, KEPT)
    assert set(Folder(KEPT).runs["epoch"]) == {0, 1, 2, 3}


def test_a_killed_publish_is_finished_by_the_next(trained, here, monkeypatch, blockmaps):
    run("publish", RESULTS, KEPT)
    before = checksums(KEPT)
    for shard in here[1:]:
        come(trained, shard)
    shutil.copytree(KEPT, "earlier")
    run("publish", RESULTS, KEPT)
    expected, number = checksums(KEPT), len(checksums(KEPT))
    seen = set()
    # while it judges; then before each kind of change of the kept folder
    for moment in (None, 0, number // 2):
        shutil.rmtree(KEPT)
        shutil.copytree("earlier", KEPT)
        if not (child := os.fork()):
            if moment is None:
                judging.verdicts = kill
            else:
                os.replace = partial(killing, os.replace, [moment])
            run("publish", RESULTS, KEPT)
            os._exit(70)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        seen.add(found := frozenset(checksums(KEPT).items()))
        if moment is None:
            assert dict(found) == before, "whole or not at all"
        else:
            done = blockmaps("check", KEPT, cwd=Path.cwd(), check=False)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
            assert "no manifest" in done.stderr
        run("publish", RESULTS, KEPT)
        assert checksums(KEPT) == expected, moment
        assert [path.name for path in KEPT.parent.iterdir()] == ["small"]
    assert len(seen) == 3


def test_what_is_not_the_same_run_is_refused_in_one_line(trained, here, capsys, blockmaps):
    for shard in here[1:]:
        come(trained, shard)
    run("publish", RESULTS, KEPT)
    before = checksums(KEPT)
    path = RESULTS / f"runs/{here[0]}.parquet"
    whole = path.read_bytes()
    rows = runs.read(path, runs.TRAINED)
    # another training took other times
    runs.write(rows.assign(seconds=rows["seconds"] + 1), path, runs.TRAINED)
    run("publish", RESULTS, KEPT)
    assert Folder(KEPT).runs["seconds"].max() > 1
    rows.loc[rows.index[-1], "accuracy"] += 0.25
    runs.write(rows, path, runs.TRAINED)
    told = refused(capsys, "publish", RESULTS, KEPT)
    assert (
        f"{KEPT}: the run {rows['key'].iloc[-1]} of e is another in the results: accuracy" in told
    )
    run("publish", RESULTS, KEPT, "--replace")
    path.write_bytes(whole)
    run("publish", RESULTS, KEPT, "--replace")
    assert checksums(KEPT).keys() == before.keys()
    # rows of another shard, and a file that was cut off
    runs.write(rows[rows["key"] != rows["key"].iloc[0]], path, runs.TRAINED)
    assert "holds other runs than its shard's" in refused(capsys, "publish", RESULTS, KEPT)
    path.write_bytes(whole[: len(whole) // 2])
    before = checksums(KEPT)
    done = blockmaps("publish", RESULTS, KEPT, cwd=Path.cwd(), check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert str(path) in done.stderr
    assert checksums(KEPT) == before
    # what is kept is damaged: nothing is merged with it
    path.write_bytes(whole)
    with (
        KEPT / "groups.parquet" if (KEPT / "groups.parquet").exists() else KEPT / "runs.parquet"
    ).open("ab") as file:
        file.write(b" ")
    assert "not what its manifest says" in refused(capsys, "publish", RESULTS, KEPT)


def test_a_stale_shard_is_left_out_and_runs_of_another_recipe_are_not_mixed(here, capsys):
    run("publish", RESULTS, KEPT)
    before = checksums(KEPT)
    changed = CONFIG | {"recipes": {"r": CONFIG["recipes"]["r"] | {"learning_rate": 0.02}}}
    Path("small.yaml").write_text(json.dumps(changed), encoding="utf-8")
    run("plan", "--write", "-c", "small.yaml")
    told = refused(capsys, "publish", RESULTS, KEPT)
    assert "no shard is trained" in told, "those of the earlier recipe are none of this plan's"
    newly = next(
        one
        for one in Folder(RESULTS).ledger.written
        if (one.experiment, one.seed_index) == ("e", 1)
    )
    run("train", RESULTS / f"shards/{newly.id}.json")
    told = refused(capsys, "publish", RESULTS, KEPT)
    assert "of the experiment e of another data set, recipe or root seed" in told
    assert checksums(KEPT) == before
    capsys.readouterr()
    run("publish", RESULTS, KEPT, "--replace")
    assert f"{len(newly.variants)} of {ALL} of the plan's runs are in" in capsys.readouterr().out
    assert [job["shard"] for job in Folder(KEPT).json("manifests")["jobs"]] == [newly.id]
    other = CONFIG | {"name": "other"}
    (RESULTS / "config.json").write_text(json.dumps(other), encoding="utf-8")
    assert "keeps the preset small; takes another folder for other" in refused(
        capsys, "publish", RESULTS, KEPT
    )


def test_an_older_table_gets_the_labels_that_it_lacks(trained, here):
    run("publish", RESULTS, KEPT)
    expected = Folder(KEPT).runs
    older = {name: one for name, one in runs.COLUMNS.items() if not one.late}
    runs.write(expected[list(older)].assign(arm="of then"), KEPT / "runs.parquet", older)
    about = Folder(KEPT).manifest
    known = about["files"]["runs.parquet"]
    known["sha256"] = checksums(KEPT)["runs.parquet"]
    (KEPT / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    for path in parts(RESULTS, here[0]):
        path.unlink()
    come(trained, here[-2])
    run("publish", RESULTS, KEPT)
    merged = Folder(KEPT).runs
    kept = merged[merged["seed_index"] == 0].reset_index(drop=True)
    assert kept.equals(expected)
    assert set(merged["task"]) == {"own"}
    assert set(merged["seed_index"]) == {0, 1}


def test_kept_shards_are_trained_again_and_compared(trained, here, capsys):
    for shard in here[1:]:
        come(trained, shard)
    run("publish", RESULTS, KEPT)
    capsys.readouterr()
    run("check", KEPT, "--retrain", 2, "--draw", 7)
    lines = capsys.readouterr().out.splitlines()
    drawn = [one for one in here if f"{one}: " in "\n".join(lines)]
    assert len(drawn) == 2
    assert f"2 of {len(here)} shards, drawn by 7: " in "\n".join(lines)
    assert lines[-2:] == ["largest deviation of accuracy: 0", "largest deviation of loss: 0"]
    # the same number draws the same shards; what deviates is said
    table = Folder(KEPT).runs
    own = Folder(RESULTS).parquet("shard runs", drawn[0])["key"].iloc[0]
    table.loc[table["key"] == own, "accuracy"] += 0.125
    runs.write(table, KEPT / "runs.parquet", runs.COLUMNS)
    run("publish", KEPT, KEPT)
    run("check", KEPT, "--retrain", 2, "--draw", 7)
    said = capsys.readouterr().out
    assert "largest deviation of accuracy: 0.125\nlargest deviation of loss: 0\n" in said
    assert f"holds {len(here)} whole shards; found --retrain 99" in refused(
        capsys, "check", KEPT, "--retrain", 99
    )
