"""Gathers what the shards' jobs wrote."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, known, read_plan
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
    from blockmaps.results import gathering

    made, results = read_plan(config)
    if made.provisional:
        raise InputError(
            f"{config}: shards wait for learning rates; `blockmaps rates` chooses them"
        )
    found = gathering.gather(made, results, made.shards, partial(known, made.config, results))
    path = output or results.file("runs")
    gathering.write(
        found,
        {
            "groups": groups or path.with_name(results.file("groups").name),
            "dynamics": dynamics or path.with_name(results.file("dynamics").name),
            "manifests": manifests or path.with_name(results.file("manifests").name),
            "runs": path,
        },
    )
    frame = found.tables["runs"]
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")
