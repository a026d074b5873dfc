"""Sets two folders beside each other."""

import json
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import LOOK, app, importing
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=LOOK)
def compare(
    first: Annotated[
        Path, typer.Argument(metavar="A", help="A results or published folder.", show_default=False)
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another; differences are B less A.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    figure: Annotated[
        list[Path] | None,
        typer.Option(help="Draw the arms' differences, .svg or .png; may be given twice."),
    ] = None,
) -> None:
    """Compare two folders: config, code, learning curves, and which arms moved by how much."""
    with importing():
        from blockmaps.analysis.compare import folders, words

    if wrong := [path for path in figure or [] if path.suffix not in (".svg", ".png")]:
        raise InputError(f"{wrong[0]}: a figure is .svg or .png")
    made = folders.compare_folders(first, second)
    if as_json:
        print(json.dumps(words.as_json(made), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print(words.as_text(made), end="")
    if figure:
        from blockmaps.report.figures.compared import Names, draw
        from blockmaps.report.figures.style import save

        names = Names(*folders.short_names(first, second))
        save(draw(made.arms, words.finding(made), names), figure)
