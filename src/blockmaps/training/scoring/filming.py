"""An episode filmed: which runs are shown, from which start, and the frames."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from blockmaps.data.environments.simulator import Simulator
from blockmaps.data.environments.tasks import Task
from blockmaps.results.strips import MOMENTS, SIDE, Strip

DISTANCE = {"hammer": 1.0, "door": 1.2}  # of the camera, where nearer than the environment's own


class ShownRuns(NamedTuple):
    """Which runs are shown in which episode.

    Attributes
    ----------
    best, worst : rows of `control.by_run`: those of the highest and the lowest mean return.
    episode : that in which the best run's return is its median, or just above.
    runs : from which they are chosen.
    """

    best: pd.Series
    worst: pd.Series
    episode: int
    runs: int


def choose(returns: pd.DataFrame, runs: pd.DataFrame) -> ShownRuns:
    """Return what is shown of an experiment.

    Parameters
    ----------
    returns : its table of returns.
    runs : the same by run (see `control.by_run`).
    """
    ordered = runs.sort_values(["return", "key"])
    best, worst = ordered.iloc[-1], ordered.iloc[0]
    own = returns[returns["key"] == best["key"]].sort_values(["return", "episode"])
    return ShownRuns(best, worst, int(own["episode"].iloc[len(own) // 2]), len(runs))


def camera(task: Task) -> Simulator:
    """Return an environment that is drawn, its camera near enough to see the hand."""
    world = Simulator(task, SIDE)
    if task.name in DISTANCE:
        world.environment.mujoco_renderer.default_cam_config["distance"] = DISTANCE[task.name]
    return world


def film(
    world: Simulator,
    start: int,
    act: Callable[[np.ndarray], np.ndarray],
    about: dict[str, Any],
) -> Strip:
    """Play an episode and take frames.

    Parameters
    ----------
    world : the environment (see `camera`).
    start : the number that starts an episode.
    act : returns an action, (|y|,), for an observation, (|x|,).
    about : what is known of the policy.
    """
    moments = [round(share * world.task.steps) for share in MOMENTS]
    observation, images, total, success = world.reset(start), [world.frame()], 0.0, False
    for t in range(1, world.task.steps + 1):
        now = world.step(act(observation))
        observation, total, success = now.observation, total + now.reward, success or now.success
        if t in moments:
            images.append(world.frame())
        if now.ended:
            break
    images += [world.frame()] * (len(moments) - len(images))
    return Strip(np.stack(images), about | {"return": total, "success": success})
