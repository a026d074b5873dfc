"""Published folders: drawn again, the same bytes in any process, and in step with the README."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import studies
from tables import runs_table

from blockmaps.analysis.may2023 import beside_authors
from blockmaps.claims import judging, tests, writing
from blockmaps.core import csv
from blockmaps.core.errors import DamagedError, InputError
from blockmaps.core.files import checksums
from blockmaps.plan import catalogue
from blockmaps.report import publish, redraw
from blockmaps.results import manifest, runs
from blockmaps.results.folder import Folder, find

PUBLISHED = Path(__file__).parents[2] / "published"
NAMES = sorted(
    path.parent.relative_to(PUBLISHED).as_posix() for path in PUBLISHED.rglob(manifest.NAME)
)


@pytest.fixture(scope="module")
def ledger(root):
    return tests.read(root / "config/claims.yaml")


@pytest.fixture(scope="module")
def every_figure(root, tmp_path_factory):
    """A folder that all figures can be drawn of: few runs, and tables that are kept."""
    folder = tmp_path_factory.mktemp("every") / "kept"
    table = runs_table(
        budgets=(4000,), designs=("factorial", "balanced", "even"), epochs=1, seeds=2
    )
    table.loc[table["structure"].str.startswith("even:h60"), "arm"] = "random"
    table.loc[table["structure"] == "balanced:0.5/0.5/0.5", "arm"] = "recommended"
    for part, names in {
        "default": ("tables", "analysis"),
        "apriori": ("analysis/regret.csv", "analysis/apriori.csv"),
        "laptop/hammer": ("tables/returns.csv", "tables/return_differences.csv"),
    }.items():
        for name in names:
            source = root / "published" / part / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / name)
    csv.write(beside_authors(studies.may2023()), folder / "tables/may2023.csv")
    runs.write(table, folder / "runs.parquet", runs.COLUMNS)
    return folder


@pytest.mark.nightly  # `.ci/run published` compares two drawings of what is kept, in every run
def test_every_figure_has_the_same_bytes_in_any_process(every_figure, tmp_path):
    """Hash seeds order sets and dictionaries of names otherwise; all figures, drawn at once."""
    command = [sys.executable, "-m", "blockmaps", "draw"]
    processes = [
        subprocess.Popen(
            [*command, every_figure, tmp_path / seed, "--kind", "svg"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.DEVNULL,
        )
        for seed in ("1", "2")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    drawn = sorted(path.name for path in (tmp_path / "1").iterdir())
    names = set(catalogue.FIGURES) - {"frames"}  # whose file is not kept
    assert drawn == sorted(f"{name}.{kind}" for name in names for kind in ("svg", "words.json"))
    for name in drawn:
        one, two = ((tmp_path / seed / name).read_bytes() for seed in ("1", "2"))
        assert one == two, name
        assert b"<dc:date>" not in one
        assert b"matplotlib" not in one.lower().split(b"<defs>")[0].replace(b"matplotlib.org", b"")


def test_a_png_says_neither_date_nor_creator(every_figure, tmp_path):
    (path,) = redraw.draw(every_figure, tmp_path, ["path"], ["png"])
    content = path.read_bytes()
    assert not {b"tEXt", b"tIME", b"iTXt"} & {content[at : at + 4] for at in range(200)}


def test_a_figure_of_some_experiments_is_one_of_a_folder_without_the_others(root, tmp_path):
    """Drawn of them alone it says their numbers, and no other's."""
    folder, others = root / "published/paper", {"structures", "own-rates"}
    redraw.draw(folder, tmp_path, ["curves"], ["svg"], others)
    facts = json.loads((tmp_path / "curves.words.json").read_text(encoding="utf-8"))["facts"]
    assert {*re.findall(r"\] \(([a-z-]+), 100,000", facts)} == others
    assert "area under the test curve" in facts
    with pytest.raises(InputError, match=r"experiment 'nothing'.* has anew, "):
        redraw.draw(folder, tmp_path, ["curves"], ["png"], ["structures", "nothing"])


def test_a_figure_without_tables_is_refused(every_figure, tmp_path):
    with pytest.raises(InputError, match=r"'nothing'.* has tables for"):
        redraw.draw(every_figure, tmp_path, ["nothing"])


@pytest.mark.parametrize("name", ["README.md", "docs/verdicts.md"])
def test_a_documents_verdicts_are_those_of_the_published_folders(name, ledger, root, tmp_path):
    kept = [writing.read(path / "claims.json") for path in find([root / "published"])]
    document = tmp_path / "document.md"
    document.write_text(text := (root / name).read_text(encoding="utf-8"), encoding="utf-8")
    writing.put_into(judging.merged(ledger, kept), document)
    drifted = f"drifted: blockmaps claims published --readme {name}"
    assert document.read_text(encoding="utf-8") == text, drifted


@pytest.mark.parametrize("name", NAMES)
def test_published_verdicts_are_those_of_the_published_tables(name, ledger, root, monkeypatch):
    monkeypatch.chdir(root)
    folder = root / "published" / name
    drifted = f"drifted: blockmaps publish published/{name} published/{name}"
    assert (
        writing.to_json(judging.verdicts(ledger, [folder])) == (folder / "claims.json").read_text()
    ), drifted


