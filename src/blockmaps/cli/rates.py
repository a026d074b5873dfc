"""Chooses learning rates, where a recipe is tuned."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, importing, read_plan
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=RUN)
def rates(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The table of rates.")] = None,
) -> None:
    """Choose each arm's learning rate, where a recipe is tuned, by its validation accuracy."""
    with importing():
        import pandas as pd

        from blockmaps.analysis.rates import by_rate
        from blockmaps.core import csv
        from blockmaps.plan.plan import RATES

    made, results = read_plan(config)
    if not made.tuning:
        raise InputError(f"{config}: no experiment has a recipe with learning_rate: tuned")
    pieces = [results.parquet("shard runs", name) for name in made.tuning]
    table = by_rate(pd.concat(pieces), made.tuned)
    csv.write(table, output or results.path / RATES)
    # what is compared is known now: its jobs find their shards
    results.write_asked(results.plan(made.config, str(config)))
    for row in table[table["chosen"]].itertuples():
        print(
            f"{row.experiment}, {row.arm} at {row.budget:,} unknowns: {row.learning_rate:g}, "
            f"validation accuracy {row.accuracy:.1%}"
            + (", at the grid's edge" if row.at_edge else "")
        )
