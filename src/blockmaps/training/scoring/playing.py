"""Whole episodes of several policies, from the same start states.

Pieces of a few episodes go to parallel processes. A piece plays its episodes with every policy, all
of them stepped together, so that a process holds every policy and an environment for each of its
episodes. Episode i starts from the i-th start state whatever the policy, and its result depends on
nothing but that and the policy: not on the number of processes or episodes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from blockmaps.data.environments.processes import in_processes
from blockmaps.data.environments.rollouts import simulator, start_seed
from blockmaps.data.environments.tasks import Task
from blockmaps.designs.variants import AnyVariant, Start
from blockmaps.training.scoring.stepping import Policies

# Episodes of a piece, the last one's too: a matrix product's rounding depends on its shape.
PIECE = 4
ENVIRONMENTS = 640  # MB of them a process; so 16 policies of Hammer are stepped together


class Scores(NamedTuple):
    """What policies reach in each episode.

    Attributes
    ----------
    returns : sums of rewards.
    successes : whether the goal was reached at any step.
    steps : taken.
    diverged : whether an action was not finite. The environment is given it all the same.
    """

    returns: Float[np.ndarray, "variants episodes"]
    successes: Bool[np.ndarray, "variants episodes"]
    steps: Int[np.ndarray, "variants episodes"]
    diverged: Bool[np.ndarray, "variants episodes"]


class _Held(NamedTuple):
    """What a process holds: a task and the policies, those that are stepped together together."""

    task: Task
    groups: list[Policies]


_held: list[_Held] = []


def set_arithmetic() -> None:
    """Have torch compute in this process with one thread, and as in training."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _hold(task: Task, trained: Sequence[tuple[AnyVariant, Start]]) -> None:
    """Make the policies of this process."""
    set_arithmetic()
    together = max(1, ENVIRONMENTS // (PIECE * task.megabytes))
    parts = [trained[begin : begin + together] for begin in range(0, len(trained), together)]
    _held[:] = [_Held(task, [Policies(part) for part in parts])]


def play(
    task: Task, policies: Policies, seed: np.random.SeedSequence, episodes: Sequence[int]
) -> Scores:
    """Play some episodes with several policies, all stepped together.

    Parameters
    ----------
    task : the task.
    policies : what is played.
    seed : of all start states.
    episodes : numbers of at most `PIECE` episodes.
    """
    shape = (len(policies.variants), len(episodes))
    places = list(np.ndindex(shape))
    worlds = [simulator(task, place) for place in range(len(places))]
    observations = np.zeros((shape[0], PIECE, task.inputs))
    for (k, i), world in zip(places, worlds, strict=True):
        observations[k, i] = world.reset(start_seed(seed, episodes[i]))
    returns, steps = np.zeros(shape), np.zeros(shape, int)
    successes, diverged, ended = (np.zeros(shape, bool) for _ in range(3))
    policies.begin(PIECE)
    for _ in range(task.steps):
        actions = policies.step(observations)[:, : shape[1]]
        diverged |= ~np.isfinite(actions).all(2) & ~ended
        for (k, i), world in zip(places, worlds, strict=True):
            if ended[k, i]:
                continue
            now = world.step(actions[k, i])
            observations[k, i] = now.observation
            returns[k, i] += now.reward
            steps[k, i] += 1
            successes[k, i] |= now.success
            ended[k, i] = now.ended
    return Scores(returns, successes, steps, diverged)


def _play_piece(seed: np.random.SeedSequence, episodes: Sequence[int]) -> Scores:
    (held,) = _held
    found = [play(held.task, policies, seed, episodes) for policies in held.groups]
    return Scores(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def score(
    task: Task,
    trained: Sequence[tuple[AnyVariant, Start]],
    seed: np.random.SeedSequence,
    episodes: int,
    processes: int = 1,
) -> Scores:
    """Score trained variants, and say on stderr how far it is.

    Parameters
    ----------
    task : the task.
    trained : variants, each with its mask, unknowns and biases.
    seed : of the start states.
    episodes : how many.
    processes : that play them; their number changes nothing.
    """
    pieces = [
        (seed, range(begin, min(begin + PIECE, episodes))) for begin in range(0, episodes, PIECE)
    ]
    what = f"pieces of {PIECE} episodes × {len(trained)} policies"
    parts = in_processes(_play_piece, pieces, processes, what, _hold, (task, tuple(trained)))
    return Scores(*(np.concatenate(arrays, 1) for arrays in zip(*parts, strict=True)))
