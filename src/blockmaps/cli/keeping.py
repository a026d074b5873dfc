"""Commands that set results beside each other and say where they are from."""

import json
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import app
from blockmaps.core.errors import InputError


@app.command()
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


@app.command()
def crate(
    folder: Annotated[Path, typer.Argument(help="A results folder, results/<name>.")],
    workflow: Annotated[
        Path, typer.Option(help="Folder of the Snakefile and its rules, which are copied.")
    ] = Path("workflow"),
) -> None:
    """Describe a results folder as a Workflow Run RO-Crate, ro-crate-metadata.json in it."""
    from blockmaps.report.crate import write

    path = write(folder, workflow)
    print(f"{path}: {len(json.loads(path.read_text())['@graph'])} entities")
