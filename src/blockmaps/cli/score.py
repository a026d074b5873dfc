"""Scores a shard's policies in their environment."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import RUN, ShardFile, app, read_job
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=RUN)
def score(
    shard: ShardFile,
    policies: Annotated[Path | None, typer.Option(help="The shard's trained weights.")] = None,
    output: Annotated[Path | None, typer.Option(help="The shard's table of returns.")] = None,
    episodes: Annotated[
        int | None, typer.Option(min=1, help="Of every variant; the experiment's if left out.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processes that play the episodes.")] = 1,
) -> None:
    """Score a shard's trained policies in their environment; processes change no byte."""
    import time

    from blockmaps.data.environments import extra
    from blockmaps.data.environments.tasks import task_of

    found, results, config = read_job(shard)
    experiment = config.experiments[found.experiment]
    name = config.datasets[experiment.dataset].environment
    if name is None:
        raise InputError(f"{shard}: data set {experiment.dataset} has no environment")
    extra.require()
    weights = policies or results.file("policies", found.id)
    if not weights.is_file():
        raise InputError(f"{weights}: no such weights; `blockmaps train {shard}` writes them")

    from blockmaps.results import returns, runs
    from blockmaps.training.scoring.score import score_shard

    began = time.perf_counter()
    number = episodes or experiment.episodes
    rows = score_shard(found, weights, task_of(name), number, threads)
    path = output or results.file("shard returns", found.id)
    runs.write(rows, path, returns.RETURNS)
    passed = time.perf_counter() - began
    print(
        f"{path}: {rows['key'].nunique()} policies × {number} episodes, mean return "
        f"{rows['return'].mean():,.0f}, in {passed:.0f} s ({rows['steps'].sum() / passed:,.0f} "
        "steps a second)"
    )
    if diverged := rows[rows["diverged"] > 0]["key"].nunique():
        print(f"{diverged} of them diverged: an action was not finite; marked, scored as they are")
