"""Makes the page."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import LOOK, app, importing


@app.command(rich_help_panel=LOOK)
def page(
    folders: Annotated[
        list[Path],
        typer.Argument(
            help="Results or published folders; each part is the first one's that has it."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="The file; report.html in the first folder if left out.")
    ] = None,
) -> None:
    """Make the page: verdicts, figures, runs and where they ran, in one file without network.

    It reads claims.json, runs.parquet, tables/, analysis/, figures/*.svg, manifest.json and
    config.json, and leaves out what is not there.
    """
    with importing():
        from blockmaps.report.page import build

    path = output or folders[0] / "report.html"
    print(f"{path}: {build.write(folders, path) / 1e6:.1f} MB")
