"""Demonstrations: episodes made here, the same from Minari's files, and what is refused."""

import json
import os
import subprocess
import sys
import warnings

import gymnasium
import minari
import numpy as np
import pytest
from minari.data_collector.episode_buffer import EpisodeBuffer
from pydantic import ValidationError

from blockmaps.core.errors import InputError
from blockmaps.core.seeds import stream
from blockmaps.data import store
from blockmaps.data.adroit import STREAMS, Demonstrations
from blockmaps.data.environments import demonstrations, extra, rollouts
from blockmaps.data.environments.expert import Expert, load
from blockmaps.data.environments.simulator import flatten
from blockmaps.data.environments.tasks import TASKS, task_of
from blockmaps.data.making import make_file
from blockmaps.data.sequences import substream
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan

SEED = stream(3, "dataset")
COUNTS = {"episodes": 4, "validation": 1, "test": 1}
NAME = "blockmaps/hammer/expert-v0"


def some_expert(known) -> Expert:
    """A policy of the right sizes: the tests of the files themselves have the real ones."""
    rng = np.random.default_rng(0)
    sizes = {"W0": (32, known.inputs), "W1": (32, 32), "W2": (known.outputs, 32)}
    sizes |= {"b0": 32, "b1": 32, "b2": known.outputs, "log_std": known.outputs}
    sizes |= {"in_shift": known.inputs, "in_scale": known.inputs}
    sizes |= {"out_shift": known.outputs, "out_scale": known.outputs}
    return Expert({name: rng.normal(size=size) for name, size in sizes.items()})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data set of rollouts: its config, its file read, and the folder of Minari's files."""
    folder = tmp_path_factory.mktemp("data")
    spec = Demonstrations(task="hammer", source="rollouts", **COUNTS)
    path = folder / "hammer.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blockmaps.data.environments.expert.load", lambda *_: some_expert(spec.known))
        patch.chdir(folder)  # Minari is given a relative folder, as by the workflow
        make_file(spec, 3, 0, {"code": "0"}, path.relative_to(folder))
    return spec, store.check(store.read(path)), folder / "hammer.minari"


def test_sequences_are_what_was_seen_and_what_the_expert_did(made):
    spec, data, _ = made
    assert spec.shape == (46, 26, 200)
    assert data.inputs.shape == (4, 200, 46)
    assert data.targets.shape == (4, 200, 26)
    assert (data.inputs.dtype, data.targets.dtype) == (np.float32, np.float32)
    assert data.splits == {"train": (0, 2), "validation": (2, 3), "test": (3, 4)}
    assert data.loss_steps == tuple(range(200))
    assert (np.abs(data.targets) <= 1).all()
    assert (np.abs(data.targets) == 1).any()  # clipped as the environment clips
    # in the environment, the actions lead from each observation to the next
    seed = substream(SEED, STREAMS.index("episodes"))
    episodes = rollouts.roll_out(spec.known, some_expert(spec.known), seed, 4)
    for inputs, targets in zip(data.inputs, data.targets, strict=True):
        (match,) = np.flatnonzero(
            [np.allclose(one[:200], inputs, atol=1e-6) for one in episodes.observations]
        )
        np.testing.assert_allclose(np.clip(episodes.actions[match], -1, 1), targets, atol=1e-6)
    expert = data.about["expert"]
    assert expert["mean_return"] == pytest.approx(episodes.returns.mean())
    assert expert["episodes"] == 4
    assert expert["published_mean_return"] == 12388.35


