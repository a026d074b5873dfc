"""The episode that frames are taken of: whose policies, and from which start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from blockmaps.core.errors import InputError
from blockmaps.core.seeds import stream
from blockmaps.data import DataSpec
from blockmaps.data.environments import expert
from blockmaps.data.environments.rollouts import start_seed
from blockmaps.data.environments.tasks import task_of
from blockmaps.maps.weights import trained
from blockmaps.plan.shards import Shard
from blockmaps.results import runs
from blockmaps.results.returns import RETURN_COLUMNS, by_run
from blockmaps.results.strips import Strip
from blockmaps.training.scoring.filming import camera, choose, film
from blockmaps.training.scoring.playing import PIECE, set_arithmetic
from blockmaps.training.scoring.stepping import Policies


def show(
    shards: dict[str, Shard], spec: DataSpec, returns: Path, policies: Path
) -> tuple[list[Strip], dict[str, Any]]:
    """Return strips of the expert, the best and the worst run, and what they have in common.

    Parameters
    ----------
    shards : an experiment's, by name.
    spec : its data set.
    returns : the table of returns.
    policies : the folder of trained weights.
    """
    set_arithmetic()  # an episode that is shown is the one that was scored
    first = next(iter(shards.values()))
    experiment = first.experiment
    table = runs.read(returns, RETURN_COLUMNS)
    table = table[table["experiment"] == experiment]
    if table.empty:
        raise InputError(f"{returns}: no returns of experiment {experiment}")
    chosen = choose(table, by_run(table))
    task = task_of(spec.environment or "")
    start = start_seed(stream(first.seed, "environment"), chosen.episode)
    world, strips = camera(task), []
    try:
        known = expert.load(task, getattr(spec, "folder", None))
    except InputError as fault:
        print(f"no strip of the expert: {fault}")
    else:
        strips.append(film(world, start, known.mean, {"name": "expert", "mean_action": True}))
    for name in ("best", "worst"):
        run = getattr(chosen, name)
        about = {"name": name, "structure": run["structure"], "arm": run["arm"]}
        about |= {"mean_return": float(run["return"]), "success_rate": float(run["success"])}
        about |= {"seed_index": int(run["seed_index"]), "budget": int(run["budget"])}
        strips.append(
            film(world, start, _policy(shards, run["key"], policies, chosen.episode), about)
        )
    world.close()
    about = {"experiment": experiment, "task": task.name, "steps": task.steps, "reason": ""}
    return strips, about | {"episode": chosen.episode, "runs": chosen.runs}


def _policy(
    shards: dict[str, Shard], key: str, folder: Path, episode: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a trained variant as a function of one observation, rounded as it was scored.

    Raises
    ------
    InputError
        If the returns are of another config's models.
    """
    held = [one for one in shards.items() if key in {each.key for each in one[1].variants}]
    if not held:
        raise InputError(f"variant {key}: in no shard of this config; score its shards again")
    name, shard = held[0]
    pairs = trained(folder / f"{name}.safetensors", shard.id)
    policies = Policies([pair for pair in pairs if pair[0].key == key])
    policies.begin(PIECE)

    def act(observation: np.ndarray) -> np.ndarray:
        seen = np.zeros((1, PIECE, len(observation)))
        seen[0, episode % PIECE] = observation
        return policies.step(seen)[0, episode % PIECE]

    return act
