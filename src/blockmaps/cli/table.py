"""Prints a table as Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blockmaps.cli.options import ASK, app

if TYPE_CHECKING:
    from pandas import DataFrame


@app.command(rich_help_panel=ASK)
def table(
    folder: Annotated[Path, typer.Argument(help="A results or published folder.")],
    name: Annotated[str, typer.Argument(help="The table: summary, train_test, may2023 …")],
) -> None:
    """Print a table as Markdown, for a document; may2023 with what it says in words."""
    from blockmaps.analysis import may2023
    from blockmaps.results.folder import Folder

    found = Folder.of(folder).table(name)
    print(may2023.in_words(found) if name == may2023.STUDY else as_markdown(found), end="")


def as_markdown(table: "DataFrame") -> str:
    """Return a table as Markdown, numbers with four significant digits, what is missing empty."""
    lines = ["| " + " | ".join(table) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        cells = [f"{one:.4g}" if isinstance(one, float) else str(one) for one in row]
        cells = ["" if one == "nan" else one.replace("|", "\\|") for one in cells]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
