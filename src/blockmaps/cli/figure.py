"""Draws one figure."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT_RUNS, LOOK, RunsFile, app, importing
from blockmaps.plan import catalogue


@app.command(rich_help_panel=LOOK)
def figure(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(catalogue.FIGURES)}.")],
    runs: RunsFile = DEFAULT_RUNS,
    tables: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the tables that it reads; analysis/ or tables/ beside the runs table "
            "if left out. Of frames, the file."
        ),
    ] = None,
    output: Annotated[
        list[Path] | None, typer.Option(help="A file to write, .svg or .png; may be given twice.")
    ] = None,
) -> None:
    """Draw a figure from the runs table, or from the tables made of it; it trains nothing.

    Beside an SVG its words are written: finding, numbers, facts and caption, as JSON.
    """
    entry = catalogue.figure(name)

    with importing():
        from blockmaps.report import redraw

    def place(source: str) -> Path:
        if source == catalogue.RUNS:
            return runs
        beside = runs.parent / source
        if tables is None:
            return beside
        return tables / beside.name if beside.suffix == ".csv" else tables

    given = [part for source in entry.sources for part in redraw.read(place(source))]
    paths = output or [runs.parent / "figures" / f"{name}.{kind}" for kind in redraw.KINDS]
    print(", ".join(map(str, redraw.save(name, given, paths))))
