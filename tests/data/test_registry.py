"""Data sets of the registry: one signature of `make`, and one's own that has another."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from blockmaps.data import ALONE, KINDS, DataSpec, Means, making, store
from blockmaps.plan import config

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
NEW = "def make(self, seed: np.random.SeedSequence, means: Means = ALONE)"
PRESET = """
name: own
plugins: [{file}]
datasets: {{d: {{kind: parity}}}}
recipes: {{r: {{epochs: 1, batch_size: 20, learning_rate: 0.01}}}}
experiments:
  e:
    dataset: d
    recipe: r
    seeds: 1
    initialisation: {{scheme: fan_in}}
    designs: [{{kind: uniform, budgets: [300], densities: [1.0]}}]
"""


@pytest.mark.parametrize(
    ("old", "takes"),
    [
        ("def make(self, seed)", "(self, seed)"),
        ('def make(self, seed, threads=1, device="cpu")', "(self, seed, threads, device)"),
    ],
)
def test_a_data_set_with_the_old_signature_is_one_line_that_says_what_to_write(
    tmp_path, old, takes
):
    source = PARITY.read_text(encoding="utf-8")
    assert NEW in source
    (tmp_path / "own.py").write_text(source.replace(NEW, old), encoding="utf-8")
    preset = tmp_path / "own.yaml"
    preset.write_text(PRESET.format(file=tmp_path / "own.py"), encoding="utf-8")
    command = [sys.executable, "-m", "blockmaps", "plan", "--config", str(preset)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert "own.py" in line
    assert f"its make takes {takes}" in line
    assert "write def make(self, seed, means=ALONE)" in line


def test_every_data_set_has_the_one_signature():
    config.load_plugins((str(PARITY),))
    takes = inspect.signature(DataSpec.make)
    # other tests' classes may be registered too
    own = [spec for spec in KINDS.values() if spec.__module__.startswith("blockmaps.")]
    assert len(own) >= 5
    for spec in [*own, KINDS["parity"]]:
        assert inspect.signature(spec.make) == takes, spec


def test_what_it_is_made_with_changes_no_byte_and_tensors_are_tensors(tmp_path):
    config.load_plugins((str(PARITY),))
    spec = KINDS["parity"]()
    made = spec.make(np.random.SeedSequence(3))
    again = spec.make(np.random.SeedSequence(3), Means(threads=2, file=tmp_path / "d"))
    np.testing.assert_array_equal(made.inputs, again.inputs)
    path = tmp_path / "parity.safetensors"
    making.make_file(spec, 1, 0, {}, path, threads=2)
    assert Means() == ALONE
    arrays, tensors = store.read(path), store.read(path, "pt")
    for name in ("inputs", "targets"):
        assert isinstance(getattr(arrays, name), np.ndarray)
        assert isinstance(getattr(tensors, name), torch.Tensor)
        np.testing.assert_array_equal(getattr(tensors, name).numpy(), getattr(arrays, name))
