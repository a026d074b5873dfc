"""Frames of an episode as the expert, the best and the worst model play it, from one start state.

Figures draw no model, so the frames are a file of their own: images as arrays, in safetensors, and
what they show as its metadata. Where nothing can be rendered the file says why, and has no images.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from blockmaps.canonical import canonical_json
from blockmaps.errors import InputError
from blockmaps.files import whole

# Shares of an episode's steps at which a frame is taken: most happens early.
MOMENTS = (0, 0.075, 0.15, 0.2, 0.25, 0.35, 1)
SIDE = 240  # pixels of a frame
DISTANCE = {"hammer": 1.0, "door": 1.2}  # of the camera, where nearer than the environment's own


class Strip(NamedTuple):
    """One policy's episode.

    Attributes
    ----------
    images : (moments, SIDE, SIDE, 3) uint8.
    about : its name, return, and whether it reaches the goal.
    """

    images: np.ndarray
    about: dict[str, Any]


class Choice(NamedTuple):
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


def choose(returns: pd.DataFrame, runs: pd.DataFrame) -> Choice:
    """Return what is shown of an experiment.

    Parameters
    ----------
    returns : its table of returns.
    runs : the same by run (see `control.by_run`).
    """
    ordered = runs.sort_values(["return", "key"])
    best, worst = ordered.iloc[-1], ordered.iloc[0]
    own = returns[returns["key"] == best["key"]].sort_values(["return", "episode"])
    return Choice(best, worst, int(own["episode"].iloc[len(own) // 2]), len(runs))


def film(
    task: str,
    start: int,
    act: Callable[[np.ndarray], np.ndarray],
    about: dict[str, Any],
) -> Strip:
    """Play an episode and take frames.

    Parameters
    ----------
    task : its name.
    start : the number that starts the environment.
    act : returns an action, (|y|,), for an observation, (|x|,).
    about : what is known of the policy.
    """
    from blockmaps.environments.simulator import Simulator
    from blockmaps.environments.tasks import task_of

    known = task_of(task)
    world = Simulator(known, SIDE)
    if task in DISTANCE:
        world.environment.mujoco_renderer.default_cam_config["distance"] = DISTANCE[task]
    moments = [round(share * known.steps) for share in MOMENTS]
    observation, images, total, success = world.reset(start), [world.frame()], 0.0, False
    for t in range(1, known.steps + 1):
        now = world.step(act(observation))
        observation, total, success = now.observation, total + now.reward, success or now.success
        if t in moments:
            images.append(world.frame())
        if now.ended:
            break
    images += [images[-1]] * (len(moments) - len(images))
    world.close()
    return Strip(np.stack(images), about | {"return": total, "success": success})


def write(path: Path, strips: list[Strip], about: dict[str, Any]) -> None:
    """Write strips, or the reason for none, whole or not at all."""
    steps = about.get("steps", 0)
    facts = about | {
        "moments": [round(share * steps) for share in MOMENTS],
        "strips": [strip.about for strip in strips],
    }
    images = [strip.images for strip in strips]
    stacked = np.stack(images) if images else np.zeros((0, len(MOMENTS), SIDE, SIDE, 3), np.uint8)
    with whole(path) as partial:
        save_file({"images": stacked}, partial, metadata={"blockmaps": canonical_json(facts)})


def read(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the images, (strips, moments, SIDE, SIDE, 3), and what they show.

    Raises
    ------
    InputError
        If the file is not there or not of frames.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such frames; make them with `blockmaps frames`")
    try:
        with safe_open(path, framework="numpy") as file:
            return file.get_tensor("images"), json.loads(file.metadata()["blockmaps"])
    except (SafetensorError, KeyError, TypeError) as fault:
        raise InputError(f"{path}: not a file of frames ({fault}); remove it") from fault
