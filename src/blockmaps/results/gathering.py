"""What the shards of a preset have come to: gathered, also while it is unfinished, and merged.

A run is in when its shard is trained: tables of shards appear whole, the runs last. Gathered again
after more shards, or merged with what is kept, a run is what it was: where it is another, in what
training measured, that is said and nothing is merged.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.plan import config as configs
from blockmaps.plan.config import Config
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import Shard
from blockmaps.results import jobs, runs
from blockmaps.results.folder import PARTS, Folder
from blockmaps.results.runs import Column

RUN = ["experiment", "key"]
# What tells two trainings of a run apart; times and devices may differ.
MEASURED = ("step", "loss", "accuracy", "sequences")
DEVIATIONS = ("accuracy", "loss")
# Further tables that are kept, by their part: what identifies a row of a run.
BESIDE = {
    "groups": ["split", "group"],
    "dynamics": ["epoch", "quantity", "place"],
    "returns": ["episode"],
}


class Gathered(NamedTuple):
    """Runs, and what lies beside them.

    Attributes
    ----------
    tables : by the part of a results folder: runs, groups, dynamics, returns.
    jobs : manifests of the jobs that trained them.
    """

    tables: dict[str, pd.DataFrame]
    jobs: list[dict[str, Any]]

    @property
    def runs(self) -> set[tuple[str, str]]:
        """The runs that are in, by experiment and key."""
        return names_of(self.tables["runs"])


def finished(made: Plan, results: Folder) -> dict[str, Shard]:
    """Return the shards of a plan that are trained; of what is compared, not of the tuning."""
    return {name: one for name, one in made.shards.items() if results.has("shard runs", name)}


def asked(made: Plan, shards: Mapping[str, Shard] | None = None) -> set[tuple[str, str]]:
    """Return the runs that a plan asks for, by experiment and key; of shards, if they are given."""
    every = {(one.experiment, one.key) for one in made.members}
    if shards is None:
        return every
    own = {(one.experiment, variant.key) for one in shards.values() for variant in one.variants}
    return every & own


def whole_plan(results: Folder, kept: Path | None = None) -> Plan:
    """Return the plan of a results folder's config, whatever part of it was asked for (`only`).

    Where the whole cannot be planned here (an extra is not installed), of what was asked for.

    Parameters
    ----------
    kept : a results folder whose learning rates count where none was chosen here.

    Raises
    ------
    InputError
        If there is no config, or it cannot be planned.
    """
    path = results.existing("config")
    asked = configs.read(path)
    try:
        return results.plan(asked.model_copy(update={"only": None}), str(path), kept)
    except InputError:
        if asked.only is None:
            raise
        return results.plan(asked, str(path), kept)


def gather(
    made: Plan,
    results: Folder,
    shards: Mapping[str, Shard],
    known: Callable[[Shard], pd.DataFrame],
) -> Gathered:
    """Return what shards have come to, with what their variants are in the experiments.

    Parameters
    ----------
    made : a plan that asks for them.
    known : gives what is known of a shard's variants before training (see `measures.known`).

    Raises
    ------
    InputError
        If a shard's files are missing, damaged, or hold other runs than the shard's.
    """
    pieces = [_of_shard(results, shard) for shard in shards.values()]
    there = set[tuple[str, str]]().union(*map(names_of, pieces))
    members = [one for one in made.members if (one.experiment, one.key) in there]
    frame = runs.collect(pieces, [known(one) for one in shards.values()], members)
    groups = [results.parquet("shard groups", name) for name in shards]
    dynamics = [results.parquet("shard dynamics", name) for name in shards]
    needs = {"shard": str, "environment": dict, "variants": dict}
    own = [results.mapping("shard manifest", name, needs) for name in shards]
    for name, job in zip(shards, own, strict=True):
        if job["shard"] != name:
            path = results.file("shard manifest", name)
            raise InputError(f"{path}: is of shard {job['shard']}; remove it and train {name} again")
    tables = {
        "runs": frame,
        "groups": runs.collect_groups(groups, members),
        "dynamics": runs.collect_dynamics(dynamics, members),
    }
    return Gathered(tables, own)


def _of_shard(results: Folder, shard: Shard) -> pd.DataFrame:
    """Return the rows of a shard, if they are its variants' and of all its epochs."""
    rows = results.parquet("shard runs", shard.id)
    last = rows.groupby(RUN)["epoch"].max()
    asked = {(shard.experiment, one.key) for one in shard.variants}
    if names_of(rows) != asked or (last != shard.recipe.evaluations).any():
        path = results.file("shard runs", shard.id)
        raise InputError(f"{path}: holds other runs than its shard's; remove it and train it again")
    return rows


