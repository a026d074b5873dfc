"""Seeded episodes of an expert's policy, in parallel processes.

Every episode has a stream of its own, of its number alone: the first number of it starts the
environment, and another generator on it draws the actions. So the episodes are the same whatever
the number of processes, and the first n of more are those of n.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from blockmaps.data.environments.expert import Expert
from blockmaps.data.environments.processes import in_processes
from blockmaps.data.environments.simulator import Simulator
from blockmaps.data.environments.tasks import Task

PIECE = 5  # episodes; another number changes no result


class Episodes(NamedTuple):
    """Episodes of a policy, all of the task's number of steps.

    Attributes
    ----------
    observations : (episodes, steps + 1, |x|) before every step, and after the last.
    actions : (episodes, steps, |y|) as the policy gave them; the environment clips them to [−1, 1].
    rewards : (episodes, steps).
    successes : (episodes, steps) whether the goal is reached at the step.
    lengths : (episodes,) steps taken; beyond them there are zeros.
    """

    observations: Float[np.ndarray, "episodes steps+1 x"]
    actions: Float[np.ndarray, "episodes steps y"]
    rewards: Float[np.ndarray, "episodes steps"]
    successes: Bool[np.ndarray, "episodes steps"]
    lengths: Int[np.ndarray, " episodes"]

    @property
    def returns(self) -> Float[np.ndarray, " episodes"]:
        """The sums of the rewards."""
        return self.rewards.sum(1)

    @property
    def succeeded(self) -> Bool[np.ndarray, " episodes"]:
        """Whether an episode is a success."""
        return np.any(self.successes, axis=1)


def episode_stream(seed: np.random.SeedSequence, episode: int) -> np.random.SeedSequence:
    """Return the stream of an episode, which does not depend on how many there are."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, episode))


def start_seed(seed: np.random.SeedSequence, episode: int) -> int:
    """Return the number that starts an episode's environment."""
    return int(episode_stream(seed, episode).generate_state(1)[0])


@cache
def simulator(task: Task, place: int = 0) -> Simulator:
    """Return an environment of this process: making one takes as long as some episodes."""
    return Simulator(task)


def play(
    task: Task, expert: Expert, seed: np.random.SeedSequence, episode: int, sampled: bool = True
) -> Episodes:
    """Return one episode of an expert, as `Episodes` of one.

    Parameters
    ----------
    task : the task.
    expert : the policy.
    seed : of all episodes.
    episode : its number.
    sampled : draw actions from the Gaussian; else they are its mean.
    """
    world = simulator(task)
    rng = np.random.default_rng(episode_stream(episode_stream(seed, episode), 0))
    observations = np.zeros((task.steps + 1, task.inputs))
    actions = np.zeros((task.steps, task.outputs))
    rewards, successes = np.zeros(task.steps), np.zeros(task.steps, bool)
    observations[0] = world.reset(start_seed(seed, episode))
    for t in range(task.steps):
        now = observations[t]
        actions[t] = expert.sample(now, rng) if sampled else expert.mean(now)
        observations[t + 1], rewards[t], successes[t], ended = world.step(actions[t])
        if ended:
            break
    arrays = (observations, actions, rewards, successes, np.int64(t + 1))
    return Episodes(*(np.asarray(array)[None] for array in arrays))


def _play_piece(task, expert, seed, episodes, sampled) -> Episodes:
    return _joined([play(task, expert, seed, episode, sampled) for episode in episodes])


def _joined(parts: list[Episodes]) -> Episodes:
    return Episodes(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def roll_out(
    task: Task,
    expert: Expert,
    seed: np.random.SeedSequence,
    episodes: int,
    processes: int = 1,
    sampled: bool = True,
) -> Episodes:
    """Return episodes of an expert's policy, and say on stderr how far it is.

    Parameters
    ----------
    task : the task.
    expert : the policy.
    seed : of all episodes.
    episodes : how many.
    processes : that play them; their number changes nothing.
    sampled : draw actions from the Gaussian; else they are its mean.
    """
    pieces = [
        (task, expert, seed, range(begin, min(begin + PIECE, episodes)), sampled)
        for begin in range(0, episodes, PIECE)
    ]
    what = f"pieces of {PIECE} episodes of {task.name}"
    return _joined(in_processes(_play_piece, pieces, processes, what))
