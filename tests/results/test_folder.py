"""A results or published folder, as everything reads it: types, lists, and faults in one line."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from tables import runs_table

from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.results import runs
from blockmaps.results.folder import PARTS, Folder, Folders, find

NAMES = {"011001": "00", "111111": "NA", "000000": "None"}  # as a config may name structures


@pytest.fixture
def folder(tmp_path):
    """A folder of runs whose structures look like numbers and like nothing, and tables of them."""
    made = Folder(tmp_path / "small")
    table = runs_table(budgets=(4000,), designs=("factorial",), epochs=1, seeds=1)
    table = table[table["structure"].isin(NAMES)].assign(structure=table["structure"].map(NAMES))
    runs.write(table, made.file("runs"), runs.COLUMNS)
    last = table[table["split"] == "test"].drop_duplicates("key", keep="last")
    found = {"outcome": "test_accuracy", "mean": last["accuracy"], "low": 0.0, "high": 1.0, "n": 1}
    table = last[["experiment", "budget", "structure"]].assign(**found)
    csv.write(table, made.file("table", "structures"))
    made.file("config").write_text(json.dumps({"name": "small", "seed": 1}))
    return made


def test_structures_come_back_as_text_from_every_table(folder):
    assert set(folder.runs["structure"]) == set(NAMES.values())
    assert set(folder.table("structures")["structure"]) == set(NAMES.values())
    assert set(folder.read("tables/structures.csv")["structure"]) == set(NAMES.values())
    assert set(folder.read("runs.parquet")["structure"]) == set(NAMES.values())
    several = Folders([folder.path])
    assert set(several.runs["structure"]) == set(NAMES.values())
    assert set(several.table("structures")["structure"]) == set(NAMES.values())


def test_no_other_code_reads_csv_or_parquet(root):
    """One reader each: `core.csv` and `results.runs`; who else reads them forgets a type."""
    readers = re.compile(r"\bread_(csv|parquet|table)\(")
    own = {
        path.relative_to(root / "src/blockmaps").as_posix()
        for path in (root / "src").rglob("*.py")
        if readers.search(path.read_text(encoding="utf-8"))
    }
    assert own == {"core/csv.py", "results/runs.py"}


def test_no_other_code_lists_files(root):
    """`Path.glob` and `iterdir` find what is being written."""
    listing = re.compile(r"\.(r?glob|iterdir)\(|\blistdir\(|\bscandir\(")
    files = [*(root / "src").rglob("*.py"), *(root / "workflow").rglob("*.smk")]
    own = {
        path.relative_to(root).as_posix()
        for path in files
        if listing.search(path.read_text(encoding="utf-8"))
    }
    assert own == {"src/blockmaps/core/files.py", "src/blockmaps/plan/devices.py"}


def test_its_own_name_and_config_or_its_manifests(folder):
    assert Folders([folder.path]).title == "small"
    assert folder.config == {"name": "small", "seed": 1}
    folder.file("config").unlink()
    assert Folder(folder.path).config == {}
    folder.file("manifest").write_text('{"config": {"name": "kept"}, "files": {}}')
    assert Folder(folder.path).config == {"name": "kept"}


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("runs", None, "runs.parquet: no such file; make it with `blockmaps collect`"),
        ("runs", b"", "runs.parquet: not a table of runs"),
        ("runs", b"PAR1 and no more PAR1", "runs.parquet: not a table of runs"),
        ("config", b"{", "config.json: is no JSON"),
        ("config", b"\xff", "config.json: is no JSON"),
        ("config", b"[]", "config.json: is not what `blockmaps plan --write` writes"),
        ("manifest", b"{}", "manifest.json: is not what `blockmaps publish` writes: files"),
        ("manifest", b"[]", "manifest.json: is not what `blockmaps publish` writes"),
    ],
)
def test_what_is_missing_or_broken_is_one_line(folder, part, content, said):
    path = folder.file(part)
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(said)) as raised:
        getattr(folder, part)
    assert "\n" not in str(raised.value)


def test_a_damaged_table_is_one_line_and_so_is_one_of_another_project(folder):
    content = folder.file("runs").read_bytes()
    for where in range(0, len(content), len(content) // 40):
        folder.file("runs").write_bytes(content[:where])
        with pytest.raises(InputError, match="not a table of runs"):
            folder.parquet("runs")
    pd.DataFrame({"experiment": ["a"], "mine": [1]}).to_parquet(folder.file("runs"))
    with pytest.raises(InputError, match="lacks the column dataset"):
        folder.parquet("runs")
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1, seeds=1)
    table.assign(budget="many").to_parquet(folder.file("runs"))
    with pytest.raises(InputError, match="not a table of runs"):
        folder.parquet("runs")


def test_every_part_is_documented(root):
    words = (root / "docs/tables.md").read_text(encoding="utf-8")
    for part in PARTS.values():
        where = part.where.format("*")
        assert where in words or where.split("/")[0] + "/" in words, part.where


PUBLISHING = """
import sys, time
from pathlib import Path
from blockmaps.claims import judging, tests
from blockmaps.report import publish
def wait(*_):
    print("judging", flush=True)
    time.sleep(60)
judging.verdicts = wait
results, kept, claims = map(Path, sys.argv[1:])
publish.publish(results, kept, tests.read(claims))
"""


def test_a_killed_publish_leaves_nothing_that_is_judged(folder, root, tmp_path, blockmaps):
    kept = tmp_path / "published/small"
    claims = root / "config/claims.yaml"
    publisher = subprocess.Popen(
        [sys.executable, "-c", PUBLISHING, folder.path, kept, claims],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert publisher.stdout.readline() == "judging\n"
    publisher.send_signal(signal.SIGKILL)
    publisher.wait()
    publisher.stdout.close()
    (left,) = kept.parent.iterdir()
    assert (left / "runs.parquet").is_file(), "what was made so far is a folder of results"
    with pytest.raises(InputError, match="holds no results"):
        find([kept.parent])
    blockmaps("publish", folder.path, kept)
    assert list(kept.parent.iterdir()) == [kept]
    assert find([kept.parent]) == [kept]


def test_a_killed_figure_is_neither_on_the_page_nor_in_the_way(folder, blockmaps):
    for name in ("curves.svg", "curves.png"):
        folder.file("figure", name).parent.mkdir(exist_ok=True)
        folder.file("figure", name).write_text("<svg/>")
    left = folder.file("figure", ".path.svg.0a1b2c-1.svg")
    left.write_text("<svg")
    folder.file("table", ".summary.csv.0a1b2c-1").touch()
    assert list(Folders([folder.path]).figures) == ["curves"]
    assert folder.tables == ["tables/structures.csv"]
    assert left in Path(left.parent).glob("*.svg")
