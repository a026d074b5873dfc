"""Batches: shards that one training job takes one after another.

Importing torch and Lightning costs a job 4 to 5 seconds, as much as training many a shard. So what
is to be trained of one data set goes into jobs of some minutes. What a batch is decides no result:
each shard's files are what they are if it is trained alone.
"""

import math
from collections.abc import Callable, Hashable, Mapping

from blockmaps.plan import tiers
from blockmaps.plan.config import Config
from blockmaps.plan.shards import Shard

# Jobs for each place that they run in: where one takes longer than estimated, the others get more.
JOBS_EACH = 2
UNKNOWN = 60.0  # seconds of a shard whose data set does not say how many sequences it trains on


def batches(
    config: Config,
    todo: Mapping[str, Shard],
    alike: Callable[[str], Hashable],
    at_once: int | None = None,
) -> list[list[str]]:
    """Return the names of shards in batches of about one length, in their order.

    A batch takes at most `compute.job_minutes` by estimate, and at most the part of all the work
    that leaves two batches for each job that runs at once; but where that part is shorter than a
    job's start, as much as the start. A shard that takes longer is alone.

    Parameters
    ----------
    config : that asks for the shards.
    todo : all that is to be trained, by name.
    alike : by a shard's name what it must share with others to share a batch: its data, and
        whatever else their job is given.
    at_once : how many jobs run at once; None if that is not known.
    """
    kinds: dict[Hashable, list[tuple[str, float]]] = {}
    for name, shard in todo.items():
        spec = config.datasets[config.experiments[shard.experiment].dataset]
        seconds = tiers.estimated(shard, spec) - tiers.JOB  # the job has started
        kinds.setdefault(alike(name), []).append((name, seconds or UNKNOWN))
    most = 60 * config.compute.job_minutes
    if at_once is not None:
        every = sum(seconds for several in kinds.values() for _, seconds in several)
        most = min(most, max(every / (JOBS_EACH * at_once), tiers.JOB))
    return [batch for several in kinds.values() for batch in _split(several, most)]


def _split(several: list[tuple[str, float]], most: float) -> list[list[str]]:
    """Return shards of one kind in batches; each is where the middle of its time falls."""
    every = sum(seconds for _, seconds in several)
    share = every / math.ceil(every / most)
    found: dict[int, list[str]] = {}
    before = 0.0
    for name, seconds in several:
        found.setdefault(int((before + seconds / 2) / share), []).append(name)
        before += seconds
    return list(found.values())
