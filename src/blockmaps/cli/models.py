"""Commands about the zoo: networks as iterative maps."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import Size, app


@app.command()
def zoo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as a JSON list instead.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and inputs.")] = 0,
    tables: Annotated[
        Path | None, typer.Option(help="Write equivalence.csv and the figures' tables here.")
    ] = None,
) -> None:
    """Compare torch's networks with the iterative maps made of them (about 15 s)."""
    from blockmaps.zoo import equivalence

    if tables:
        from blockmaps.zoo.tables import write_all

        made = write_all(seed, tables)
        for name, frame in made.items():
            print(f"{tables / name}.csv: {len(frame):,} rows", file=sys.stderr)
        found = made["equivalence"].to_dict("records")
    else:
        found = equivalence.each_row(seed)
    if as_json:
        print(json.dumps([equivalence.plain(row) for row in found], indent=1))
        return
    for number, row in enumerate(found):
        if number == 0:
            print(equivalence.line(None), flush=True)
        print(equivalence.line(row), flush=True)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="A model of the zoo; `blockmaps zoo` lists them.")],
    layers: Size = None,
    steps: Size = None,
    inputs: Size = None,
    width: Size = None,
    outputs: Size = None,
    heads: Size = None,
    feedforward: Size = None,
    channels: Size = None,
    side: Size = None,
) -> None:
    """Print a model's slots, what each becomes, its blocks and its iterations."""
    given = {name: size for name, size in locals().items() if name != "model" and size is not None}
    from blockmaps.zoo.examples import MODELS, build
    from blockmaps.zoo.show import describe

    example = build(model, **given)
    print(describe(model, MODELS[model].about, example))
