"""Commands on results that are kept: keeping them, checking them, drawing them again."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import app

PublishedFolder = Annotated[Path, typer.Argument(help="A published folder, published/<name>.")]


@app.command()
def publish(
    results: Annotated[
        Path, typer.Argument(help="A results folder, results/<name>; or a published one.")
    ],
    folder: Annotated[Path, typer.Argument(help="Where it is kept, published/<name>.")],
    commit: Annotated[
        str, typer.Option(help="Whose code trained the runs; this checkout's if left out.")
    ] = "",
    file: Annotated[Path, typer.Option(help="The claims.")] = Path("config/claims.yaml"),
) -> None:
    """Keep a preset's runs, tables and verdicts with a manifest: config, commit and checksums.

    Tables that it lacks are made. Results published there before make room for these. A published
    folder given twice is brought up to date: verdicts, tables that it lacks, checksums.
    """
    from blockmaps.claims import tests
    from blockmaps.report import publish

    files = publish.publish(results, folder, tests.read(file), commit)
    size = sum(path.stat().st_size for path in files)
    for path in files:
        print(path)
    print(f"{len(files)} files, {size / 1e6:.2f} MB")


@app.command()
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
            partial.write_text(json.dumps(files, indent=1) + "\n")
    print(f"{folder}: {len(files)} files are what its manifest says")


@app.command()
def draw(
    folder: Annotated[Path, typer.Argument(help="A published or results folder.")],
    output: Annotated[Path, typer.Argument(help="The folder of the figures.")],
    only: Annotated[
        list[str] | None, typer.Option(help="A figure; may be given again. All if left out.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="svg or png; both if left out.")] = None,
) -> None:
    """Draw all figures of a folder from its tables; nothing is trained."""
    from blockmaps.report import redraw

    for path in redraw.draw(folder, output, only or None, kind or redraw.KINDS):
        print(path, flush=True)
