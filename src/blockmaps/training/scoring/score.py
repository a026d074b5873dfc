"""Score a shard: its trained policies in the environment of its data set, into rows."""

from pathlib import Path

import numpy as np
import pandas as pd

from blockmaps.core.seeds import stream
from blockmaps.data.environments.tasks import Task
from blockmaps.maps.weights import trained
from blockmaps.plan.shards import Shard
from blockmaps.training.scoring.playing import score


def score_shard(
    shard: Shard, policies: Path, task: Task, episodes: int, processes: int = 1
) -> pd.DataFrame:
    """Return a row a variant and episode; columns as in `returns.RETURNS`.

    Start states come from the root seed alone, so that they are the same for every model of a
    config, whatever its seed index.

    Parameters
    ----------
    shard : what was trained.
    policies : the file of its trained weights.
    task : what they are scored in.
    episodes : how many, of every variant.
    processes : that play them; their number changes nothing.

    Raises
    ------
    InputError
        If the file is not there, is broken or is another shard's.
    """
    known = trained(policies, shard.id)
    found = score(task, known, stream(shard.seed, "environment"), episodes, processes)
    keys = np.array([variant.key for variant, _ in known])
    k, episode = (places.ravel() for places in np.indices(found.returns.shape))
    return pd.DataFrame(
        {
            "experiment": shard.experiment,
            "key": keys[k],
            "seed_index": shard.seed_index,
            "episode": episode,
            "return": found.returns.ravel(),
            "success": found.successes.ravel().astype(int),
            "steps": found.steps.ravel(),
            "diverged": found.diverged.ravel().astype(int),
        }
    )
