"""Trains shards."""

import gc
import math
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blockmaps.cli.options import RUN, ShardFiles, app, importing, read_job, with_data
from blockmaps.core.errors import InputError
from blockmaps.core.files import lock
from blockmaps.plan.devices import own_gpu

if TYPE_CHECKING:
    from blockmaps.plan.config import Config
    from blockmaps.plan.shards import Shard
    from blockmaps.results.folder import Folder
    from blockmaps.training.shard import Trained

EXPECTED = (InputError, OSError, MemoryError)  # one line says enough


@app.command(rich_help_panel=RUN)
def train(
    shards: ShardFiles,
    data: Annotated[Path | None, typer.Option(help="The data set's file.")] = None,
    output: Annotated[Path | None, typer.Option(help="The shard's runs table.")] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Its answers by group; beside the runs table if left out.")
    ] = None,
    dynamics: Annotated[
        Path | None, typer.Option(help="Its dynamics; beside the runs table if left out.")
    ] = None,
    policies: Annotated[
        Path | None,
        typer.Option(
            help="Its trained weights, where its experiment keeps them or its data set has an "
            "environment to score them in; policies/ in the results folder if left out."
        ),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The job's manifest; beside the runs table if left out.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(min=1, help="MB of the host's memory that this job may take.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Do not go on from checkpoints.")] = False,
) -> None:
    """Train shards one after another, going on from their variants' checkpoints.

    What a shard trains stands in its file; how (`compute`), in config.json of the same results
    folder. Its files appear when it is done. One that fails does not stop those after it.
    """
    paths = {
        "output": output,
        "groups": groups,
        "dynamics": dynamics,
        "policies": policies,
        "manifest": manifest,
    }
    given = {name: path for name, path in paths.items() if path is not None}
    if len(shards) > 1 and given:
        raise InputError(f"--{min(given)}: found {len(shards)} shards; takes a file of one alone")
    jobs = [(file, *read_job(file)) for file in shards]  # all, before one is trained
    compute = jobs[0][-1].compute
    with own_gpu(compute.accelerator, sharing=compute.jobs_per_gpu) as gpu:
        if gpu:
            several = compute.jobs_per_gpu
            said = "no other training has" if several == 1 else f"{several} trainings may have"
            print(f"takes GPU {gpu}, which {said}", flush=True)
        faults = _train_each(jobs, data, memory, fresh, given)
    for file, fault in faults.items():
        said = " ".join(str(fault).split()) or type(fault).__name__
        print(f"blockmaps: {file}: not trained: {said}", file=sys.stderr)
    if faults:
        raise typer.Exit(2 if all(isinstance(one, InputError) for one in faults.values()) else 1)


def _train_each(
    jobs: "list[tuple[Path, Shard, Folder, Config]]",
    data: Path | None,
    memory: int | None,
    fresh: bool,
    given: dict[str, Path],
) -> dict[Path, Exception]:
    """Train shards one after another; return what those that failed failed by, by their files.

    Parameters
    ----------
    jobs : of each its file, itself, its results folder and the config there.
    data, memory, fresh, given : see `train` and `_train`.
    """
    with importing():  # else what is imported is looked through after every shard
        from blockmaps.training import job, probes, shard  # noqa: F401

    faults: dict[Path, Exception] = {}
    for file, found, results, config in jobs:
        source = data or results.file("data", found.dataset)
        try:
            if not source.is_file():
                raise InputError(f"{source}: no such data set; make it with `blockmaps data`")
            with _alone(found, results):
                if fresh:
                    _forget(found, results, config)
                _train(found, results, config, source, memory, given)
            file.with_suffix(".trained").touch()
        except KeyboardInterrupt:
            print("blockmaps: interrupted; the same command goes on from here", file=sys.stderr)
            raise typer.Exit(130) from None
        except Exception as fault:
            if len(jobs) == 1:
                raise
            faults[file] = fault
            if not isinstance(fault, EXPECTED):
                traceback.print_exception(fault)
        gc.collect()
    return faults