def test_rollouts_are_a_minari_data_set_and_read_again_as_one(made):
    _, data, folder = made
    other = Demonstrations(
        task="hammer", source="minari", minari=NAME, folder=str(folder), **COUNTS
    )
    before = os.environ.get(demonstrations.WHERE)
    again = other.make(SEED)
    assert os.environ.get(demonstrations.WHERE) == before
    np.testing.assert_array_equal(again.inputs, data.inputs)  # the seed draws the same order
    np.testing.assert_array_equal(again.targets, data.targets)
    known = ("episodes", "mean_return", "standard_error", "published_mean_return")
    for name in known:
        assert again.about["expert"][name] == pytest.approx(data.about["expert"][name])
    # as any other tool reads it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(demonstrations.WHERE, str(folder))
        found = minari.load_dataset(NAME)
        assert (found.total_episodes, found.total_steps) == (4, 800)
        episode = found[0]
        assert episode.observations.shape == (201, 46)
        assert episode.actions.shape == (200, 26)
        assert episode.truncations[-1]
        assert not episode.terminations.any()
        assert found.env_spec.id == "AdroitHandHammer-v1"


def test_counts_and_the_mean_return_of_the_published_data_are_checked(made, monkeypatch):
    _, data, folder = made
    spec = Demonstrations(task="hammer", folder=str(folder), **COUNTS)
    mean = data.about["expert"]["mean_return"]

    def published(*known, asked=spec):
        found = demonstrations.Published(NAME, *known)
        monkeypatch.setitem(demonstrations.PUBLISHED, "hammer", found)
        return asked.make(SEED).about["expert"]

    close = mean + abs(mean) / 1000
    assert published(4, close)["published_mean_return"] == close
    with pytest.raises(InputError, match="found 4 episodes of 5000"):
        published(5000, mean)
    with pytest.raises(InputError, match=r"its mean return is .* another data set"):
        published(4, mean * 1.1)
    with pytest.raises(InputError, match="found 4 episodes, and 5 are asked for"):
        published(asked=spec.model_copy(update={"episodes": 5}))
    # another task's data set
    door = Demonstrations(task="door", minari=NAME, folder=str(folder), **COUNTS)
    with pytest.raises(InputError, match=r"episode 0 has observations \(201, 46\)"):
        door.make(SEED)


def test_what_minari_cannot_load_is_one_line(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(minari, "load_dataset", unreachable)
    spec = Demonstrations(task="hammer", folder=str(tmp_path))
    with pytest.raises(InputError, match=r"D4RL/hammer/expert-v2 .*no route.*minari download"):
        spec.make(SEED)


def test_kitchen_is_flattened_and_what_follows_an_episode_s_end_is_not_imitated(
    tmp_path, monkeypatch
):
    known = TASKS["kitchen"]
    options = {name: list(value) for name, value in known.options}
    world = gymnasium.make(known.environment, **options)
    buffers, lengths = [], (5, 9, 300, 7)
    for number, length in enumerate(lengths):
        world.observation_space.seed(number)
        seen = [world.observation_space.sample() for _ in range(length + 1)]
        buffers.append(
            EpisodeBuffer(
                id=number,
                observations=stacked(seen),
                actions=np.full((length, 9), number / 10, np.float32),
                rewards=[1.0] * length,
                terminations=[False] * length,
                truncations=[False] * (length - 1) + [True],
            )
        )
    monkeypatch.setenv(demonstrations.WHERE, str(tmp_path))
    with warnings.catch_warnings(action="ignore"):  # that nothing is said of its author
        minari.create_dataset_from_buffers(
            "kitchen/test-v0", buffers, env=world.spec, data_format="hdf5"
        )
    spec = Demonstrations(task="kitchen", minari="kitchen/test-v0", **COUNTS)
    data = store.check(spec.make(SEED))
    assert spec.shape == (81, 9, 280)
    assert data.inputs.shape == (4, 280, 81)
    for inputs, targets in zip(data.inputs, data.targets, strict=True):
        number = round(float(targets[0, 0]) * 10)
        steps = min(lengths[number], 280)
        np.testing.assert_allclose(targets[:steps], number / 10, rtol=1e-6)
        assert np.isnan(targets[steps:]).all()
        seen = flatten(buffers[number].observations)[:steps]
        np.testing.assert_allclose(inputs[:steps], seen, rtol=1e-6)
        assert not inputs[steps + 1 :].any()
    assert data.about["expert"]["success_rate"] is None  # it does not say


def stacked(seen: list) -> dict:
    """Mappings of arrays as one mapping of arrays over time."""
    first = seen[0]
    return {
        name: stacked([one[name] for one in seen])
        if isinstance(value, dict)
        else np.stack([one[name] for one in seen])
        for name, value in first.items()
    }


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"task": "hammer", **COUNTS, "test": 3}, "some are needed to train"),
        ({"task": "kitchen", "source": "rollouts"}, "kitchen has no expert policy"),
        ({"task": "hammer", "source": "rollouts", "minari": "x"}, "takes source: minari"),
        ({"task": "relocate"}, "hammer"),
    ],
)
def test_what_does_not_fit_is_refused(fields, says):
    with pytest.raises(ValidationError, match=says):
        Demonstrations(**fields)


