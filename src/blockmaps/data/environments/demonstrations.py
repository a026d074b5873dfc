"""Episodes as a Minari data set: written for other tools, and read, downloaded where they are not.

Minari (https://minari.farama.org) is asked through its own functions; where its data sets are it
reads from `MINARI_DATASETS_PATH`.
"""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import minari
import numpy as np
from minari.data_collector.episode_buffer import EpisodeBuffer

from blockmaps.core.errors import InputError
from blockmaps.core.files import beside
from blockmaps.data.environments.extra import MUJOCO
from blockmaps.data.environments.rollouts import Episodes
from blockmaps.data.environments.simulator import flatten
from blockmaps.data.environments.tasks import Task

WHERE = "MINARI_DATASETS_PATH"


class Published(NamedTuple):
    """What is known of a published data set: its name, episodes and mean return (2509.15057)."""

    name: str
    episodes: int | None = None
    mean_return: float | None = None


PUBLISHED = {
    "hammer": Published("D4RL/hammer/expert-v2", 5000, 12388.35),
    "door": Published("D4RL/door/expert-v2", 5000, 2923.66),
    "kitchen": Published("D4RL/kitchen/complete-v2"),
}
# Of a mean return: versions of one data set differ by rounding, another expert by far more.
TOLERANCE = 0.01


@contextmanager
def _datasets_in(folder: Path | None) -> Iterator[None]:
    """Have Minari look in a folder; where it looks anyway if there is none."""
    before = os.environ.get(WHERE)
    if folder is not None:
        os.environ[WHERE] = str(folder.resolve())  # Minari joins relative ones twice
    try:
        yield
    finally:
        os.environ.pop(WHERE, None)
        if before is not None:
            os.environ[WHERE] = before


def write(task: Task, episodes: Episodes, folder: Path, name: str) -> None:
    """Write episodes as a Minari data set in HDF5, whole or not at all.

    Actions are written as the environment takes them, clipped to [−1, 1].

    Parameters
    ----------
    task : the task.
    episodes : of it.
    folder : the folder of Minari's data sets; what is there is replaced.
    name : of the data set.
    """
    with beside(folder) as partial:
        partial.mkdir(parents=True)
        with _datasets_in(partial), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that no author and e-mail are given
            minari.create_dataset_from_buffers(
                name,
                [_buffer(episodes, number) for number in range(len(episodes.rewards))],
                env=task.environment,
                algorithm_name="the expert policy of DAPG, arXiv:1709.10087, actions sampled",
                description=f"Episodes of {task.environment}, {task.steps} steps each.",
                requirements=[f"mujoco=={MUJOCO}"],
                data_format="hdf5",
            )
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)


def _buffer(episodes: Episodes, number: int) -> EpisodeBuffer:
    """Return one episode as Minari takes it."""
    steps = int(episodes.lengths[number])
    last = np.arange(steps) == steps - 1
    ended = steps < episodes.rewards.shape[1]
    return EpisodeBuffer(
        id=number,
        observations=episodes.observations[number, : steps + 1],
        actions=np.clip(episodes.actions[number, :steps], -1, 1).astype(np.float32),
        rewards=list(episodes.rewards[number, :steps]),
        terminations=list(last & ended),
        truncations=list(last & (not ended)),
        # Minari has a state's information for the first observation too
        infos={"success": np.concatenate([[False], episodes.successes[number, :steps]])},
    )


def read(task: Task, name: str | None = None, folder: Path | None = None) -> Episodes:
    """Read a Minari data set, downloaded where it is not there yet, and check what it holds.

    Parameters
    ----------
    task : the task.
    name : of the data set; the published one of the task if not given.
    folder : the folder of Minari's data sets; Minari's own if not given.

    Returns
    -------
    All its episodes, `successes` all false where it does not say them. Those that are longer than
    the task's steps are cut, shorter ones end where `lengths` says.

    Raises
    ------
    InputError
        If it cannot be loaded, or its counts, shapes or mean return are not what they should be.
    """
    published = PUBLISHED[task.name]
    known = published if name is None else Published(name)
    try:
        with _datasets_in(folder):
            found = minari.load_dataset(known.name, download=True)
            number = int(found.total_episodes)
            if known.episodes is not None and number != known.episodes:
                raise InputError(f"{known.name}: found {number} episodes of {known.episodes}")
            episodes = _gathered(task, known.name, found, number)
    except InputError:
        raise
    except Exception as fault:  # Minari raises whatever its storage, h5py or the network do
        raise InputError(
            f"Minari's data set {known.name} cannot be loaded ({type(fault).__name__}: {fault}); "
            f"get it by `minari download {known.name}`, or take `source: rollouts`"
        ) from fault
    mean = float(episodes.returns.mean())
    expected = known.mean_return
    if expected is not None and not abs(mean - expected) <= TOLERANCE * abs(expected):
        raise InputError(
            f"{known.name}: its mean return is {mean:,.2f}, and the published one {expected:,.2f}: "
            f"another data set; `minari: {known.name}` takes it as it is"
        )
    return episodes


def _gathered(task: Task, name: str, found: Any, number: int) -> Episodes:
    """Return all episodes of a data set as arrays."""
    observations = np.zeros((number, task.steps + 1, task.inputs), np.float32)
    actions = np.zeros((number, task.steps, task.outputs), np.float32)
    rewards, successes = np.zeros((2, number, task.steps))
    lengths = np.zeros(number, int)
    for k, episode in enumerate(found.iterate_episodes()):
        seen = flatten(episode.observations)
        taken = np.asarray(episode.actions)
        steps = len(taken)
        shapes = (seen.shape, taken.shape)
        if shapes != ((steps + 1, task.inputs), (steps, task.outputs)) or not steps:
            raise InputError(
                f"{name}: episode {k} has observations {seen.shape} and actions {taken.shape}; "
                f"takes (steps + 1, {task.inputs}) and (steps, {task.outputs})"
            )
        lengths[k] = kept = min(steps, task.steps)
        observations[k, : kept + 1] = seen[: kept + 1]
        actions[k, :kept] = taken[:kept]
        rewards[k, :kept] = np.asarray(episode.rewards)[:kept]
        success = (episode.infos or {}).get("success")
        if success is not None:
            successes[k, :kept] = np.asarray(success, bool)[-steps:][:kept]
    return Episodes(observations, actions, rewards, successes.astype(bool), lengths)
