"""An environment as its episodes are played here: no wrappers, arrays for observations.

Gymnasium's wrappers check every step and count them, which costs time and decides nothing: an
episode here ends after the task's steps, or where the environment says that it has ended.
"""

import contextlib
import io
from typing import Any, NamedTuple

import gymnasium
import mujoco
import numpy as np
from jaxtyping import Float, UInt8

from blockmaps.data.environments.tasks import Task

# It says on stderr, in every process, that v1's dense rewards changed with 1.2.1. They are those of
# 1.4.2 here, as in the reference returns.
with contextlib.redirect_stderr(io.StringIO()):
    import gymnasium_robotics

gymnasium.register_envs(gymnasium_robotics)
# MuJoCo warns of actions that are not finite, on stderr and in a file in the working directory, at
# every step; scores mark them.
mujoco.set_mju_user_warning(lambda text: None)


def flatten(observation: Any) -> np.ndarray:
    """Return an observation as one array: a mapping's values by name, one after another.

    Parameters
    ----------
    observation : an array, (…, numbers), or a mapping of names to such, as Kitchen's.
    """
    if isinstance(observation, dict):
        return np.concatenate([flatten(observation[name]) for name in sorted(observation)], -1)
    return np.asarray(observation, float)


class Step(NamedTuple):
    """What an environment answers to an action.

    Attributes
    ----------
    observation : (|x|,) after it.
    reward : of the step.
    success : whether the goal is reached at this step.
    ended : whether the environment ends the episode here.
    """

    observation: np.ndarray
    reward: float
    success: bool
    ended: bool


class Simulator:
    """One environment of a task, reset and stepped.

    Parameters
    ----------
    task : the task.
    side : of its frames, in pixels, where they are asked for.
    """

    def __init__(self, task: Task, side: int | None = None) -> None:
        self.task = task
        options: dict[str, Any] = {name: list(value) for name, value in task.options}
        if side:
            options |= {"render_mode": "rgb_array", "width": side, "height": side}
        made = gymnasium.make(task.environment, disable_env_checker=True, **options)
        self.environment: Any = made.unwrapped  # each has more than Gymnasium's class says

    def reset(self, seed: int) -> Float[np.ndarray, " x"]:
        """Start an episode; the seed alone decides how."""
        observation, _ = self.environment.reset(seed=seed)
        return flatten(observation)

    def step(self, action: Float[np.ndarray, " y"]) -> Step:
        """Take a step; an action is clipped to [−1, 1], as the environment does."""
        found, reward, ended, _, info = self.environment.step(np.clip(action, -1, 1))
        success = info.get("success", ended)  # Kitchen ends where all is done, and says no more
        return Step(flatten(found), float(reward), bool(success), bool(ended))

    def frame(self) -> UInt8[np.ndarray, "side side 3"]:
        """Draw what there is to see."""
        return np.array(self.environment.render())

    def close(self) -> None:
        """Free what it holds."""
        self.environment.close()
