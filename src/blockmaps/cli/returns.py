"""Gathers the shards' returns."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, experts, importing, read_plan
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=RUN)
def returns(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The table of returns.")] = None,
) -> None:
    """Gather the shards' returns, with what each policy is and how the expert does."""
    with importing():
        from blockmaps.results import returns as table
        from blockmaps.results import runs

    made, results = read_plan(config)
    shards = made.policy_shards
    if not shards:
        raise InputError(f"{config}: no data set with an environment, so nothing is scored")
    pieces = [results.parquet("shard returns", name) for name in shards]
    frame = table.collect(pieces, results.runs, experts(made, results))
    path = output or results.file("returns")
    runs.write(frame, path, table.RETURN_COLUMNS)
    print(f"{path}: {frame['key'].nunique()} policies, {len(frame):,} episodes")