def collected(results: Folder) -> Gathered:
    """Return what is collected in a folder, a results or a published one.

    Raises
    ------
    InputError
        If it has no runs, or a table of it is damaged.
    """
    tables = {"runs": results.runs}
    tables |= {part: results.parquet(part) for part in BESIDE if results.has(part)}
    return Gathered(tables, results.collected_jobs if results.has("manifests") else [])


def merge(kept: Gathered, new: Gathered, made: Plan | None, where: str) -> Gathered:
    """Return what is kept and what is new as one; a run that is in both is the new one's.

    Parameters
    ----------
    made : the plan, whose labels the runs get that it asks for; None: they stay as they are.
    where : the kept folder, as a message names it.

    Raises
    ------
    InputError
        If a run that is in both is not the same.
    """
    if said := difference(kept.tables["runs"], new.tables["runs"]):
        raise InputError(f"{where}: {said}; --replace lets the results take its place")
    tables = {}
    for part in ("runs", *BESIDE):
        if frames := [one.tables[part] for one in (kept, new) if part in one.tables]:
            columns = PARTS[part].columns
            tables[part] = _joined(frames, _labelled(frames[0], made, columns), part)
    there = new.runs
    earlier = [job for job in kept.jobs if not _of_job(job) <= there]
    return Gathered(tables, [*earlier, *new.jobs])


def is_of_plan(found: Gathered, made: Plan) -> bool:
    """Return whether the runs that a plan asks for are of its shards, not of another recipe's."""
    others = [_of_job(job) for job in found.jobs if job["shard"] not in made.shards]
    return asked(made).isdisjoint(set[tuple[str, str]]().union(*others))


def difference(kept: pd.DataFrame, new: pd.DataFrame) -> str:
    """Say what the first run differs in that two runs tables both have; nothing if none does."""
    both = names_of(kept) & names_of(new)
    if not both:
        return ""
    sides = [_measured(_only(one, both), MEASURED) for one in (kept, new)]
    if not sides[0].index.equals(sides[1].index):
        apart = sides[0].index.symmetric_difference(sides[1].index)[0]
        return (
            f"the run {apart[1]} of {apart[0]} is measured otherwise in the results: "
            f"epoch {apart[2]}, {apart[3]}"
        )
    first, second = (one.to_numpy(float) for one in sides)
    other = ~np.isclose(first, second, rtol=0, atol=0, equal_nan=True)
    if not other.any():
        return ""
    row, column = np.argwhere(other)[0]
    experiment, key, epoch, split = sides[0].index[row]
    number = len({sides[0].index[i][:2] for i in np.flatnonzero(other.any(axis=1))})
    return (
        f"the run {key} of {experiment} is another in the results: {MEASURED[column]} of {split} "
        f"after epoch {epoch} {first[row, column]:g}, there {second[row, column]:g}"
        + (f" (and {number - 1} more)" if number > 1 else "")
    )


def deviations(kept: pd.DataFrame, again: pd.DataFrame) -> dict[str, float]:
    """Return how far runs that were trained again are from the kept ones, at most, in all rows.

    Parameters
    ----------
    kept : a runs table that has them.
    again : columns of `runs.TRAINED` at least.

    Returns
    -------
    By column of `DEVIATIONS`; ∞ where one of the two has no number.

    Raises
    ------
    InputError
        If they were measured at other epochs or splits.
    """
    sides = [_measured(one, DEVIATIONS) for one in (_only(kept, names_of(again)), again)]
    if not sides[0].index.equals(sides[1].index):
        raise InputError("the kept runs are measured at other epochs or splits than those trained")
    first, second = (one.to_numpy(float) for one in sides)
    alike = np.isclose(first, second, rtol=0, atol=0, equal_nan=True)
    apart = np.where(alike, 0.0, np.nan_to_num(np.abs(first - second), nan=np.inf))
    return dict(zip(DEVIATIONS, apart.max(0).tolist(), strict=True))


