"""What is made again when something changes: a row a kind of change, on one finished folder.

`test_workflow.py` has the commonest of them in every run of the suite. A row states which
experiments are trained again and which steps are and are not among a dry run's jobs, by the words
that begin their rules' names: how many jobs there are is the plan's affair.
"""

import json
import os
import re
from typing import NamedTuple

import pytest

PRESET = """\
name: triggers
seed: 1
plugins: [tests/workflow/parity.py]
compute: {accelerator: cpu}
datasets:
  parity: {kind: parity, bits: 3, sequences: 200}
recipes:
  short: {epochs: 2, batch_size: 25, learning_rate: 0.01}
  long: {epochs: 3, batch_size: 25, learning_rate: 0.01}
experiments:
  a:
    dataset: parity
    recipe: short
    seeds: 2
    designs:
      - {kind: uniform, budgets: [150], densities: [0.5, 1.0]}
  b:
    dataset: parity
    recipe: long
    seeds: 2
    designs:
      - {kind: balanced, budgets: [150]}
"""
ARGUMENTS = ("--configfile", "triggers.yaml")
# the steps, as their rules' names begin; what only holds what is made is none
STEPS = ("data", "train", "gather", "analysis", "table", "claims", "answers", "figure", "page")
AFTER_TRAINING = {"gather", "analysis", "table", "figure", "page"}
REORDERED = """\
recipes:
  long: {learning_rate: 0.01, batch_size: 25, epochs: 3}
  short: {batch_size: 25, epochs: 2, learning_rate: 0.01}
experiments:
"""


class Row(NamedTuple):
    """A kind of change: what is edited, (file, from, to), and what a dry run then has."""

    edits: tuple[tuple[str, str, str], ...]
    trained: str = ""  # the experiments, a letter each
    made: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()


def row(*edits, trained="", made=(), spared=()):
    return Row(edits, trained, frozenset(made), frozenset(spared))


SRC, CONFIG = "src/blockmaps", "triggers.yaml"
ALL = frozenset(STEPS)
ROWS = {
    "nothing": row(spared=ALL),
    "a time stamp": row(
        *((name, "", "") for name in (f"{SRC}/training/shard.py", CONFIG, "config/claims.yaml")),
        spared=ALL,
    ),
    "a comment": row(
        (f"{SRC}/training/shard.py", "\nimport torch", "\n# why\nimport torch"),
        (CONFIG, "seed: 1", "seed: 1 # the first"),
        ("config/claims.yaml", "\nclaims:\n", "\n# a comment\nclaims:\n"),
        spared=ALL,
    ),
    "a docstring, and white space": row(
        (f"{SRC}/training/shard.py", '"""Train a shard:', '"""Trains a shard:'),
        (f"{SRC}/analysis/explain.py", "\n\n\ndef ", "\n\n\n\n\ndef "),
        spared=ALL,
    ),
    "the order of keys": row(
        (CONFIG, PRESET[PRESET.index("recipes:") : PRESET.index("  a:")], REORDERED), spared=ALL
    ),
    "a key of how it runs": row(
        (CONFIG, "accelerator: cpu", "accelerator: auto"), spared=ALL - {"page"}
    ),
    "a key of one experiment": row(
        (CONFIG, "recipe: long\n", "recipe: long\n    activation: elu\n"),
        trained="b",
        made=AFTER_TRAINING,
        spared={"data"},
    ),
    "a recipe of one experiment": row(
        (CONFIG, "epochs: 3", "epochs: 4"), trained="b", made=AFTER_TRAINING, spared={"data"}
    ),
    "a seed more": row(
        (CONFIG, "recipe: long\n    seeds: 2", "recipe: long\n    seeds: 3"),
        trained="b",
        made=AFTER_TRAINING,
        spared={"data"},
    ),
    "an experiment less": row(
        (CONFIG, PRESET[PRESET.index("  b:") :], ""),
        made=AFTER_TRAINING,
        spared={"data", "train"},
    ),
    "a claim's threshold": row(
        ("config/claims.yaml", "patterns_at_least: 40", "patterns_at_least: 41"),
        spared={"data", "train", "gather", "figure"},
    ),
    "a figure's code": row(
        (f"{SRC}/report/figures/curves.py", "MOST_ARMS = 7", "MOST_ARMS = 8"),
        made={"figure", "page"},
        spared=ALL - {"figure", "page"},
    ),
    "a table's code": row(
        (f"{SRC}/analysis/robust.py", "\n\n\ndef ", "\n\n\nOTHER = 1\n\n\ndef "),
        made={"analysis", "page"},
        spared={"data", "train", "gather"},
    ),
    "a constant of training": row(
        (f"{SRC}/maps/groups.py", "MOST_PADDING = 1.12", "MOST_PADDING = 1.5"),
        trained="ab",
        made=AFTER_TRAINING,
        spared={"data"},
    ),
    "a data set's code": row(
        ("tests/workflow/parity.py", "bits.sum(1) % 2", "1 - bits.sum(1) % 2"),
        trained="ab",
        made={"data", *AFTER_TRAINING},
    ),
    "a data set's key": row(
        (CONFIG, "sequences: 200", "sequences: 220"),
        trained="ab",
        made={"data", *AFTER_TRAINING},
    ),
    # they are in every job's manifest; whoever wants what they make runs it with --forceall
    "a version of a package": row(
        ("environment.yml", "numpy", "numpy"),
        ("constraints.txt", "numpy==", "numpy==9"),
        spared=ALL,
    ),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, copied):
    """A copy in which the preset has run whole."""
    checkout = copied(tmp_path_factory.mktemp("triggers"))
    (checkout.folder / CONFIG).write_text(PRESET, encoding="utf-8")
    checkout.snakemake(*ARGUMENTS)
    return checkout


def planned(checkout):
    """Return the steps of a dry run's jobs, and the experiments whose shards it trains."""
    text = checkout.snakemake("--dry-run", *ARGUMENTS).stdout
    names = set(re.findall(r"^(?:local)?rule (\w+):", text, flags=re.MULTILINE))
    names |= set(re.findall(r"^(?:local)?checkpoint (\w+):", text, flags=re.MULTILINE))
    outputs = re.findall(r"^ +output: (.+)", text, flags=re.MULTILINE)
    shards = {
        shard
        for line in outputs
        for shard in re.findall(r"results/triggers/runs/([0-9a-f]{12})\.parquet", line)
    }
    plan = checkout.blockmaps("plan", "-c", CONFIG).stdout
    of = dict(re.findall(r"^shard +([0-9a-f]{12}) +(\w+),", plan, flags=re.MULTILINE))
    steps = {step for step in STEPS if any(re.match(rf"{step}(_|$|s$)", name) for name in names)}
    return steps, {of[shard] for shard in shards}


@pytest.mark.nightly
@pytest.mark.parametrize("kind", list(ROWS))
def test_what_a_change_makes_again(finished, kind):
    change, before = ROWS[kind], {}
    try:
        for name, old, new in change.edits:
            path = finished.folder / name
            before.setdefault(path, (path.read_bytes(), path.stat().st_mtime_ns))
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{name} has no {old!r}"
            path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
        steps, trained = planned(finished)
    finally:
        for path, (content, when) in before.items():
            path.write_bytes(content)
            os.utime(path, ns=(when, when))
    said = json.dumps(sorted(steps))
    assert trained == set(change.trained), said
    assert ("train" in steps) == bool(change.trained), said
    assert change.made <= steps, said
    assert not change.spared & steps, said
