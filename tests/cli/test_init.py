"""A first preset is written, says the next command, and the next command works."""

import re

import numpy as np
import pytest

from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan


def test_a_class_and_its_preset_are_written_and_fit(run):
    done = run("init", "my-own").stdout
    assert "next: blockmaps check-data my-own --config config/my-own.yaml" in done
    checked = run("check-data", "my-own", "--config", "config/my-own.yaml")
    assert checked.stdout.splitlines()[-1] == "my-own: fits"
    planned = run("plan", "--config", "config/my-own.yaml").stdout
    assert "variants in" in planned
    again = run("init", "my-own")
    assert again.returncode == 2
    assert "config/my-own.yaml: is there already; --force" in again.stderr


@pytest.fixture
def written(tmp_path):
    """A table and arrays of the same sequences."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((60, 5, 2)).round(4)
    kinds = np.where(values[:, -1, 0] > 0, "up", "down")
    rows = [
        f"{one},{values[one, step, 0]},{values[one, step, 1]},{kinds[one]},{values[one].sum()}"
        for one in range(60)
        for step in range(5)
    ]
    text = "\n".join(["who,a,b,kind,total", *rows])
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    (tmp_path / "other.csv").write_text(text.replace(",", ";"), encoding="utf-8")
    way = (kinds == "up") * 1
    answers = {"total": values.sum((1, 2)), "way": way, "same": way * 0 + 1, "hot": np.eye(2)[way]}
    np.savez(tmp_path / "own.npz", x=values, **answers)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "shape", "said"),
    [
        (
            "--csv own.csv --inputs a,b --target kind --sequence who",
            (2, 2, 6),
            "one of 2 classes, at the end",
        ),
        (
            "--csv own.csv --inputs a,b --target total --sequence who",
            (2, 1, 6),
            "numbers, by their squared error, at the end",
        ),
        ("--npz own.npz --inputs x --target way", (2, 2, 6), "one of 2 classes, at the end"),
        ("--npz own.npz --inputs x --target way --regress", (2, 1, 6), "numbers, by their"),
        ("--npz own.npz --inputs x --target total", (2, 1, 6), "numbers, by their squared error"),
    ],
)
def test_a_file_of_ones_own_needs_no_class(run, written, options, shape, said):
    done = run("init", "own", *options.split()).stdout
    assert said in done
    assert run("check-data", "--config", "config/own.yaml").returncode == 0
    config = configs.read(written / "config/own.yaml")
    assert config.datasets["own"].shape == shape
    plan = Plan(config)
    # a changed file is another data set, and is trained on anew
    file = written / options.split()[1]
    file.write_bytes(file.read_bytes() + b"\n")
    assert set(Plan(config).shards).isdisjoint(plan.shards)
    file.unlink()
    gone = run("plan", "--config", "config/own.yaml")
    assert gone.returncode == 2
    assert "cannot be read" in gone.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--csv own.csv", "--target: not given; own.csv has the columns who, a, b, kind, total"),
        ("--csv own.csv --target sort --sequence who", "--target: no column 'sort'"),
        ("--csv own.csv --target kind --sequence who --inputs c", "--inputs: found ['c']"),
        ("--csv own.csv --target kind --sequence who --regress", "--regress: the target holds"),
        ("--npz own.npz", "--inputs: no array 'inputs'; own.npz has x (60, 5, 2)"),
        ("--npz no.npz", "no.npz: cannot be read"),
        ("--csv own.csv --target kind --sequence who --inputs a,kind", "--inputs: found kind"),
        ("--csv other.csv --target kind --sequence who", "takes a comma between columns"),
        ("--npz own.npz --inputs x --target same", "--target: is 1 everywhere"),
        ("--npz own.npz --inputs x --target hot", "of one-hot rows their argmax"),
    ],
)
def test_what_is_missing_is_named_with_what_there_is(run, written, options, said):
    done = run("init", "own", *options.split())
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (written / "config").exists()


def test_columns_that_are_read_and_those_that_are_not_are_said(run, written):
    file = written / "own.csv"
    head, first, *rest = file.read_text(encoding="utf-8").splitlines()
    who, _, *others = first.split(",")
    file.write_text("\n".join([head, ",".join([who, "", *others]), *rest]), encoding="utf-8")
    done = run("init", "own", "--csv", "own.csv", "--target", "kind", "--sequence", "who").stdout
    assert "own.csv: 60 sequences of 5 rows; inputs: b, total" in done
    assert "not read: column a: 1 of 300 are no numbers" in done


def test_a_dense_arm_that_would_be_too_small_says_what_is_enough(run, written):
    asked = ("--csv", "own.csv", "--target", "kind", "--sequence", "who", "--inputs", "a,b")
    done = run("init", "own", *asked, "--unknowns", 100).stdout
    least = re.search(r"left out: uniform: dense has .* takes (\d+) or more for 16", done)[1]
    assert (
        "left out: uniform" not in run("init", "own", *asked, "--unknowns", least, "--force").stdout
    )
