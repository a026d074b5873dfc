"""What the benchmarks compare computes the same, and they print and write what they say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmarks import draw, pipeline, sparse, tasks, train
from benchmarks.cases import bank, csr, reference, sparse_rnn, vmap
from benchmarks.ceilings import Ceilings
from benchmarks.timing import in_turns

CPU = torch.device("cpu")
SHAPE = tasks.TimedPattern(7, (0.5, 1, 0.6, 0.4, 1, 0.5))
TASKS = {
    "last": tasks.TimedTask("tiny", 12, 3, 4, 1, 5, True),
    "every": tasks.TimedTask("tiny", 12, 3, 4, 0, 5, False),
}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(
        tasks.PATTERNS, "tiny", {"one": SHAPE, "dense": tasks.TimedPattern(7, (1.0,) * 6)}
    )


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("pattern", ["one", "dense"])
def test_all_ways_compute_the_same_over_three_steps(task, pattern):
    variants = task.variants(pattern, 2)
    found = {}
    for case in (bank, vmap, sparse_rnn):
        step = case.prepare(task, variants, CPU)
        found[case.__name__] = [step() for _ in range(3)]
    for case in (reference, csr):
        steps = [case.prepare(task, [one], CPU) for one in variants]
        found[case.__name__] = [torch.cat([step() for step in steps]) for _ in range(3)]
    expected = found.pop(reference.__name__)
    assert not torch.equal(expected[0], expected[2])  # they learn
    for name, outputs in found.items():
        for ours, theirs in zip(outputs, expected, strict=True):
            torch.testing.assert_close(
                ours, theirs, rtol=1e-4, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}"
            )


def test_the_arithmetic_of_a_step_is_counted():
    # rows 7 + 3; U x and dU: 2 × 2 × 10 × 12 × (4 × 5); V s, dV, ds: 3 × 2 × 10² × 4 × 5
    assert TASKS["last"].flops("one") == 4 * 10 * 12 * 20 + 6 * 100 * 20


def test_contenders_take_turns_and_a_warm_up_is_not_counted():
    calls = []
    took = in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    turns = [name for before, name in zip(["", *calls], calls, strict=False) if name != before]
    assert turns == ["a", "b"] * 4
    for spread in took.values():
        assert 0 < spread.low <= spread.median <= spread.high


def test_records_have_the_documented_columns_and_the_ratios_are_those_of_the_times():
    cases = [name for name in train.CASES if train.ONLY.get(name) != "cuda"]
    records = train.compare(TASKS["last"], "one", cases, Ceilings(1e9, 1e9), CPU, 1, 4)
    assert {(one["case"], one["variants"]) for one in records} == {
        ("reference", 1),
        ("torch-rnn", 1),
        ("sparse-rnn", 1),
        ("bank", 1),
        ("bank", 4),
        ("vmap", 1),
        ("csr", 1),
    }
    first = records[0]["ms_per_variant_step"]
    for one in records:
        assert set(train.COLUMNS) <= set(one)
        assert one["ratio_to_reference"] == pytest.approx(first / one["ms_per_variant_step"])
        assert one["times_floor"] == pytest.approx(one["ms_per_variant_step"] / one["floor_ms"])
        flops = TASKS["last"].flops("one")
        assert one["gflops"] == pytest.approx(flops / one["ms_per_variant_step"] / 1e6)


def test_both_ways_to_hold_the_input_are_timed_on_the_same_thing():
    size = sparse.TimedGroup(2, 5, 8, 6)
    took = in_turns(sparse.contenders(size, 0.3), 1)
    assert set(took) == {"dense", "csr"}
    assert sparse.break_even([0.1, 0.2, 0.4], [3.0, 2.0, 0.0]) == pytest.approx(0.3)
    assert sparse.break_even([0.1, 0.2], [3.0, 2.0]) is None


def test_the_command_writes_json_and_names_what_it_does_not_know(tmp_path):
    wrong = CliRunner().invoke(train.app, ["--case", "jax"])
    assert wrong.exit_code == 2
    assert "jax" in wrong.output
    file = tmp_path / "train.json"
    cases = ["--case", "reference", "--case", "bank"]
    options = ["--task", "rad-default", "--pattern", "dense", "--most", "4", "--rounds", "1"]
    command = [sys.executable, "-m", "benchmarks.train", *cases, *options, "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ceilings" in done.stdout
    records = json.loads(file.read_text())
    assert [one["variants"] for one in records] == [1, 1, 4]


def test_jobs_are_timed_from_snakemakes_log():
    log = """
[Tue Nov 24 12:00:00 2026]
rule data:
    output: a
    jobid: 3
    reason: Missing output files
[Tue Nov 24 12:00:01 2026]
localrule table:
    jobid: 7
[Tue Nov 24 12:00:09 2026]
Finished jobid: 7 (Rule: table)
1 of 2 steps (50%) done
[Tue Nov 24 12:01:02 2026]
Finished jobid: 3 (Rule: data)
"""
    assert pipeline.job_seconds(log) == [("table", 8.0), ("data", 62.0)]


MEASURED = Path(__file__).parents[2] / "benchmarks" / "measured"


@pytest.mark.parametrize(("name", "figure"), [("train", draw.speed), ("sparse", draw.sparse)])
def test_figures_are_drawn_from_the_records_that_are_kept(name, figure):
    records = json.loads((MEASURED / f"{name}.json").read_text())
    drawn = figure(records)
    assert len(drawn.figure.axes) == {"train": 3, "sparse": 1}[name]