def test_every_published_folder_is_whole_and_small(root):
    folders = [path.parent for path in (root / "published").rglob(manifest.NAME)]
    assert folders == find([root / "published"]) or set(folders) == set(find([root / "published"]))
    total = 0
    for folder in folders:
        found = manifest.check(folder)
        files = {
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and path.name != manifest.NAME
        }
        inner = {
            one
            for one in files
            if any((folder / one).is_relative_to(f) for f in folders if f != folder)
        }
        assert files - inner == set(found["files"]), folder
        assert redraw.figures_of(folder)
        total += sum(known["bytes"] for known in found["files"].values())
    assert total < 30e6


def test_what_a_folder_lacks_is_made_and_what_it_has_is_kept(ledger, tmp_path):
    results, kept = tmp_path / "small", tmp_path / "kept"
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1)
    runs.write(table, results / "runs.parquet", runs.COLUMNS)
    (results / "config.json").write_text(json.dumps({"name": "small"}))
    (results / "tables").mkdir()
    (results / "tables/own.csv").write_text("own\n1\n")
    (results / "checkpoints").mkdir()
    (results / "checkpoints/large").write_text("none of it is kept")
    files = publish.publish(results, kept, ledger)
    assert (kept / "tables/own.csv").read_text() == "own\n1\n"
    assert len(pd.read_csv(kept / "tables/structures.csv"))
    assert not (results / "tables/structures.csv").exists()
    assert not (kept / "checkpoints").exists()
    assert set(files) == {path for path in kept.rglob("*") if path.is_file()}


def test_a_table_of_earlier_runs_is_not_kept_with_later_ones(ledger, tmp_path):
    """As where a workflow was killed, or is published, between its runs and its tables."""
    results, alone, both = tmp_path / "small", tmp_path / "alone", tmp_path / "both"
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1)
    runs.write(table, results / "runs.parquet", runs.COLUMNS)
    (results / "config.json").write_text(json.dumps({"name": "small"}))
    publish.publish(results, alone, ledger)
    stale = csv.read(alone / "tables/structures.csv")
    csv.write(stale.assign(mean=0.25), results / "tables/structures.csv")
    publish.publish(results, both, ledger)
    assert csv.read(both / "tables/structures.csv").equals(stale)


def test_a_damaged_table_is_not_kept_but_told_by_its_own_place(ledger, tmp_path):
    results, kept = tmp_path / "small", tmp_path / "kept"
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1)
    runs.write(table, results / "runs.parquet", runs.COLUMNS)
    (results / "config.json").write_text(json.dumps({"name": "small"}))
    own = results / "tables/own.csv"
    csv.write(pd.DataFrame({"own": range(9)}), own)
    for content in (own.read_bytes()[:8], b""):
        own.write_bytes(content)
        with pytest.raises(DamagedError, match=f"^{own}: is not as it was written"):
            publish.publish(results, kept, ledger)
        assert not kept.exists()
    csv.sum_of(own).unlink()
    with pytest.raises(InputError, match=f"^{own}: is no table"):
        publish.publish(results, kept, ledger)


def test_other_results_take_the_place_of_the_earlier_ones(ledger, tmp_path, monkeypatch):
    first, second, kept = tmp_path / "first", tmp_path / "second", tmp_path / "below/kept"
    for folder, name in ((first, "own"), (second, "other")):
        table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1)
        runs.write(table, folder / "runs.parquet", runs.COLUMNS)
        (folder / "config.json").write_text(json.dumps({"name": name}))
        (folder / "tables").mkdir()
        (folder / f"tables/{name}.csv").write_text("of this one\n1\n")
    publish.publish(first, kept, ledger)
    (kept / "notes.txt").write_text("nobody published this")
    before = checksums(kept)
    # whole or not at all
    with monkeypatch.context() as patched:
        patched.setattr(judging, "verdicts", None)
        with pytest.raises(TypeError):
            publish.publish(second, kept, ledger, replace=True)
    assert checksums(kept) == before
    with pytest.raises(InputError, match="keeps the preset own; takes another folder for other"):
        publish.publish(second, kept, ledger)
    files = publish.publish(second, kept, ledger, replace=True)
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]
    assert not (kept / "tables/own.csv").exists()
    assert {path for path in kept.rglob("*") if path.is_file()} == {*files, kept / "notes.txt"}
    assert Folder(kept).manifest["name"] == "other"
    (kept / "notes.txt").unlink()
    manifest.check(kept)
    assert {row["folder"] for row in writing.read(kept / "claims.json")} <= {"kept", None}
    with pytest.raises(InputError, match="is a results folder"):
        publish.publish(second, first, ledger)


def test_rows_of_experiments_that_later_results_lack_stay(tmp_path):
    """Such as the rates that runs were trained at which are kept and not made again."""
    earlier = pd.DataFrame({"experiment": ["a", "b", "b"], "learning_rate": [1.0, 2.0, 3.0]})
    own = pd.DataFrame({"experiment": ["a", "c"], "learning_rate": [4.0, 5.0]})
    file = tmp_path / "rates.csv"
    found = publish._with_others(own, earlier, file)
    assert found.to_numpy().tolist() == [["b", 2.0], ["b", 3.0], ["a", 4.0], ["c", 5.0]]
    assert publish._with_others(own, own.head(1), file) == file
    assert publish._with_others(own.drop(columns="experiment"), earlier, file) == file


@pytest.mark.parametrize("name", NAMES)
def test_every_rate_that_kept_runs_were_trained_at_is_kept(name):
    kept = Folder(PUBLISHED / name)
    config = kept.manifest["config"]
    tuned = {
        one
        for one in kept.runs["experiment"].unique()
        if config["recipes"][config["experiments"][one]["recipe"]].get("grid")
    }
    rates = set(kept.table("tables/rates.csv")["experiment"]) if tuned else set()
    assert tuned <= rates
