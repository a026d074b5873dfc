"""Tiers: what of a preset is trained first, and what training it costs on one core of a CPU.

A cost is measured where a shard's manifest is there, or its runs are kept, and else estimated. That
is from the arithmetic on every place of W, as a bank does it, and from a time that every step takes
however small a model is:

    job + steps × tokens × iterations × token + FLOPs / rate + numbers that are drawn anew × pixel
"""

import fnmatch
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from blockmaps.data import DataSpec
from blockmaps.data.sources import IMAGES
from blockmaps.designs.variants import AnyVariant, Variant
from blockmaps.plan.config import Config, Tier
from blockmaps.plan.shards import Recipe, Shard

# Fitted by eye to the manifests of shared runs of commit c9049ce at the papers' scale, on a quiet
# core with AVX-512: see docs/tiers.md for what they give beside what was measured.
JOB = 5.0  # seconds to start a job
TOKEN = 2.7e-4  # seconds of a step a token and iteration, forward and backward
RATE = 9e10  # FLOP/s
PIXEL = 2.5e-8  # seconds to draw a number of an input, where every epoch has sequences of its own

CLUSTER_JOB = 30  # minutes of a training job by profiles/slurm, `job_minutes`


class Took(NamedTuple):
    """The seconds that training took: of a core, and by the clock where a job had a GPU.

    `on_gpu` is how many runs a GPU has trained, `untimed` of how many the time was not kept.
    """

    core: float
    gpu: float = 0.0
    on_gpu: int = 0
    untimed: int = 0


UNTIMED = Took(0.0, untimed=1)  # a run that was trained, of which nothing is kept


class Cost(NamedTuple):
    """What shards cost: their number of runs, those that are in, and seconds.

    `measured` is of the shards that a CPU has trained, in core seconds; `estimated` of those that
    are not trained. `on_gpu` is how many runs a GPU has trained, `gpu` the seconds of its jobs by
    the clock: no core would take as long. `untimed` is of how many trained runs no time was kept.
    """

    runs: int
    trained: int
    measured: float
    estimated: float
    on_gpu: int = 0
    gpu: float = 0.0
    untimed: int = 0


def tier_of(config: Config, shard: Shard) -> int:
    """Return the place of a shard's tier in the config's list; behind the last if it has none."""
    for place, tier in enumerate(config.tiers.values()):
        named = any(fnmatch.fnmatchcase(shard.experiment, one) for one in tier.experiments)
        if named and (tier.seeds is None or shard.seed_index in tier.seeds):
            return place
    return len(config.tiers)


def priority(config: Config, shards: Iterable[Shard]) -> int:
    """Return Snakemake's priority of a job that shards need: higher for an earlier tier."""
    return max((len(config.tiers) - tier_of(config, shard) for shard in shards), default=0)


def by_study(config: Config, shards: Iterable[Shard]) -> dict[str, int]:
    """Return the priority of each study where a config has no tiers: higher for less to train.

    So there is a figure soon.
    """
    costs: dict[str, float] = {}
    for shard in shards:
        experiment = config.experiments[shard.experiment]
        own = estimated(shard, config.datasets[experiment.dataset])
        costs[experiment.study] = costs.get(experiment.study, 0) + own
    if config.tiers:
        return dict.fromkeys(costs, 0)
    return {name: place for place, name in enumerate(sorted(costs, key=lambda one: -costs[one]))}


class Spent(NamedTuple):
    """A tier that has shards, and what it costs; `name` is "rest" or "all" where none is named."""

    name: str
    tier: Tier
    cost: Cost


def of_plan(
    config: Config,
    shards: Iterable[Shard],
    runs: Path,
    timed: Mapping[str, float] | None = None,
    kept: Mapping[tuple[str, str], Took] | None = None,
) -> Iterator[Spent]:
    """Yield every tier that has shards, with its cost.

    Parameters
    ----------
    config : that asks for the shards.
    shards : all of them.
    runs : the folder of their tables and manifests.
    timed : estimates by shard that are better than the formula's, timed on this machine.
    kept : of runs that were trained elsewhere, the seconds (see `by_run`).
    """
    tiers = [*config.tiers.items(), ("rest" if config.tiers else "all", Tier())]
    shards = sorted(shards, key=lambda shard: tier_of(config, shard))
    for place, several in groupby(shards, lambda shard: tier_of(config, shard)):
        yield Spent(*tiers[place], cost(config, several, runs, timed, kept))


def in_words(spent: Spent) -> str:
    """Say in a line what a tier is and costs."""
    name, tier, cost = spent
    return (
        f"{name}: {cost.trained} of {cost.runs} runs trained; CPU hours of one core: "
        f"{cost.measured / 3600:.1f} measured, {cost.estimated / 3600:.1f} more estimated"
        + (f"; {_of_gpu(cost)}" if cost.on_gpu else "")
        + (f"; {_untimed(cost)}" if cost.untimed else "")
        + (f"; claims {', '.join(tier.claims)}" if tier.claims else "")
        + (f"; {tier.about}" if tier.about else "")
    )


