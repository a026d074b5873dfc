"""Describes a results folder as an RO-Crate."""

import json
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import KEEP, app, importing


@app.command(rich_help_panel=KEEP)
def crate(
    folder: Annotated[Path, typer.Argument(help="A results folder, results/<name>.")],
    workflow: Annotated[
        Path, typer.Option(help="Folder of the Snakefile and its rules, which are copied.")
    ] = Path("workflow"),
) -> None:
    """Describe a results folder as a Workflow Run RO-Crate, ro-crate-metadata.json in it."""
    with importing():
        from blockmaps.report.crate import write

    path = write(folder, workflow)
    print(f"{path}: {len(json.loads(path.read_text(encoding='utf-8'))['@graph'])} entities")
