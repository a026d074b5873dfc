"""Says which differences in return can be detected."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import ASK, DEFAULT, ConfigFile, app, experts, give, importing, read_plan
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=ASK)
def detectable(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The CSV file, else printed.")] = None,
) -> None:
    """Say which differences in return the planned seeds and episodes can detect.

    It needs the data files alone, so it can be asked before anything is trained.
    """
    with importing():
        from blockmaps.analysis.power import Planned, by_experiment

    made, results = read_plan(config)
    if not made.policy_shards:
        raise InputError(f"{config}: no data set with an environment, so nothing is scored")
    scored = {made.shards[name].experiment for name in made.policy_shards}
    asked = {
        name: Planned(one.dataset, len(one.seeds), one.episodes)
        for name, one in made.config.experiments.items()
        if name in scored
    }
    give(by_experiment(asked, experts(made, results)), output)