def as_markdown(tiers: Iterable[Spent]) -> str:
    """Return tiers as a table, a row each (docs/tiers.md has it)."""
    lines = ["| tier | what | runs | claims | CPU hours |", "|---|---|---|---|---|"]
    for name, tier, cost in tiers:
        measured, more = (f"{seconds / 3600:,.1f}" for seconds in (cost.measured, cost.estimated))
        on_cpu = cost.trained - cost.on_gpu - cost.untimed
        hours = [f"{measured} measured of {_runs(on_cpu)}"] if on_cpu else []
        hours += [_of_gpu(cost)] if cost.on_gpu else []
        if cost.trained < cost.runs:
            hours.append(f"{more} estimated" + (" of the others" if cost.trained else ""))
        hours += [_untimed(cost)] if cost.untimed else []
        claims = ", ".join(tier.claims) or "–"
        about = tier.about.replace("|", "\\|")
        lines.append(f"| {name} | {about} | {cost.runs:,} | {claims} | {', '.join(hours)} |")
    return "\n".join(lines) + "\n"


def _of_gpu(cost: Cost) -> str:
    """Say what a GPU's jobs took."""
    return f"{cost.gpu / 3600:.1f} h of jobs on a GPU for {_runs(cost.on_gpu)}"


def _untimed(cost: Cost) -> str:
    """Say of how many runs no time was kept: those that rates were chosen by."""
    return f"no time kept of {_runs(cost.untimed)} that rates were chosen by"


def _runs(number: int) -> str:
    return f"{number:,} run{'s' * (number != 1)}"


def by_run(jobs: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Took]:
    """Return each run's share of its job's seconds, by experiment and key, of jobs' manifests."""
    found: dict[tuple[str, str], Took] = {}
    for job in jobs:
        whole, number = took(job), max(len(job["variants"]), 1)
        own = Took(whole.core / number, whole.gpu / number, min(whole.on_gpu, 1))
        found |= {(job["experiment"], key): own for key in job["variants"]}
    return found


def cost(
    config: Config,
    shards: Iterable[Shard],
    runs: Path,
    timed: Mapping[str, float] | None = None,
    kept: Mapping[tuple[str, str], Took] | None = None,
) -> Cost:
    """Return what shards cost.

    Where some of an experiment's shards have been trained, the estimate of its others is corrected
    by the median ratio of what those took to what they were estimated to take.

    Parameters
    ----------
    config : that asks for them.
    shards : of one tier.
    runs : the folder of the shards' tables and manifests.
    timed, kept : see `of_plan`.
    """
    known: dict[str, Took] = {}
    estimates: dict[str, float] = {}
    ratios: dict[str, list[float]] = {}
    named: dict[str, Shard] = {}  # a name is reckoned anew at every look
    for shard in shards:
        whole = (runs / f"{shard.id}.manifest.json").exists()
        named |= {one.id: one for one in ([shard] if whole else _split(shard, kept or {}))}
    for name, shard in named.items():
        spec = config.datasets[config.experiments[shard.experiment].dataset]
        own = (timed or {}).get(name)
        estimates[name] = estimated(shard, spec) if own is None else own
        found = measured(runs / f"{name}.manifest.json") or _kept(shard, kept or {})
        if found is None:
            continue
        known[name] = found
        # what a GPU trained says nothing of a core, nor do runs of which no time was kept
        if found.core and not (found.on_gpu or found.untimed):
            ratios.setdefault(shard.experiment, []).append(found.core / estimates[name])
    return Cost(
        sum(len(shard.variants) for shard in named.values()),
        sum(len(named[name].variants) for name in known),
        sum(found.core for found in known.values()),
        sum(
            estimates[name] * median(ratios.get(shard.experiment, [1.0]))
            for name, shard in named.items()
            if name not in known
        ),
        sum(found.on_gpu for found in known.values()),
        sum(found.gpu for found in known.values()),
        sum(found.untimed for found in known.values()),
    )


def _split(shard: Shard, kept: Mapping[tuple[str, str], Took]) -> list[Shard]:
    """Return a shard's runs that are kept and those that are not, each as a shard of its own."""
    halves: dict[bool, list[AnyVariant]] = {}
    for variant in shard.variants:
        halves.setdefault((shard.experiment, variant.key) in kept, []).append(variant)
    if len(halves) == 1:
        return [shard]
    return [shard.model_copy(update={"variants": tuple(half)}) for half in halves.values()]


def _kept(shard: Shard, kept: Mapping[tuple[str, str], Took]) -> Took | None:
    """Return the seconds that a shard's runs took elsewhere; None if one of them is not kept."""
    names = [(shard.experiment, variant.key) for variant in shard.variants]
    if not kept.keys() >= set(names):
        return None
    return Took(*(sum(own) for own in zip(*(kept[name] for name in names), strict=True)))


