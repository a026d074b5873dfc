"""A data set that does not fit ends in one line and exit code 2, in check-data and in data."""

import pytest
import yaml

from blockmaps.data import KINDS

SOURCE = """
from typing import Literal
import numpy as np
from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register

@register
class Wrong(DataSpec):
    kind: Literal["wrong"] = "wrong"

    @property
    def shape(self):
        return Shape(inputs=3, outputs=2, steps=5)

    def make(self, seed, means=ALONE):
        rng = np.random.default_rng({seed})
        x, y = rng.random((200, 4, 3)), rng.integers(0, 2, 200)
        {change}
        return SequenceData.from_arrays(x, y)
"""


@pytest.fixture
def check(run, tmp_path, monkeypatch):
    """Run both commands on a class whose `make` has one line more."""
    monkeypatch.delitem(KINDS, "wrong", raising=False)  # another test's class

    def both(change, seed="seed"):
        (tmp_path / "own.py").write_text(SOURCE.format(change=change, seed=seed), encoding="utf-8")
        config = {
            "name": "own",
            "seed": 1,
            "plugins": ["own.py"],
            "datasets": {"wrong": {"kind": "wrong"}},
            "recipes": {"r": {"steps": 5, "batch_size": 10, "learning_rate": 0.01}},
            "experiments": {
                "e": {
                    "dataset": "wrong",
                    "recipe": "r",
                    "seeds": 1,
                    "designs": [{"kind": "uniform", "budgets": [200], "densities": [0.2]}],
                }
            },
        }
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        return run("check-data", "--config", "own.yaml"), run("data", "wrong", "-c", "own.yaml")

    return both


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("x = x[..., :2]", "inputs have |x| = 2; the class's `shape` says inputs=3"),
        ("y[3] = 2", "1 targets are out of range, such as 2; takes classes 0 to 1"),
        ("x[5, 1] = np.nan", "of the inputs is NaN or infinite"),
        ("x = x[:, :3]", "sequences have 4 steps (3 given and 1 blank)"),
        ("y = y[1:]", "and as many targets"),
        ("y = z", "own.py, line 17: `make` of wrong fails: NameError: name 'z' is not defined"),
    ],
)
def test_what_does_not_fit_is_one_line(check, tmp_path, change, said):
    checked, made = check(change)
    assert (checked.returncode, made.returncode) == (2, 2)
    assert said in checked.stdout
    assert said in made.stderr
    assert len(made.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("*.safetensors"))


def test_chance_that_does_not_follow_from_the_seed_is_a_fault(check):
    checked, _ = check("", seed="None")
    assert checked.returncode == 2
    assert "made twice from one seed it differs" in checked.stdout


def test_what_fits_says_so_and_an_unknown_name_is_refused(run, check):
    checked, made = check("")
    assert checked.stdout.splitlines()[-1] == "wrong: fits, with 1 note"  # 40 test sequences
    assert made.returncode == 0
    other = run("check-data", "no", "--config", "own.yaml")
    assert other.returncode == 2
    assert "takes one of: wrong" in other.stderr
