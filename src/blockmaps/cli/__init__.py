"""The command line: every step of the pipeline is one command."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from blockmaps.cli import (  # noqa: F401 they add their commands
    analysing,
    asking,
    claiming,
    control,
    exporting,
    keeping,
    models,
    paging,
    publishing,
    steps,
)
from blockmaps.cli.options import app
from blockmaps.core.errors import InputError


def _version(wanted: bool) -> None:
    if wanted:
        print(f"blockmaps {version('blockmaps')}")
        raise typer.Exit


@app.callback()
def _options(
    print_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    try:
        app()
    except InputError as fault:
        print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
        sys.exit(2)
