"""The numbers of the claims' tests: read from the file, and part of what is made with them."""

import json
import os
import subprocess
import sys

import pytest

from blockmaps.core import fixed
from blockmaps.core.code import code_digest
from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue

CHANGED = [
    ("sesoi: 0.05", "sesoi: 0.06", "SESOI", 0.06),
    ("bootstrap_from_patterns: 20", "bootstrap_from_patterns: 30", "BOOTSTRAP_FROM", 30),
    ("margin: 0.10", "margin: 0.20", "NOT_LEARNT", 0.2),
    ("level: 0.90, relation: inside", "level: 0.92, relation: inside", "EQUIVALENCE_LEVEL", 0.92),
    ("expected best of 10 random", "expected best of 12 random", "SEARCHED", 12),
    ("R2 above .15", "R2 above .2", "CLIFF", 0.2),
    ("at least 1/2", "at least 3/4", "FULL_FROM", 0.75),
]


def test_numbers_are_those_of_the_file_beside_the_code(root, tmp_path):
    text = fixed.FILE.read_text(encoding="utf-8")
    assert root / "config/claims.yaml" == fixed.FILE
    for old, new, _, _ in CHANGED:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/claims.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "src").symlink_to(root / "src")
    names = [name for *_, name, _ in CHANGED]
    code = "import json; from blockmaps.core import fixed; "
    code += f"print(json.dumps([getattr(fixed, name) for name in {names}]))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert json.loads(said) == [value for *_, value in CHANGED]


def digests() -> dict[str, str]:
    """Return the digest of every table, as the rules have them, of training and of verdicts."""
    steps = {name: one.module for name, one in catalogue.TABLES.items()}
    steps |= {"training": "training.shard", "verdicts": "claims.judging"}
    return {name: fixed.step_digest(module) for name, module in steps.items()}


@pytest.mark.parametrize(
    ("number", "steps"),
    [
        ("SESOI", {"detectable", "returns", "return_differences", "return_explained"}),
        ("CHANCE_LEVEL", {"gradients", "trainability", "trainability_differences"}),
        ("TOLERANCES", set(catalogue.ZOO)),
        ("ALLOWED", {"verdicts"}),
    ],
)
def test_a_changed_number_makes_again_what_it_is_in(monkeypatch, number, steps):
    before = digests()
    monkeypatch.setattr(fixed, number, 0.123)
    after = digests()
    assert {name for name in before if before[name] != after[name]} == steps


def test_a_step_without_such_numbers_has_its_code_as_digest():
    assert fixed.step_digest("training.shard") == code_digest("training.shard")


def test_words_without_their_number_are_said():
    with pytest.raises(InputError, match=r"claims\.yaml: no number as in .* in: within a few"):
        fixed._said("within a few per cent", r"within (\d+) %")
