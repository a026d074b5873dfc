"""Gathers what the shards' jobs wrote."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, read_plan, with_data
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=RUN)
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
    pieces, by_group, parts = (
        [results.parquet(f"shard {part}", name) for name in made.shards]
        for part in ("runs", "groups", "dynamics")
    )
    known = [
        with_data(made.config, results, shard, partial(measures.known, shard))
        for shard in made.shards.values()
    ]
    frame = runs.collect(pieces, known, made.members)
    path = output or results.file("runs")
    answers = runs.collect_groups(by_group, made.members)
    runs.write(answers, groups or path.with_name("groups.parquet"), runs.GROUP_COLUMNS)
    measured = runs.collect_dynamics(parts, made.members)
    runs.write(measured, dynamics or path.with_name("dynamics.parquet"), runs.DYNAMICS_COLUMNS)
    needs = {"shard": str, "environment": dict}
    own = [results.mapping("shard manifest", name, needs) for name in made.shards]
    jobs.write(jobs.collect(own), manifests or path.with_name(results.file("manifests").name))
    runs.write(frame, path, runs.COLUMNS)
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")
