"""Gathers what the shards' jobs wrote."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, ConfigFile, app, read_plan
from blockmaps.core.errors import InputError


@app.command()
def collect(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The runs table.")] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Answers by group; groups.parquet beside it if left out.")
    ] = None,
    dynamics: Annotated[
        Path | None, typer.Option(help="Dynamics; dynamics.parquet beside it if left out.")
    ] = None,
    manifests: Annotated[
        Path | None, typer.Option(help="Manifests; manifests.json beside it if left out.")
    ] = None,
) -> None:
    """Gather what the shards' jobs wrote: runs, answers by group, dynamics and manifests."""
    from blockmaps.results import jobs, measures, runs

    made, results = read_plan(config)
    if made.provisional:
        raise InputError(
            f"{config}: shards wait for learning rates; `blockmaps rates` chooses them"
        )
    pieces = [runs.read(results / "runs" / f"{name}.parquet") for name in made.shards]
    known = [
        measures.known(shard, results / "data" / f"{shard.dataset}.safetensors")
        for shard in made.shards.values()
    ]
    frame = runs.collect(pieces, known, made.members)
    by_group = [runs.read(results / "runs" / f"{name}.groups.parquet") for name in made.shards]
    path = output or results / "runs.parquet"
    answers = runs.collect_groups(by_group, made.members)
    runs.write(answers, groups or path.with_name("groups.parquet"), runs.GROUP_COLUMNS)
    parts = [runs.read(results / "runs" / f"{name}.dynamics.parquet") for name in made.shards]
    measured = runs.collect_dynamics(parts, made.members)
    runs.write(measured, dynamics or path.with_name("dynamics.parquet"), runs.DYNAMICS_COLUMNS)
    collected = jobs.collect(results / "runs", made.shards)
    jobs.write(collected, manifests or path.with_name(jobs.NAME))
    runs.write(frame, path, runs.COLUMNS)
    if collected["without"]:
        print(f"{len(collected['without'])} shards have no manifest: trained by an older version")
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")
