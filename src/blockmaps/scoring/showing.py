"""The episode that frames are taken of: whose policies, and from which start."""

from pathlib import Path
from typing import Any

import numpy as np

from blockmaps import runs
from blockmaps.control import by_run
from blockmaps.data import DataSpec
from blockmaps.environments import expert
from blockmaps.environments.rollouts import start_seed
from blockmaps.environments.tasks import task_of
from blockmaps.errors import InputError
from blockmaps.scoring.filming import camera, choose, film
from blockmaps.scoring.stepping import Policies
from blockmaps.seeds import stream
from blockmaps.shards import Shard
from blockmaps.strips import Strip
from blockmaps.training.policies import trained


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
    first = next(iter(shards.values()))
    experiment = first.experiment
    table = runs.read(returns)
    table = table[table["experiment"] == experiment]
    if table.empty:
        raise InputError(f"{returns}: no returns of experiment {experiment}")
    chosen = choose(table, by_run(table))
    task = task_of(spec.environment)
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
        strips.append(film(world, start, _policy(shards, run["key"], policies), about))
    world.close()
    about = {"experiment": experiment, "task": task.name, "steps": task.steps, "reason": ""}
    return strips, about | {"episode": chosen.episode, "runs": chosen.runs}


def _policy(shards: dict[str, Shard], key: str, folder: Path):
    """Return a trained variant as a function of one observation."""
    for name, shard in shards.items():
        if key in {variant.key for variant in shard.variants}:
            pairs = trained(folder / f"{name}.safetensors", shard)
            policies = Policies([pair for pair in pairs if pair[0].key == key])
            policies.begin(1)
            return lambda observation: policies.step(np.asarray(observation)[None, None])[0, 0]
    raise InputError(f"variant {key}: in no shard of this config")
