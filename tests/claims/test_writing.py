"""The ledger written down: JSON, CSV, the documents' tables, and the command line."""

import csv
import json

import pandas as pd
import pytest

from blockmaps.claims import writing
from blockmaps.claims.findings import OWN_RATES
from blockmaps.cli import claims as command
from blockmaps.core import csv as tables
from blockmaps.core.errors import InputError

DEVIATIONS = [
    {"model": "mlp", "dtype": dtype, "unknowns": 9, "output_deviation": 1e-16}
    | {"gradient_deviation": 2e-16}
    for dtype in ("float64", "float32")
]


@pytest.fixture
def folder(tmp_path):
    tables.write(pd.DataFrame(DEVIATIONS), tmp_path / "kept/tables/equivalence.csv")
    return tmp_path / "kept"


def test_the_command_judges_and_writes(folder, tmp_path, blockmaps, root):
    paths = [tmp_path / "claims.json", tmp_path / "claims.csv"]
    readme = tmp_path / "README.md"
    marks = "\nold\n".join(writing.ALL), "\nold\n".join(writing.BRIEF)
    readme.write_text("before\n{}\n{}\nafter\n".format(*marks))
    outputs = [part for path in paths for part in ("--output", path)]
    done = blockmaps("claims", folder, "--json", *outputs, "--readme", readme)
    rows = json.loads(done.stdout)
    assert rows == json.loads(paths[0].read_text()) == writing.read(paths[0])
    first = next(row for row in rows if row["id"] == "B1")
    assert (first["verdict"], first["n"], first["estimate"]) == ("supported", 1, 2e-16)
    with paths[1].open() as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == list(writing.COLUMNS)
    assert [row["verdict"] for row in written] == [row["verdict"] for row in rows]
    assert json.loads(written[0]["sensitivity"]) == rows[0]["sensitivity"]
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    every, brief = text.split(writing.ALL[1])
    for table in (every, brief):
        assert "| **supported**: float64 deviation is at most 1.0e-12;" in table
        assert table.count("**not tested at this scale**") == 10
    assert brief.count("\n| **") == len({row["id"] for row in rows})
    assert "B1   supported" in "\n".join(writing.lines(rows))


def test_without_folders_it_lists_the_tests(capsys, root, monkeypatch):
    monkeypatch.chdir(root)
    command.claims(file=root / "config/claims.yaml")
    printed = capsys.readouterr().out
    assert printed.startswith("A1  At an equal number")
    assert "    test 2: " in printed
    with pytest.raises(InputError, match="takes folders"):
        command.claims(as_json=True, file=root / "config/claims.yaml")


def test_every_scale_of_the_papers_has_a_line_and_others_are_counted(root):
    """More steps say something else, and so do learning rates of the arms' own."""
    rows = writing.read(root / "published/paper/claims.json")
    own = [row for row in rows if row["id"] == "A1" and row["in_force"]]
    papers = {
        (row["steps"], row["own_rates"]) for row in own if row["paper_scale"] and row["folder"]
    }
    lines = [line for line in writing.brief_table(own).splitlines() if "**A1**" in line]
    said = [line.split("|")[4].strip() for line in lines]
    assert len({*said}) == len(lines) > 1
    assert [
        (int(one.split(" steps")[0].split()[-1].replace(",", "")), OWN_RATES in one) for one in said
    ] == sorted(papers)
    assert {own_rates for _, own_rates in papers} == {False, True}
    assert "supported" in lines[0].split("|")[5]
    assert all(line.split("|")[5].strip() == "–" for line in lines[1:])


def test_fewer_epochs_at_the_papers_sizes_are_counted(root):
    """What did not learn in six epochs is not what the papers' 25 say."""
    kept = [writing.read(root / f"published/{name}/claims.json") for name in ("fair", "paper")]
    own = [row for rows in kept for row in rows if row["id"] == "E1b" and row["in_force"]]
    epochs = {row["epochs"] for row in own if row["paper_scale"] and row["folder"]}
    assert len(epochs) > 1
    (line,) = [line for line in writing.brief_table(own).splitlines() if "**E1b**" in line]
    assert f"{max(epochs)} epochs" in line
    assert "1 an arm did not learn" in line.split("|")[-2]


def test_faults_are_one_line(folder, tmp_path, blockmaps):
    done = blockmaps("claims", tmp_path / "nowhere", check=False)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    with pytest.raises(InputError, match="neither"):
        writing.write([], tmp_path / "claims.txt")
    (tmp_path / "README.md").write_text("no marks")
    row = dict.fromkeys(writing.COLUMNS) | {"id": "A1", "paper_scale": True, "in_force": True}
    row |= {"verdict": "not tested at this scale", "sentence": "no runs", "scale": "the paper's"}
    row |= {"test_version": 2, "part": "", "sensitivity": [], "statistics": []}
    with pytest.raises(InputError, match="no marks"):
        writing.put_into([row], tmp_path / "README.md")
    for table in (writing.whole_table, writing.brief_table):
        with pytest.raises(InputError, match="no verdicts"):
            table([])
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        writing.read(tmp_path / "broken.json")
