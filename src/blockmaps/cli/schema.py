"""Prints the JSON schema of a config."""

import json

from blockmaps.cli.options import ASK, app


@app.command(rich_help_panel=ASK)
def schema() -> None:
    """Print the JSON schema of a config (config/schema.json is its output)."""
    from blockmaps.plan import config as configs

    print(json.dumps(configs.schema(), indent=1))