@contextmanager
def _alone(shard: "Shard", results: "Folder") -> Iterator[None]:
    """Wait until no other process trains the shard: both would write its log and checkpoints."""
    path = results.file("log", f"training/{shard.id}.lock")
    taken = lock(path)
    if not taken:
        print(f"{shard.id}: another process trains it; waits for that one", flush=True)
        taken = lock(path, wait=True)
    assert taken is not None  # it has waited
    if not taken.is_locked:
        print(f"{path}: no locks on this disk; no other process is to train {shard.id}", flush=True)
    try:
        yield
    finally:
        taken.release()


def _checkpoints(shard: "Shard", results: "Folder", config: "Config") -> Path:
    """Return the folder of a shard's checkpoints: one of its own for each lower precision.

    So what was trained with another precision is nothing to go on from.
    """
    precision = config.compute.precision
    lower = "" if precision == "highest" else f"-{precision}"
    return results.file("checkpoints", f"{shard.context}{lower}")


def _forget(shard: "Shard", results: "Folder", config: "Config") -> None:
    """Remove the checkpoints of a shard's variants."""
    from blockmaps.training import checkpoints

    folder = _checkpoints(shard, results, config)
    for variant in shard.variants:
        checkpoints.path_of(folder, variant.key).unlink(missing_ok=True)


def _share_gpu(jobs: int) -> None:
    """Take no more than this job's part of a GPU's memory, where several jobs share one.

    A bank that takes more runs out of memory, and is halved.
    """
    import torch

    if jobs > 1 and torch.cuda.is_available():
        for device in range(torch.cuda.device_count()):
            torch.cuda.set_per_process_memory_fraction(1 / jobs, device)


def _train(
    shard: "Shard",
    results: "Folder",
    config: "Config",
    source: Path,
    memory: int | None,
    given: dict[str, Path],
) -> None:
    """Train a shard and write its files.

    Parameters
    ----------
    source : the data set's file.
    memory : MB of the host's that the job may take, if there is a limit.
    given : where its files go, by the names of options; to their places if left out.
    """
    import torch

    from blockmaps.data.making import epochs_of
    from blockmaps.maps import weights
    from blockmaps.results import runs
    from blockmaps.training.job import Job
    from blockmaps.training.probes import measure
    from blockmaps.training.shard import train_shard

    torch.set_float32_matmul_precision(config.compute.precision)
    folder = _checkpoints(shard, results, config)
    spec = config.datasets[config.experiments[shard.experiment].dataset]
    job = Job(shard, folder)
    _share_gpu(config.compute.jobs_per_gpu)

    def run(file: Path) -> "Trained":
        return train_shard(
            shard,
            file,
            folder,
            results.file("log", f"training/{shard.id}"),
            config.compute.accelerator,
            config.compute.logger,
            math.inf if memory is None else memory * 1e6,
            epochs_of(spec, shard.seed, shard.seed_index),
            config.compute.cuda_graphs,
        )

    # a file from elsewhere is not this command's to write over
    elsewhere = source.resolve() != results.file("data", shard.dataset).resolve()
    trained = run(source) if elsewhere else with_data(config, results, shard, run)
    path = given.get("output") or results.file("shard runs", shard.id)
    by_group = trained.groups.reindex(columns=list(runs.GROUPS))  # none of data without groups
    runs.write(by_group, given.get("groups") or path.with_suffix(".groups.parquet"), runs.GROUPS)
    measured = measure(shard, trained).reindex(columns=list(runs.DYNAMICS))  # none if not asked for
    beside = path.with_suffix(".dynamics.parquet")
    runs.write(measured, given.get("dynamics") or beside, runs.DYNAMICS)
    if config.keeps_weights(shard.experiment):
        kept = given.get("policies") or results.file("policies", shard.id)
        about = weights.About(shard.id, shard.experiment, shard.seed, shard.variants)
        weights.write(kept, about, trained.parameters)
    job.write(trained, given.get("manifest") or path.with_suffix(".manifest.json"))
    runs.write(trained.rows, path, runs.TRAINED)
    print(f"{path}: {len(shard.variants)} variants, {len(trained.rows)} rows", flush=True)
