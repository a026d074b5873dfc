"""Compares a published folder with its manifest."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import KEEP, app

PublishedFolder = Annotated[Path, typer.Argument(help="A published folder, published/<name>.")]


@app.command(rich_help_panel=KEEP)
def check(
    folder: PublishedFolder,
    output: Annotated[
        Path | None, typer.Option(help="Write the checksums here, if they are right.")
    ] = None,
) -> None:
    """Compare a published folder's files with its manifest: checksums, and that none was added."""
    import json

    from blockmaps.core.files import whole
    from blockmaps.results import manifest

    files = manifest.check(folder)["files"]
    if output:
        with whole(output) as partial:
            partial.write_text(json.dumps(files, indent=1) + "\n", encoding="utf-8")
    print(f"{folder}: {len(files)} files are what its manifest says")
