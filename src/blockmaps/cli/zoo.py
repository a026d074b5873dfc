"""Compares torch's networks with the maps made of them."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import LOOK, app, importing


@app.command(rich_help_panel=LOOK)
def zoo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as a JSON list instead.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and inputs.")] = 0,
    tables: Annotated[
        Path | None, typer.Option(help="Write equivalence.csv and the figures' tables here.")
    ] = None,
) -> None:
    """Compare torch's networks with the iterative maps made of them (about 15 s).

    Exit code 1 if a difference is above what claim B1 allows.
    """
    with importing():
        from blockmaps.maps.zoo import equivalence

    if tables:
        from blockmaps.maps.zoo.tables import write_all

        made = write_all(seed, tables)
        for name, frame in made.items():
            print(f"{tables / name}.csv: {len(frame):,} rows", file=sys.stderr)
        found = made["equivalence"].to_dict("records")
    else:
        found = equivalence.each_row(seed)
    bad = []
    rows = []
    for number, row in enumerate(found):
        if not as_json and number == 0:
            print(equivalence.line(None), flush=True)
        if not as_json:
            print(equivalence.line(row), flush=True)
        rows.append(equivalence.plain(row))
        if not equivalence.is_within(row):
            bad.append(f"{row['model']} in {row['dtype']}")
    if as_json:
        print(json.dumps(rows, indent=1))
    if bad:
        print(f"blockmaps: above what claim B1 allows: {', '.join(bad)}", file=sys.stderr)
        if not tables:  # a result that is written down is a result, whatever it says
            raise typer.Exit(1)
