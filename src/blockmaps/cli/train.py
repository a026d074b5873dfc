"""Trains a shard."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import RUN, ShardFile, app, read_job, with_data
from blockmaps.core.errors import InputError
from blockmaps.plan.devices import own_gpu


@app.command(rich_help_panel=RUN)
def train(
    context: typer.Context,
    shard: ShardFile,
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
    """Train one shard, going on from its variants' checkpoints.

    What it trains stands in its file; how (`compute`), in config.json of the same results folder.
    """
    found, results, config = read_job(shard)
    own = results.file("data", found.dataset)
    source = data or own
    if not source.is_file():
        raise InputError(f"{source}: no such data set; make it with `blockmaps data`")
    if gpu := context.with_resource(own_gpu(config.compute.accelerator)):
        print(f"takes GPU {gpu}, which no other training has", flush=True)

    from blockmaps.data.making import epochs_of
    from blockmaps.maps import weights
    from blockmaps.results import runs
    from blockmaps.training import checkpoints
    from blockmaps.training.job import Job
    from blockmaps.training.probes import measure
    from blockmaps.training.shard import Trained, train_shard

    folder = results.file("checkpoints", found.context)
    if fresh:
        for variant in found.variants:
            checkpoints.path_of(folder, variant.key).unlink(missing_ok=True)
    spec = config.datasets[config.experiments[found.experiment].dataset]
    job = Job(found, folder)

    def run(file: Path) -> Trained:
        return train_shard(
            found,
            file,
            folder,
            results.file("log", f"training/{found.id}"),
            config.compute.accelerator,
            config.compute.logger,
            math.inf if memory is None else memory * 1e6,
            epochs_of(spec, found.seed, found.seed_index),
        )

    try:
        # a file from elsewhere is not this command's to write over
        elsewhere = source.resolve() != own.resolve()
        trained = run(source) if elsewhere else with_data(config, results, found, run)
    except KeyboardInterrupt:
        print("blockmaps: interrupted; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
    path = output or results.file("shard runs", found.id)
    by_group = trained.groups.reindex(columns=list(runs.GROUPS))  # none of data without groups
    runs.write(by_group, groups or path.with_suffix(".groups.parquet"), runs.GROUPS)
    measured = measure(found, trained).reindex(columns=list(runs.DYNAMICS))  # none if not asked for
    runs.write(measured, dynamics or path.with_suffix(".dynamics.parquet"), runs.DYNAMICS)
    if config.keeps_weights(found.experiment):
        kept = policies or results.file("policies", found.id)
        about = weights.About(found.id, found.experiment, found.seed, found.variants)
        weights.write(kept, about, trained.parameters)
    job.write(trained, manifest or path.with_suffix(".manifest.json"))
    runs.write(trained.rows, path, runs.TRAINED)
    shard.with_suffix(".trained").touch()
    print(f"{path}: {len(found.variants)} variants, {len(trained.rows)} rows")
