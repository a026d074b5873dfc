"""Recommends a pattern."""

import json
from typing import Annotated

import typer

from blockmaps.cli.options import ASK, app


@app.command(rich_help_panel=ASK)
def recommend(
    inputs: Annotated[int, typer.Option(help="|x|, the size of the input.")],
    outputs: Annotated[int, typer.Option(help="|y|, the size of the output.")],
    unknowns: Annotated[int, typer.Option(help="The number of trainable weights; no biases.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead: a row of an `explicit` design.")
    ] = False,
) -> None:
    """Recommend a pattern for a number of unknowns, before any training.

    Half of the hidden rows' unknowns read the state, hh has a density of 0.3, the output's blocks
    are full: `src/blockmaps/designs/recommend.py` says from which sizes the rule was made.
    """
    from blockmaps.designs.patterns import RNN_BLOCKS
    from blockmaps.designs.recommend import recommendation

    found = recommendation(inputs, outputs, unknowns)
    row = {
        "name": "recommended",
        "budget": unknowns,
        "hidden": found.hidden,
        "densities": [float(f"{found.densities[name]:.6g}") for name in RNN_BLOCKS],
    }
    design = {"kind": "explicit", "patterns": [row]}
    if as_json:
        print(json.dumps(found._asdict() | {"design": design}, indent=1))
        return
    print(f"|h| = {found.hidden:,}, hidden proportion {found.hidden_proportion:.3f}\n")
    print("block  density  expected unknowns")
    for name in RNN_BLOCKS:
        print(f"{name}     {found.densities[name]:7.4f}  {found.unknowns[name]:17,.1f}")
    print(f"all             {sum(found.unknowns.values()):17,.1f}")
    print(f"\nAs a design of a config:\n- {json.dumps(design)}")