def _joined(frames: list[pd.DataFrame], first: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return rows of a part together, those of the last frame in the place of earlier ones."""
    columns = PARTS[part].columns
    if len(frames) > 1:
        rest = _only(first, names_of(first) - names_of(frames[1]))
        several = [one for one in (rest, frames[1]) if len(one)] or [first]
        first = pd.concat(several, ignore_index=True)
    order = runs.ORDER if part == "runs" else (*runs.ORDER[:6], *BESIDE[part])
    return first.sort_values(list(order), ignore_index=True)[list(columns)]


def _labelled(frame: pd.DataFrame, made: Plan | None, columns: dict[str, Column]) -> pd.DataFrame:
    """Return rows with the labels that a plan gives their runs, where it asks for them."""
    if made is None or frame.empty:
        return frame
    labels = pd.DataFrame(made.members).drop_duplicates(RUN).set_index(RUN)
    found = labels.reindex(pd.MultiIndex.from_frame(frame[RUN]))
    asked = found["dataset"].notna().to_numpy()
    frame = frame.copy()
    for name in (one for one in labels if one in columns and one != "seed_index"):
        own = frame[name].to_numpy(object)
        own[asked] = found[name].to_numpy(object)[asked]
        frame[name] = pd.Series(own, frame.index).astype(frame[name].dtype)
    return frame


def check_alike(kept: Config, asked: Config, experiments: Iterable[str], where: str) -> None:
    """Check that the kept runs of experiments were trained as a config asks for.

    Raises
    ------
    InputError
        If an experiment is not asked for, or its data set, recipe or the root seed is another.
    """
    for name in sorted(experiments):
        if name not in asked.experiments:
            raise InputError(
                f"{where}: keeps runs of the experiment {name}, which the results' config lacks; "
                "--replace lets the results take its place"
            )
        if _trained_as(kept, name) != _trained_as(asked, name):
            raise InputError(
                f"{where}: keeps runs of the experiment {name} of another data set, recipe or root "
                "seed than the results'; --replace lets the results take its place"
            )


def _trained_as(config: Config, name: str) -> tuple[Any, ...]:
    experiment = config.experiments[name]
    spec = config.datasets[experiment.dataset]
    content = spec.model_dump(mode="json", exclude_none=True, exclude=set(spec.where))
    return config.seed, content, config.recipes[experiment.recipe].trained


def write(found: Gathered, paths: Mapping[str, Path]) -> None:
    """Write tables and the jobs' manifests to their paths, the runs last.

    Parameters
    ----------
    paths : by part of a results folder; `manifests` is the jobs'.
    """
    for part, frame in found.tables.items():
        if part != "runs":
            runs.write(frame, paths[part], PARTS[part].columns)
    if found.jobs:
        jobs.write(jobs.collect(found.jobs), paths["manifests"])
    runs.write(found.tables["runs"], paths["runs"], runs.COLUMNS)


def names_of(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the runs of a table, by experiment and key."""
    return set(frame[RUN].drop_duplicates().itertuples(index=False, name=None))


def _only(frame: pd.DataFrame, names: set[tuple[str, str]]) -> pd.DataFrame:
    """Return the rows of some runs."""
    return frame[pd.MultiIndex.from_frame(frame[RUN]).isin(list(names))]


def _measured(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Return columns by run, epoch and split, in one order."""
    return frame.set_index([*RUN, "epoch", "split"])[list(columns)].sort_index()


def _of_job(job: dict[str, Any]) -> set[tuple[str, str]]:
    return {(job["experiment"], key) for key in job["variants"]}
