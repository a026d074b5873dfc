"""Gathers what the shards' jobs wrote."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, importing, known, read_plan
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
    study: Annotated[
        str | None, typer.Option(help="One study's runs, into studies/; its manifests are left.")
    ] = None,
) -> None:
    """Gather what the shards' jobs wrote: runs, answers by group, dynamics and manifests."""
    with importing():
        from blockmaps.results import gathering

    made, results = read_plan(config)
    studies = {one.study for one in made.members}
    if study is not None and study not in studies:
        raise InputError(f"--study: found {study!r}; takes one of: {', '.join(sorted(studies))}")
    experiments = made.config.experiments
    # a study is gathered early: rates that another's arms wait for are none of its business
    if any(study in (None, experiments[one.experiment].study) for one in made.provisional.values()):
        raise InputError(
            f"{config}: shards wait for learning rates; `blockmaps rates` chooses them"
        )
    shards = {
        name: shard
        for name, shard in made.shards.items()
        if study in (None, experiments[shard.experiment].study)
    }
    found = gathering.gather(made, results, shards, partial(known, made.config, results))
    path = output or results.file("study runs" if study else "runs", study or "")

    def beside(part: str) -> Path:
        own = results.file(f"study {part}", study) if study else results.file(part)
        return path.with_name(own.name)

    paths = {
        "groups": groups or beside("groups"),
        "dynamics": dynamics or beside("dynamics"),
        "manifests": manifests or path.with_name(results.file("manifests").name),
        "runs": path,
    }
    gathering.write(found._replace(jobs=[]) if study else found, paths)
    frame = found.tables["runs"]
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")
