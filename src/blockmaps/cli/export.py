"""Command that gives a trained model away."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import KEEP, app, importing
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=KEEP)
def export(
    key: Annotated[
        str, typer.Argument(help="A variant's key, of the runs table; its first digits will do.")
    ],
    to: Annotated[Path, typer.Option(help="The file to write, .safetensors.")],
    results: Annotated[
        Path, typer.Option("--from", help="A results folder, or one file of weights in it.")
    ] = Path("results/default"),
) -> None:
    """Write a trained model to a file: its unknowns, their places in W, and its biases.

    Its experiment has to keep them, by `keep: weights` in the config. The file needs no config:
    blockmaps.SparseRNN.from_run(FILE) makes the model of it.
    """
    if to.suffix != ".safetensors":
        raise InputError(f"--to: found {str(to)!r}; takes a file that ends in .safetensors")
    with importing():
        from blockmaps.maps import weights

    found = weights.find(results, key)
    weights.export(to, found)
    print(
        f"{to}: {found.variant.key} of experiment {found.about.experiment}, "
        f"{len(found.start.values):,} unknowns, {len(found.start.bias):,} biases"
    )