def test_where_files_are_changes_no_digest_and_the_task_is_the_environment(monkeypatch):
    here = Demonstrations(task="door", source="rollouts", folder="here")
    assert here.where == ("folder",)
    assert here.environment == "door"
    assert here.known == task_of("door")
    monkeypatch.delenv("BLOCKMAPS_DATA", raising=False)
    with pytest.raises(InputError, match="BLOCKMAPS_DATA"):
        load(here.known)


ASKED = {
    "name": "control",
    "seed": 1,
    "zoo": False,
    "datasets": {
        "hammer": {"kind": "adroit", "task": "hammer", "source": "rollouts"},
        "copy": {"kind": "copy", "steps": 5, "train": 8, "test": 8},
    },
    "recipes": {"r": {"steps": 2, "batch_size": 4, "learning_rate": 1e-4}},
    "experiments": {
        name: {
            "dataset": name,
            "recipe": "r",
            "seeds": 1,
            "study": "control",
            "designs": [{"kind": "uniform", "budgets": [10000], "densities": [1.0]}],
        }
        for name in ("hammer", "copy")
    },
}


@pytest.mark.parametrize(
    ("versions", "says"),
    [
        ({}, "gymnasium-robotics and mujoco and minari and h5py are not installed"),
        ({"mujoco": None}, "mujoco is not installed"),
        ({"mujoco": "3.3.0"}, "found mujoco 3.3.0"),
        ({"gymnasium-robotics": "1.4.1"}, "found gymnasium-robotics 1.4.1"),
        ({"h5py": None}, "h5py is not installed"),
    ],
)
def test_without_the_extra_planning_fails_and_says_how_to_install_it(monkeypatch, versions, says):
    all_of_it = {"gymnasium-robotics": "1.4.2", "mujoco": "3.2.7", "minari": "0.5.4", "h5py": "3"}
    found = all_of_it | versions if versions else {}
    monkeypatch.setattr(extra, "version_of", found.get)
    config = configs.parse(ASKED)
    with pytest.raises(InputError) as fault:
        Plan(config)
    assert says in str(fault.value)
    assert str(fault.value).startswith("experiments.hammer: ")
    assert extra.INSTALL in str(fault.value)
    # what else the config asks for goes on without it
    assert Plan(config.model_copy(update={"only": ("copy",)})).policy_shards == []


def test_the_workflow_ends_with_2_before_any_job_if_mujoco_is_another(root, tmp_path):
    other = tmp_path / "packages/mujoco-3.3.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: mujoco\nVersion: 3.3.0\n")
    asked = tmp_path / "control.json"
    asked.write_text(json.dumps(ASKED))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "1"),
            *("--snakefile", root / "Snakefile", "--configfile", asked),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(other.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("blockmaps:")]
    assert "found mujoco 3.3.0" in line
    assert extra.INSTALL in line
    assert not (tmp_path / "results").exists()