def measured(manifest: Path) -> Took | None:
    """Return the seconds that a shard took, by its manifest; None if there is none.

    The job's own, unless it went on from checkpoints of earlier jobs: then at least what training
    its variants took, evaluation left out.
    """
    try:
        return took(json.loads(manifest.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def resources(
    config: Config, shards: Iterable[Shard], manifests: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the lines of a profile that ask for what training jobs took, with room above it.

    Parameters
    ----------
    config : that asks for the shards.
    shards : all of them.
    manifests : those of jobs that have been run, by shard.

    Yields
    ------
    `set-resources`, for `train` and, where weights are kept, `train_policies`: `mem_mb`, 1.5 times
    the highest peak, and `runtime` in minutes, twice the longest time; both grow with every retry.
    A shard that was not trained counts with its estimated time; memory is that of measured ones.
    A job takes several shards, as long as `profiles/slurm` says, and has twice that at least.
    """
    rules: dict[str, list[Shard]] = {}
    for shard in shards:
        kept = config.keeps_weights(shard.experiment)
        rules.setdefault("train_policies" if kept else "train", []).append(shard)
    yield "set-resources:"
    for name, several in sorted(rules.items()):
        found = [manifests[one.id] for one in several if one.id in manifests]
        guessed = [
            estimated(one, config.datasets[config.experiments[one.experiment].dataset])
            for one in several
            if one.id not in manifests
        ]
        seconds = [of_manifest(one) for one in found]
        longest = max([*seconds, *guessed, 60 * CLUSTER_JOB])
        yield f"  {name}:"
        if found:
            peak = max(one["peak_memory_bytes"] for one in found) / 1e6
            yield (
                f"    mem_mb: {math.ceil(1.5 * peak / 100) * 100} * attempt"
                f" # {len(found)} of {len(several)} shards measured, at most {peak:,.0f} MB"
            )
        else:
            yield f"    # mem_mb: none of {len(several)} shards measured yet"
        said = [f"measured at most {max(seconds):,.0f} s"] if seconds else []
        said += [f"others estimated at most {max(guessed):,.0f} s"] if guessed else []
        minutes = math.ceil(2 * longest / 300) * 5
        yield f"    runtime: {minutes} * attempt # minutes; {', '.join(said)}"


def of_manifest(job: Mapping[str, Any]) -> float:
    """Return the seconds by the clock that a shard took, by its manifest (see `measured`)."""
    return max(job["seconds"], sum(one["seconds"] for one in job["variants"].values()))


def took(job: Mapping[str, Any]) -> Took:
    """Return the seconds that a shard took, by its manifest.

    Those of a core are the clock's, where the manifest is of before they were counted, or the job
    went on from checkpoints of earlier ones. On a core that others used too that is more. Where
    earlier jobs had another device, all counts as that of the last.
    """
    if (job.get("environment") or {}).get("device", "cpu") != "cpu":
        return Took(0.0, of_manifest(job), len(job["variants"]))
    counted = job.get("cpu_seconds")
    return Took(of_manifest(job) if counted is None or job.get("resumed") else counted)


def estimated(shard: Shard, spec: DataSpec) -> float:
    """Return about how many seconds a shard takes one core, data and scoring left out."""
    tokens, recipe = spec.shape.steps, shard.recipe
    trained, evaluated = _sequences(recipe, spec)
    repeats = max(one.repeats for one in shard.variants)
    forward = sum(_flops(one, tokens) for one in shard.variants)
    steps = trained / recipe.batch_size
    drawn = trained * tokens * spec.shape.inputs if spec.redraw == "epoch" else 0
    work = (3 * trained + evaluated) * forward
    return JOB + steps * tokens * repeats * TOKEN + work / RATE + drawn * PIXEL


def _sequences(recipe: Recipe, spec: DataSpec) -> tuple[int, int]:
    """Return how many sequences training passes through, and how many evaluation does."""
    fields = spec.model_dump()
    held = sum(
        number
        for name, number in fields.items()
        if name.startswith(("validation", "test")) and isinstance(number, int)
    )
    evaluated = held * (recipe.evaluations + 1)
    if recipe.steps is not None:
        return recipe.steps * recipe.batch_size, evaluated
    train = fields.get("train") or IMAGES.get(str(fields.get("source")), 0)
    steps = recipe.evaluations * math.ceil(train / recipe.batch_size)
    return steps * recipe.batch_size, evaluated


def _flops(variant: AnyVariant, tokens: int) -> float:
    """Return the arithmetic of a forward pass a sequence, on every place of a map's rows."""
    if not isinstance(variant, Variant):
        return 2 * tokens * variant.unknowns
    inputs, rows = variant.pattern.slots[0].size, variant.size
    return 2 * tokens * rows * (inputs + variant.repeats * rows)
