"""Prints the columns of a table."""

from typing import Annotated

import typer

from blockmaps.cli.options import ASK, app
from blockmaps.plan import catalogue


@app.command(rich_help_panel=ASK)
def columns(
    table: Annotated[
        str, typer.Argument(help=f"One of: {', '.join(catalogue.described())}.")
    ] = "runs",
) -> None:
    """Print the columns of a table as a Markdown table (docs/tables.md has them)."""
    print("| column | what it holds |\n|---|---|")
    for name, words in catalogue.columns_of(table).items():
        print(f"| `{name}` | {words.replace('|', chr(92) + '|')} |")
