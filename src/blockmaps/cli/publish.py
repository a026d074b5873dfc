"""Keeps a preset's results."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import KEEP, app, importing, known


@app.command(rich_help_panel=KEEP)
def publish(
    results: Annotated[
        Path, typer.Argument(help="A results folder, results/<name>; or a published one.")
    ],
    folder: Annotated[Path, typer.Argument(help="Where it is kept, published/<name>.")],
    commit: Annotated[
        str, typer.Option(help="Whose code trained the runs; this checkout's if left out.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option(help="The claims; config/claims.yaml of this code if left out.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take the place of what is kept there; do not merge."),
    ] = False,
) -> None:
    """Keep a preset's runs, tables and verdicts with a manifest: config, commit and checksums.

    Of an unfinished preset the runs of the shards that are trained are kept. Runs that are kept
    there already stay; one that is there and here must be the same. Tables and verdicts are made of
    all of them. A published folder given twice is brought up to date: tables, verdicts, checksums.
    """
    with importing():
        from blockmaps.claims import tests
        from blockmaps.core.fixed import FILE
        from blockmaps.report import publish

    claims = tests.read(file or FILE)
    files = publish.publish(results, folder, claims, commit, known, replace)
    size = sum(path.stat().st_size for path in files)
    for path in files:
        print(path)
    print(f"{len(files)} files, {size / 1e6:.2f} MB")
    if came_to := publish.said(folder):
        print(came_to)
