"""Experts' files: the formula, the sum that is checked, and what a user without them reads."""

import subprocess
import sys

import numpy as np
import pytest
from experts import arrays, real

from blockmaps.core.errors import InputError
from blockmaps.data.environments import expert, extra
from blockmaps.data.environments.tasks import TASKS, task_of

HAMMER = task_of("hammer")


def test_the_mean_is_the_formula_element_by_element():
    a = arrays(HAMMER)
    o = np.random.default_rng(1).normal(size=(3, 46))
    layers = [(o - a["in_shift"]) / (a["in_scale"] + 1e-8)]
    for k in range(3):
        W, b = a[f"W{k}"], a[f"b{k}"]
        sums = np.array([[sum(W[i] * u) + b[i] for i in range(len(b))] for u in layers[-1]])
        layers.append(np.tanh(sums) if k < 2 else sums)
    wanted = layers[-1] * a["out_scale"] + a["out_shift"]
    np.testing.assert_allclose(expert.Expert(a).mean(o), wanted, rtol=1e-12)
    np.testing.assert_allclose(expert.Expert(a).mean(o[1]), wanted[1], rtol=1e-12)


def test_samples_have_the_mean_and_the_spread():
    a = arrays(HAMMER)
    o = np.tile(np.random.default_rng(2).normal(size=46), (20_000, 1))
    drawn = expert.Expert(a).sample(o, np.random.default_rng(3))
    std = np.exp(a["log_std"])
    assert (abs(drawn.mean(0) - expert.Expert(a).mean(o[0])) < 5 * std / 20_000**0.5).all()
    np.testing.assert_allclose(drawn.std(0), std, rtol=0.03)


@pytest.mark.parametrize("name", ["hammer", "door"])
def test_the_sum_is_of_the_content_and_not_of_the_archive(name, tmp_path):
    task = task_of(name)
    with np.load(real(task)) as file:
        content = dict(file)
    path = tmp_path / task.policy.name
    # another order, other precision, compressed: as someone else would pack it
    packed = {one: content[one].astype(np.float64) for one in sorted(content, reverse=True)}
    np.savez_compressed(path, **packed)
    assert path.read_bytes() != real(task).read_bytes()
    o = np.ones(task.inputs)
    np.testing.assert_array_equal(
        expert.load(task, str(tmp_path)).mean(o), expert.load(task).mean(o)
    )
    packed["W1"][3, 4] += 1e-6
    np.savez(path, **packed)
    with pytest.raises(InputError, match="is not the expert's policy of"):
        expert.load(task, str(tmp_path))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="cannot be read as arrays"):
        expert.load(task, str(tmp_path))


def test_without_the_file_one_line_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv("BLOCKMAPS_DATA", raising=False)
    with pytest.raises(InputError) as caught:
        expert.load(HAMMER)
    for words in ("aravindr93/hand_dapg", "BLOCKMAPS_DATA is not set", "source: minari"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("BLOCKMAPS_DATA", str(tmp_path))
    with pytest.raises(InputError, match="no dapg_hammer_v0_policy"):
        expert.load(HAMMER)
    for place in (tmp_path / "adroit", tmp_path):
        place.mkdir(exist_ok=True)
        file = place / HAMMER.policy.name
        file.touch()
        assert expert.find(HAMMER) == file
        file.unlink()
    with pytest.raises(InputError, match="has no expert policy"):
        expert.find(TASKS["kitchen"])


def test_the_extra_is_looked_up_and_not_imported():
    code = """
import sys
from blockmaps.plan import plan
from blockmaps.data.environments import expert, extra, tasks
extra.require()
assert not {"mujoco", "gymnasium", "gymnasium_robotics", "minari", "torch"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"gymnasium-robotics": "1.4.2", "minari": "1", "mujoco": "3.3.0"}, "found mujoco 3.3.0"),
        (
            {"gymnasium-robotics": "1.4.1", "minari": "1", "mujoco": "3.2.7"},
            "need gymnasium-robotics 1.4.2 and mujoco 3.2.7: found gymnasium-robotics 1.4.1",
        ),
        ({"mujoco": "3.2.7", "minari": "1"}, "gymnasium-robotics is not installed"),
        ({}, "gymnasium-robotics and mujoco and minari are not installed"),
    ],
)
def test_what_is_missing_is_said_with_the_line_that_installs_it(versions, said, monkeypatch):
    monkeypatch.setattr(extra, "version_of", versions.get)
    with pytest.raises(InputError) as caught:
        extra.require("minari")
    assert said in str(caught.value)
    assert extra.INSTALL in str(caught.value)
    assert "\n" not in str(caught.value)
