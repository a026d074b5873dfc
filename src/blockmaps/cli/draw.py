"""Draws the figures of a folder again."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import LOOK, app, importing
from blockmaps.plan import catalogue


@app.command(rich_help_panel=LOOK)
def draw(
    folder: Annotated[Path, typer.Argument(help="A published or results folder.")],
    output: Annotated[Path, typer.Argument(help="The folder of the figures.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="A figure; may be given again, all if left out. One of: "
            f"{', '.join(catalogue.FIGURES)}."
        ),
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="svg or png; both if left out.")] = None,
    experiment: Annotated[
        list[str] | None,
        typer.Option(help="An experiment to draw; may be given again, all if left out."),
    ] = None,
) -> None:
    """Draw all figures of a folder from its tables; nothing is trained."""
    with importing():
        from blockmaps.report import redraw

    for path in redraw.draw(folder, output, only or None, kind or redraw.KINDS, experiment or ()):
        print(path, flush=True)
