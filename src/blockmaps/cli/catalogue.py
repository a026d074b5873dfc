"""Prints the catalogue."""

from blockmaps.cli.options import ASK, app


@app.command(rich_help_panel=ASK)
def catalogue() -> None:
    """Print all tables and figures as a Markdown table (docs/tables.md has it)."""
    from blockmaps.plan import catalogue

    print(catalogue.as_markdown(), end="")
