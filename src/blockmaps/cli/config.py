"""Checks a config."""

import json
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, app, preset
from blockmaps.core.files import whole


@app.command(rich_help_panel=RUN)
def config(
    file: Annotated[Path, typer.Argument(help="A config file.", callback=preset)] = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="Write it as JSON here.")] = None,
) -> None:
    """Check a config and print it whole, defaults included, as JSON."""
    from blockmaps.core.canonical import plain
    from blockmaps.plan import config as configs

    text = json.dumps(plain(configs.read(file)), indent=1) + "\n"
    if output:
        with whole(output) as partial:
            partial.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
